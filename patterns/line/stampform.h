/*
 * stampform: time stamps of a fixed form, each a row of data.
 *
 * stamp.c finds the stamps of syslog daemons and most servers with code of its
 * own, for speed. The others, which a few servers write into their own logs,
 * are found and read here. A form always has the same length; the fraction of a
 * second that may follow is not part of it.
 *
 * To add a form:
 * 1. name it in enum stamp_kind, before STAMP_KINDS (stamp_kind.h);
 * 2. write it as a row of forms[] (stampform.c);
 * 3. name it in the row of each header that begins with it (header_form.c), or,
 *    if it comes before syslog's own header, in header_around.c.
 */
#ifndef PATTERNS_LINE_STAMPFORM_H
#define PATTERNS_LINE_STAMPFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "patterns/line/stamp_kind.h"

/* The fields of a stamp as written. */
struct stamp_fields {
	int year, month, day, hour, minute, second;
	bool zoned;
	int offset; /* seconds east of UTC, if zoned */
};

/* The length of a stamp of this kind at p; 0: there is no such stamp. The kind
 * must be STAMP_SLASHED or a later one. */
size_t stampform_find(enum stamp_kind, const char *p, const char *end);

/* Reads the fields of a stamp that stampform_find() found at p. */
void stampform_read(enum stamp_kind, const char *p, struct stamp_fields *);

/* 1 to 12 for "Jan" to "Dec" at p, else 0. */
static inline int
stamp_month(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	/* The sum of the second and third letter, modulo 32, differs for each
	 * month. */
	static const char by_sum[32] = {
	    [15] = 1, [7] = 2,	[19] = 3, [2] = 4,   [26] = 5, [3] = 6,
	    [1] = 7,  [28] = 8, [21] = 9, [23] = 10, [5] = 11, [8] = 12,
	};
	int month = by_sum[(p[1] + p[2]) & 31];

	if (month == 0 || memcmp(p, names + 3 * (month - 1), 3) != 0)
		return 0;
	return month;
}

#endif
