/*
 * stampform: stamps that are written by a form, each a row of data.
 *
 * What syslog daemons and most servers write is found by hand in stamp.c,
 * for speed; the rest, which a handful of servers write into logs of their
 * own, is found and read here. A form always has the same length, but for the
 * fraction of a second, which may follow each.
 */
#ifndef PATTERNS_LINE_STAMPFORM_H
#define PATTERNS_LINE_STAMPFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "patterns/line/stamp.h"

/* A stamp's fields. */
struct written {
	int year, month, day, hour, minute, second;
	bool zoned;
	int offset; /* seconds east of UTC, if zoned */
};

/* The length of a stamp of this kind, which is one of the forms, at p, without
 * fraction; 0: there is none. */
size_t stampform_find(enum stamp_kind, const char *p, const char *end);

/* Its fields; p is as stampform_find() has found it. */
void stampform_read(enum stamp_kind, const char *p, struct written *);

/* 1 to 12 for "Jan" to "Dec" at p, else 0. */
static inline int
stamp_month(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	/* The sum of the second and third letter, modulo 32, is another one
	 * for each month. */
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
