#include "daemon/source/mark.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/source/unpack.h"

enum { DATE_DIGITS = 5 };

/* The length of the name without the suffix of a compression. */
static size_t
without_compression(const char *name, struct mark *mark)
{
	bool readable;
	const char *suffix = unpack_suffix(name, &readable);

	mark->unreadable = suffix != NULL && !readable;
	return suffix != NULL ? (size_t)(suffix - name) : strlen(name);
}

/* Parses what a rotation added to the name of the log: ".1", "-20261121",
 * "-2026-11-21_0300", ".old". */
static enum mark_kind
read_mark(const char *text, size_t len, struct mark *mark)
{
	size_t digits = 0;

	if (len < 2 || len >= sizeof(mark->date) || !strchr(".-_", text[0]))
		return NO_SIBLING;
	memcpy(mark->date, text, len);
	mark->date[len] = '\0';
	if (strcmp(mark->date, ".old") == 0)
		return NUMBERED;
	for (size_t i = 1; i < len; i++) {
		if (isdigit((unsigned char)text[i]))
			digits++;
		else if (!strchr("-_.:T", text[i]))
			return NO_SIBLING;
	}
	if (digits == len - 1 && digits <= 4) {
		mark->number = strtoul(mark->date + 1, NULL, 10);
		return NUMBERED;
	}
	return digits >= DATE_DIGITS ? DATED : NO_SIBLING;
}

enum mark_kind
mark_of(const char *base, const char *name, struct mark *mark)
{
	size_t base_len = strlen(base), len, stem, ext;
	const char *dot = strrchr(base, '.');

	memset(mark, 0, sizeof(*mark));
	len = without_compression(name, mark);
	if (len > base_len && memcmp(name, base, base_len) == 0)
		return mark->kind =
			   read_mark(name + base_len, len - base_len, mark);
	if (dot == NULL || dot == base)
		return NO_SIBLING;
	stem = (size_t)(dot - base);
	ext = base_len - stem;
	if (len <= base_len || memcmp(name, base, stem) != 0 ||
	    memcmp(name + len - ext, dot, ext) != 0)
		return NO_SIBLING;
	return mark->kind = read_mark(name + stem, len - base_len, mark);
}

static bool
is_suffix(const char *text)
{
	char name[16];
	bool readable;

	snprintf(name, sizeof(name), "x%s", text);
	return unpack_suffix(name, &readable) == name + 1;
}

const char *
mark_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int
mark_compare_dates(const char *a, const char *b)
{
	size_t digits = 0;
	int order = 0;

	a = mark_last_part(a);
	b = mark_last_part(b);
	for (; *a != '\0' && *b != '\0'; a++, b++) {
		bool digit = isdigit((unsigned char)*a);

		if (*a != *b && !(digit && isdigit((unsigned char)*b)))
			return 0;
		digits += digit;
		if (order == 0)
			order = (*a > *b) - (*a < *b);
	}
	/* At the end, or at the suffix of one that is compressed. */
	return digits >= DATE_DIGITS &&
		       (*a == *b || is_suffix(a) || is_suffix(b))
		   ? order
		   : 0;
}
