#include "daemon/source/mark.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/unpack/unpack.h"

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

/* ---- weeks ---- */

/* Whether a week of the year is there, strftime(3)'s %V, as in 2026-W48. */
static bool
is_week(const char *name, size_t at, size_t len)
{
	return at > 1 && at + 3 <= len &&
	       tolower((unsigned char)name[at]) == 'w' &&
	       (isdigit((unsigned char)name[at - 1]) ||
		isdigit((unsigned char)name[at - 2])) &&
	       isdigit((unsigned char)name[at + 1]) &&
	       isdigit((unsigned char)name[at + 2]) &&
	       (at + 3 == len || !isdigit((unsigned char)name[at + 3]));
}

/* Where the week begins that has the byte at `at', its W; 0: none has. */
static size_t
week_with(const char *name, size_t at, size_t len)
{
	for (size_t i = at; i > 0 && i + 3 > at; i--)
		if (is_week(name, i, len))
			return i;
	return 0;
}

/* Whether a week with that W may belong to another year than its name says: %V
 * of the last days of December may be 01, and in January 52 or 53. logrotate(8)
 * knows no year but %Y, that of the day. */
static bool
is_turn_of_year(const char *week)
{
	return strncmp(week + 1, "01", 2) == 0 ||
	       strncmp(week + 1, "52", 2) == 0 ||
	       strncmp(week + 1, "53", 2) == 0;
}

/* Whether the first difference between two names is in weeks of one year of
 * which nothing tells the order. */
static bool
weeks_are_unclear(const char *a, const char *b, size_t at, size_t len)
{
	size_t week = week_with(a, at, len);

	return week > 0 && week_with(b, at, len) == week &&
	       (is_turn_of_year(a + week) || is_turn_of_year(b + week));
}

/* ---- names of one log ---- */

/* Parses what a rotation added to the name of the log: ".1", "-20261121",
 * "-2026-11-21_0300", "-2026-W48", ".old". */
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
		else if (!strchr("-_.:T", text[i]) && !is_week(text, i, len))
			return NO_SIBLING;
	}
	if (digits == len - 1 && digits <= 4) {
		mark->number = strtoul(mark->date + 1, NULL, 10);
		return NUMBERED;
	}
	return digits >= DATE_DIGITS ? DATED : NO_SIBLING;
}

static bool
ends_with(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(name + len - n, end, n) == 0;
}

/* The length of an extension that logrotate's addextension has added: mail.log
 * is rotated to mail.log.1.txt. But mail.1.log is that of mail.log, and not one
 * of mail. */
static size_t
added_length(const char *base, const char *name, size_t len)
{
	return ends_with(base, strlen(base), "log") &&
		       (ends_with(name, len, ".txt") ||
			ends_with(name, len, ".log"))
		   ? strlen(".txt")
		   : 0;
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
		return mark->kind = read_mark(name + base_len,
					      len - base_len -
						  added_length(base, name, len),
					      mark);
	if (dot == NULL || dot == base)
		return NO_SIBLING;
	stem = (size_t)(dot - base);
	ext = base_len - stem;
	if (len <= base_len || memcmp(name, base, stem) != 0 ||
	    memcmp(name + len - ext, dot, ext) != 0)
		return NO_SIBLING;
	return mark->kind = read_mark(name + stem, len - base_len, mark);
}

bool
mark_is_own(const char *base, const char *name)
{
	size_t len = strlen(base);

	return stem_length(name) == len && memcmp(name, base, len) == 0;
}

int
mark_compare(const struct mark *a, const struct mark *b)
{
	const char *x = a->date, *y = b->date;
	size_t len = strlen(x), at = 0;

	while (at < len && x[at] == y[at])
		at++;
	if (strlen(y) == len && weeks_are_unclear(x, y, at, len))
		return 0;
	return strcmp(x, y);
}

const char *
mark_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- names that match a pattern ---- */

/* Numbers in dates are padded with zeros, those that count files are not. */
static bool
is_plain_number(const char *digits, size_t len)
{
	return len > 0 && len < DATE_DIGITS && (digits[0] != '0' || len == 1);
}

/* Where the number begins that a rotation added to the name, the 2 of
 * mail-20261129.log.2; 0 if it added no number. After a digit, as in
 * mail.2026.11.29, it may be part of the date. */
static size_t
number_at(const char *name, size_t len)
{
	size_t at = len;

	while (at > 0 && isdigit((unsigned char)name[at - 1]))
		at--;
	return is_plain_number(name + at, len - at) && at >= 2 &&
		       name[at - 1] == '.' &&
		       !isdigit((unsigned char)name[at - 2])
		   ? at
		   : 0;
}

static size_t
count_digits(const char *name, size_t len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++)
		digits += isdigit((unsigned char)name[i]) != 0;
	return digits;
}

/* Whether the number that has the byte at `at` may count the files of one date,
 * as in mail-20261129.1 and mail-2026-11-29.1.log. Some programs count up, and
 * some down. The parts of a date have two digits: after more than six digits
 * (2026.11) it is complete. */
static bool
may_count(const char *name, size_t at)
{
	size_t begin = at, end = at;

	while (begin > 0 && isdigit((unsigned char)name[begin - 1]))
		begin--;
	while (isdigit((unsigned char)name[end]))
		end++;
	return begin > 0 && name[begin - 1] == '.' &&
	       is_plain_number(name + begin, end - begin) &&
	       (end - begin == 1 || count_digits(name, begin) > 6);
}

static bool
are_beside(const char *a, const char *b)
{
	size_t len = (size_t)(mark_last_part(a) - a);

	return len == (size_t)(mark_last_part(b) - b) && memcmp(a, b, len) == 0;
}

static int
compare_digits(const char *a, const char *b, size_t len)
{
	int order = 0;

	for (size_t i = 0; i < len; i++) {
		if (a[i] == b[i])
			continue;
		if (!isdigit((unsigned char)a[i]) ||
		    !isdigit((unsigned char)b[i]))
			return 0;
		if (order == 0 && ((may_count(a, i) && may_count(b, i)) ||
				   weeks_are_unclear(a, b, i, len)))
			return 0;
		if (order == 0)
			order = a[i] > b[i] ? 1 : -1;
	}
	return order;
}

int
mark_compare_dates(const char *a, const char *b)
{
	const char *x = mark_last_part(a), *y = mark_last_part(b);
	size_t len = stem_length(x), at = number_at(x, len);

	if (stem_length(y) != len || count_digits(x, len) < DATE_DIGITS ||
	    (at > 0 && at == number_at(y, len) && memcmp(x, y, at) == 0))
		return 0;
	return compare_digits(x, y, len);
}

/* The length of the name without that number; number: -1 if it has no
 * number. */
static size_t
cut_number(const char *name, long *number)
{
	size_t len = stem_length(name), at = number_at(name, len);

	*number = at > 0 ? strtol(name + at, NULL, 10) : -1;
	return at > 0 ? at - 1 : len;
}

int
mark_compare_numbers(const char *a, const char *b)
{
	const char *x = mark_last_part(a), *y = mark_last_part(b);
	long m, n;
	size_t len = cut_number(x, &m);

	if (cut_number(y, &n) != len || memcmp(x, y, len) != 0 ||
	    count_digits(x, len) < DATE_DIGITS || !are_beside(a, b))
		return 0;
	return (m < n) - (m > n);
}

/* Skips what a rotation changes in a name, or adds to it. */
static size_t
skip_mark(const char *name, size_t at, size_t len)
{
	while (at < len && strchr("0123456789.-_", name[at]) != NULL)
		at++;
	return at;
}

bool
mark_is_family(const char *a, const char *b)
{
	const char *x = mark_last_part(a), *y = mark_last_part(b);
	size_t i = 0, k = 0, x_len = stem_length(x), y_len = stem_length(y);

	for (;;) {
		i = skip_mark(x, i, x_len);
		k = skip_mark(y, k, y_len);
		if (i == x_len || k == y_len)
			return i == x_len && k == y_len;
		if (x[i++] != y[k++])
			return false;
	}
}
