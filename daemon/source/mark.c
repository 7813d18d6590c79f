#include "daemon/source/mark.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/source/unpack.h"

enum { DATE_DIGITS = 5 };

/* The length of the name without its compression suffix. */
static size_t
stem_length(const char *name)
{
	bool readable;
	const char *suffix = unpack_suffix(name, &readable);

	return suffix != NULL ? (size_t)(suffix - name) : strlen(name);
}

static bool
is_unreadable(const char *name)
{
	bool readable;

	return unpack_suffix(name, &readable) != NULL && !readable;
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
	mark->unreadable = is_unreadable(name);
	len = stem_length(name);
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

const char *
mark_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int
mark_compare_dates(const char *a, const char *b)
{
	size_t digits = 0, len;
	int order = 0;

	a = mark_last_part(a);
	b = mark_last_part(b);
	len = stem_length(a);
	if (stem_length(b) != len)
		return 0;
	for (size_t i = 0; i < len; i++) {
		bool digit = isdigit((unsigned char)a[i]);

		if (a[i] != b[i] && !(digit && isdigit((unsigned char)b[i])))
			return 0;
		digits += digit;
		if (order == 0)
			order = (a[i] > b[i]) - (a[i] < b[i]);
	}
	return digits >= DATE_DIGITS ? order : 0;
}
