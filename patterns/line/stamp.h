/*
 * stamp: finds and decodes the time at the beginning of a log line.
 *
 * A stamp is found by its shape, which is cheap and done for every line. Only
 * the stamps of lines that matter are decoded. A numeric zone counts as
 * written, UTC as UTC; any other name of a zone must be that of the local zone at
 * that time. Stamps without zone are in local time (TZ; the caller calls
 * tzset(3)).
 */
#ifndef PATTERNS_LINE_STAMP_H
#define PATTERNS_LINE_STAMP_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "patterns/line/stamp_kind.h"

/*
 * Returns the length of the stamp at p and sets its kind; 0: there is no stamp.
 * Checks the shape and the month's name only: stamp_decode() refuses month 13.
 */
size_t stamp_find(const char *p, const char *end, enum stamp_kind *kind);

/* The length of the stamp of this kind at p; 0: there is no such stamp. */
size_t stamp_find_kind(enum stamp_kind kind, const char *p, const char *end);

/* As long as a stamp without a fraction, which no neighbour would share. */
enum { STAMP_KEPT_MAX = 25 };

/*
 * A cache of the last local minute that was decoded. Decoding is slow, since it
 * asks the time zone database, and neighbours in a log mostly share their
 * minute; those of a busy host, their second, too. Zero-initialise it.
 */
struct stampclock {
	uint64_t written;   /* the minute's digits, packed; 0: nothing cached */
	time_t now, minute; /* the `now` it was decoded for, and the result */
	time_t apart;	    /* as repeated, of the cached minute */
	/* Of the stamp decoded last: 0, or, if its hour came twice and it was
	 * taken for the later one, how many seconds before it the earlier was.
	 * Only the lines before it can tell which it is. */
	time_t repeated;
	/* That stamp, the `now' it was decoded for, and the result. */
	size_t last_len; /* 0: it was not kept */
	enum stamp_kind last_kind;
	char last[STAMP_KEPT_MAX];
	time_t last_now, last_when;
};

/*
 * Returns 0 and sets *when, or -1: there is no such time (month 13, zone
 * +99:00), or nobody knows when it was (stamp_zone_name()). Without a year, the stamp is in the latest year that puts it no more
 * than a day after now; without a date, on the latest day that puts it no more
 * than a minute after now. If daylight saving repeats the hour, the later one
 * is meant, unless that is more than a minute after now; if it skips the hour,
 * the last minute before that. Second 60 is the first second of the next minute.
 */
int stamp_decode(enum stamp_kind, const char *stamp, size_t len,
		 struct stampclock *, time_t now, time_t *when);

/* The name of a zone at the end of a stamp, as "CET", and its length; NULL: it
 * ends in none. If it is neither UTC nor in use here at that time,
 * stamp_decode() does not know when that was. */
const char *stamp_zone_name(enum stamp_kind, const char *stamp, size_t len,
			    size_t *name_len);

#endif
