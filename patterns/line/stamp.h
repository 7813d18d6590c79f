/*
 * stamp: the time at the beginning of a log line, found by shape and decoded.
 *
 * Finding is cheap and done for every line; decoding is done only for lines
 * that matter. A stamp means what its writer's clock showed: a numeric zone is
 * taken as written, all else is local time (TZ; tzset(3) is the caller's).
 */
#ifndef PATTERNS_LINE_STAMP_H
#define PATTERNS_LINE_STAMP_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* How the stamp is written. A fraction is allowed but for ctime's; dropped. */
enum stamp_kind {
	STAMP_NONE,
	STAMP_TRADITIONAL, /* "Nov 21 02:11:07", "Nov 21 2026 02:11:07" */
	STAMP_ISO,	   /* "2026-11-21T02:11:07.123456+00:00", also with ' ',
			      "Z", "+0000" or no zone: then local time */
	STAMP_CTIME,	   /* "Sat Nov 21 02:11:07 2026" */
	STAMP_TAI64N,	   /* "@400000004c91b044077a9e94" (multilog) */
	/* The forms of stampform.c, which stamp_find() does not look for. */
	STAMP_SLASHED,	 /* "2026/11/21 02:11:07" (nginx) */
	STAMP_AMERICAN,	 /* "11/21/26 02:11:07" (MailEnable) */
	STAMP_BRACKETED, /* "[21/Nov/2026 02:11:07]" (Kerio) */
	STAMP_DOTTED,	 /* "[2026.11.21] 02:11:07" (SmarterMail) */
	STAMP_W3C,	 /* "2026-11-21 02:11:07" in UTC (W3C, IIS) */
	STAMP_CLOCK,	 /* "02:11:07" (SmarterMail) */
	STAMP_KINDS
};

/*
 * The length of the stamp that begins at p, and its kind; 0: none does. Only
 * the shape is proven and the month's name; month 13 is for stamp_decode().
 */
size_t stamp_find(const char *p, const char *end, enum stamp_kind *kind);

/* The length of the stamp of this kind that begins at p; 0: none does. */
size_t stamp_find_kind(enum stamp_kind kind, const char *p, const char *end);

/*
 * The last local minute decoded, and what it was: finding it asks the zone
 * database, and neighbours in a log share their minute. Zero-initialise it.
 */
struct stampclock {
	uint64_t written;   /* the minute as it stood there; 0 = none yet */
	time_t now, minute; /* the answer then, and when it is from */
};

/*
 * 0 and *when, or -1: such a time does not exist (month 13, zone +99:00).
 * A stamp without a year is taken in the newest year that does not put it
 * more than a day into the future of now; one without a date on the newest day
 * that does not put it more than a minute there. An hour that daylight saving
 * repeats is taken as the later one that is not in the future of now (by more
 * than a minute); of an hour that it skips, mktime(3) decides. Second 60 is the
 * first of the next minute.
 */
int stamp_decode(enum stamp_kind, const char *stamp, size_t len,
		 struct stampclock *, time_t now, time_t *when);

#endif
