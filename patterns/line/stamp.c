#include "patterns/line/stamp.h"

#include <stdbool.h>
#include <string.h>

#include "base/swar.h"
#include "patterns/line/localstamp.h"
#include "patterns/line/secondstamp.h"
#include "patterns/line/stampform.h"

enum { MINUTE = 60, DAY = 24 * 60 * MINUTE };

enum { NO_YEAR = -1 };

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static inline int
two_digits(const char *p)
{
	return (p[0] - '0') * 10 + p[1] - '0';
}

static inline int
four_digits(const char *p)
{
	return two_digits(p) * 100 + two_digits(p + 2);
}

/* The end of the fraction of a second at p, or p if there is no fraction. */
static inline const char *
skip_fraction(const char *p, const char *end)
{
	const char *q = p;

	if (p == end || (*p != '.' && *p != ','))
		return p;
	for (q++; q < end && is_digit(*q); q++)
		;
	return q - p >= 2 && q - p <= 10 ? q : p;
}

/* The end of the day of month at p, padded or not, and its space; or NULL. */
static inline const char *
skip_day(const char *p)
{
	if (p[0] == ' ' && is_digit(p[1]) && p[2] == ' ')
		return p + 3;
	if (!is_digit(p[0]))
		return NULL;
	if (p[1] == ' ')
		return p + 2;
	return is_digit(p[1]) && p[2] == ' ' ? p + 3 : NULL;
}

/* The end of "Nov 21 02:11:07" at p, in which a year may precede the hour. */
static inline const char *
skip_traditional(const char *p, const char *end)
{
	const char *q;

	if (end - p < 14 || p[3] != ' ' || stamp_month(p) == 0)
		return NULL;
	q = skip_day(p + 4);
	if (q == NULL)
		return NULL;
	if (q[2] != ':' && end - q >= 13 && swar_looks_like(q, "0000 00:"))
		q += 5;
	return end - q >= 8 && swar_looks_like(q, "00:00:00") ? q + 8 : NULL;
}

static size_t
traditional_length(const char *p, const char *end)
{
	const char *q = skip_traditional(p, end);

	return q != NULL ? (size_t)(skip_fraction(q, end) - p) : 0;
}

static size_t
ctime_length(const char *p, const char *end)
{
	static const char days[] = "Mon Tue Wed Thu Fri Sat Sun ";
	const char *q;
	size_t i;

	if (end - p < 24)
		return 0;
	for (i = 0; days[i] != '\0' && memcmp(p, days + i, 4) != 0; i += 4)
		;
	if (days[i] == '\0')
		return 0;
	q = skip_traditional(p + 4, end);
	if (q == NULL || end - q < 5 || q - p > 19)
		return 0;
	return swar_looks_like(q - 3, ":00 0000") ? (size_t)(q + 5 - p) : 0;
}

static size_t
iso_length(const char *p, const char *end)
{
	const char *q;

	if (end - p < 19 || !swar_looks_like(p, "0000-00-") ||
	    !swar_looks_like(p + 2, "00-00-00") ||
	    (p[10] != 'T' && p[10] != ' ') ||
	    !swar_looks_like(p + 11, "00:00:00"))
		return 0;
	q = skip_fraction(p + 19, end);
	if (q < end && *q == 'Z')
		q++;
	else if (end - q >= 5 && (*q == '+' || *q == '-') && is_digit(q[1]) &&
		 is_digit(q[2])) {
		if (q[3] == ':' && end - q >= 6)
			q += is_digit(q[4]) && is_digit(q[5]) ? 6 : 0;
		else
			q += is_digit(q[3]) && is_digit(q[4]) ? 5 : 0;
	}
	return (size_t)(q - p);
}

/* "2026 Nov 21 02:11:07" */
static size_t
full_length(const char *p, const char *end)
{
	const char *q;

	for (int i = 0; i < 4; i++)
		if (end - p < 19 || !is_digit(p[i]))
			return 0;
	if (p[4] != ' ')
		return 0;
	q = skip_traditional(p + 5, end);
	if (q == NULL || q - p > 20) /* there is another year */
		return 0;
	return (size_t)(skip_fraction(q, end) - p);
}

/* A stamp that begins with a digit. */
static size_t
find_number(const char *p, const char *end, enum stamp_kind *kind)
{
	size_t len;

	*kind = STAMP_ISO;
	len = iso_length(p, end);
	if (len > 0)
		return len;
	*kind = STAMP_FULL;
	len = full_length(p, end);
	if (len > 0)
		return len;
	*kind = STAMP_UNIX;
	len = secondstamp_find(STAMP_UNIX, p, end);
	return len > 0 ? (size_t)(skip_fraction(p + len, end) - p) : 0;
}

size_t
stamp_find(const char *p, const char *end, enum stamp_kind *kind)
{
	size_t len;

	if (p == end)
		return 0;
	if (is_digit(*p))
		return find_number(p, end, kind);
	if (*p == '@') {
		*kind = STAMP_TAI64N;
		return secondstamp_find(STAMP_TAI64N, p, end);
	}
	*kind = STAMP_TRADITIONAL;
	len = traditional_length(p, end);
	if (len > 0)
		return len;
	*kind = STAMP_CTIME;
	return ctime_length(p, end);
}

size_t
stamp_find_kind(enum stamp_kind kind, const char *p, const char *end)
{
	enum stamp_kind found;
	size_t len;

	if (kind < STAMP_SLASHED) {
		len = stamp_find(p, end, &found);
		return len > 0 && found == kind ? len : 0;
	}
	len = stampform_find(kind, p, end);
	return len > 0 ? (size_t)(skip_fraction(p + len, end) - p) : 0;
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Whether the year has such a day. */
static bool
day_exists(const struct stamp_fields *w)
{
	static const char longest[] = {31, 28, 31, 30, 31, 30,
				       31, 31, 30, 31, 30, 31};
	int last = longest[w->month - 1];

	if (w->month == 2 && is_leap(w->year))
		last = 29;
	return w->day <= last;
}

static bool
fields_in_range(const struct stamp_fields *w)
{
	return w->year != 0 && w->month >= 1 && w->month <= 12 && w->day >= 1 &&
	       w->day <= 31 && w->hour <= 23 && w->minute <= 59 &&
	       w->second <= 60;
}

/* The written minute, taken as UTC. */
static time_t
as_utc(const struct stamp_fields *w)
{
	static const short before[] = {0,   31,	 59,  90,  120, 151,
				       181, 212, 243, 273, 304, 334};
	int past = w->year - 1; /* the last full year */
	time_t days;

	days = 365 * (time_t)(w->year - 1970) + past / 4 - past / 100 +
	       past / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400) +
	       before[w->month - 1] + w->day - 1;
	if (w->month > 2 && is_leap(w->year))
		days++;
	return days * DAY + (w->hour * 60 + w->minute) * MINUTE;
}

/* The name of one; NULL: none. */
struct zone {
	const char *name;
	size_t len;
};

/* The written minute in the latest year that fits; -1: no year has such a day.
 * Leap years are at most 8 years apart. */
static int
newest_minute(struct stamp_fields w, const struct zone *zone, time_t now,
	      time_t *minute, time_t *apart)
{
	time_t limit = now + DAY;
	struct tm tm;
	int i;

	if (localtime_r(&limit, &tm) == NULL)
		return -1;
	for (i = 0; i <= 8; i++) {
		w.year = tm.tm_year + 1900 - i;
		if (!day_exists(&w))
			continue;
		if (zone->name == NULL)
			*minute = localstamp_minute(as_utc(&w), now, apart);
		else if (localstamp_named(as_utc(&w), zone->name, zone->len,
					  minute) != 0)
			continue;
		if (*minute <= limit)
			return 0;
	}
	return -1;
}

/* Sets the date to the latest day on which the written time is not in the
 * future. */
static int
find_day(struct stamp_fields *w, time_t now)
{
	time_t limit = now + MINUTE;
	struct tm tm;

	if (localtime_r(&limit, &tm) == NULL)
		return -1;
	if (w->hour * 60 + w->minute > tm.tm_hour * 60 + tm.tm_min) {
		/* Noon exists once on every day. */
		tm = (struct tm){.tm_year = tm.tm_year,
				 .tm_mon = tm.tm_mon,
				 .tm_mday = tm.tm_mday - 1,
				 .tm_hour = 12,
				 .tm_isdst = -1};
		if (mktime(&tm) == (time_t)-1)
			return -1;
	}
	w->year = tm.tm_year + 1900;
	w->month = tm.tm_mon + 1;
	w->day = tm.tm_mday;
	return 0;
}

/* The written minute in local time, from the cache if it is there. */
static int
find_minute(const struct stamp_fields *w, struct stampclock *clock, time_t now,
	    time_t *minute)
{
	uint64_t written = (uint64_t)(w->year + 1) << 20 |
			   (uint64_t)w->month << 16 | (uint64_t)w->day << 11 |
			   (uint64_t)(w->hour * 60 + w->minute);
	time_t apart;

	if (written == clock->written && now == clock->now) {
		*minute = clock->minute;
		clock->repeated = clock->apart;
		return 0;
	}
	if (w->year != NO_YEAR)
		*minute = localstamp_minute(as_utc(w), now, &apart);
	else if (newest_minute(*w, &(struct zone){0}, now, minute, &apart) != 0)
		return -1;
	*clock = (struct stampclock){.written = written,
				     .now = now,
				     .minute = *minute,
				     .apart = apart,
				     .repeated = apart};
	return 0;
}

static void
read_clock(const char *p, struct stamp_fields *w)
{
	w->hour = two_digits(p);
	w->minute = two_digits(p + 3);
	w->second = two_digits(p + 6);
}

/* Reads "Nov 21 02:11:07" or "Nov 21 2026 02:11:07". */
static void
read_traditional(const char *p, struct stamp_fields *w)
{
	const char *q = skip_day(p + 4);

	w->month = stamp_month(p);
	w->day = q[-3] == ' ' ? q[-2] - '0' : two_digits(q - 3);
	if (q[2] != ':') {
		w->year = four_digits(q);
		q += 5;
	}
	read_clock(q, w);
}

/* journalctl writes " +0530" or " +03". 0, or -1: there is no such zone. */
static int
read_zone(const char *p, size_t len, struct stamp_fields *w)
{
	int hours, minutes;

	if (len == 0)
		return 0;
	w->zoned = true;
	if (len == 1) /* Z */
		return 0;
	if (*p == ' ') {
		p++;
		len--;
	}
	hours = two_digits(p + 1);
	minutes = len > 3 ? two_digits(p + len - 2) : 0;
	if (hours > 23 || minutes > 59)
		return -1;
	w->offset = (hours * 60 + minutes) * MINUTE * (*p == '-' ? -1 : 1);
	return 0;
}

static int
read_iso(const char *p, size_t len, struct stamp_fields *w)
{
	const char *zone = skip_fraction(p + 19, p + len);

	w->year = four_digits(p);
	w->month = two_digits(p + 5);
	w->day = two_digits(p + 8);
	read_clock(p + 11, w);
	return read_zone(zone, len - (size_t)(zone - p), w);
}

/* A zone with a space before it, as take_weekday() adds it to a stamp. */
static bool
is_spaced_zone(const char *p, size_t len)
{
	if (len < 3 || len > 6 || *p != ' ')
		return false;
	if (is_letter(p[1])) {
		for (size_t i = 2; i < len; i++)
			if (!is_letter(p[i]))
				return false;
		return true;
	}
	if ((len != 4 && len != 6) || (p[1] != '+' && p[1] != '-'))
		return false;
	for (size_t i = 2; i < len; i++)
		if (!is_digit(p[i]))
			return false;
	return true;
}

const char *
stamp_zone_name(enum stamp_kind kind, const char *stamp, size_t len,
		size_t *name_len)
{
	const char *space;

	if ((kind != STAMP_ISO && kind != STAMP_TRADITIONAL &&
	     kind != STAMP_FULL) ||
	    len < 17 || !is_letter(stamp[len - 1]))
		return NULL;
	space = memrchr(stamp, ' ', len);
	if (space == NULL || space - stamp < 14)
		return NULL;
	*name_len = len - (size_t)(space + 1 - stamp);
	return space + 1;
}

static bool
is_whole(enum stamp_kind kind, const char *stamp, size_t len)
{
	size_t found = len > 0 ? stamp_find_kind(kind, stamp, stamp + len) : 0;
	size_t name;

	if (found > 0 && found < len && kind != STAMP_ISO)
		return stamp_zone_name(kind, stamp, len, &name) ==
			   stamp + found + 1 &&
		       is_spaced_zone(stamp + found, len - found);
	if (kind == STAMP_ISO && found > 0 && found < len)
		return skip_fraction(stamp + 19, stamp + len) ==
			   stamp + found &&
		       is_spaced_zone(stamp + found, len - found);
	return found > 0 && found == len;
}

/* 0, or -1: it is not a time that there is. */
static int
read_fields(enum stamp_kind kind, const char *stamp, size_t len, time_t now,
	    struct stamp_fields *w)
{
	if (kind == STAMP_ISO && read_iso(stamp, len, w) != 0)
		return -1;
	if (kind == STAMP_TRADITIONAL)
		read_traditional(stamp, w);
	if (kind == STAMP_CTIME) {
		read_traditional(stamp + 4, w);
		w->year = four_digits(stamp + len - 4);
	}
	if (kind == STAMP_FULL) {
		read_traditional(stamp + 5, w);
		w->year = four_digits(stamp);
	}
	if (kind >= STAMP_SLASHED)
		stampform_read(kind, stamp, w);
	if (kind == STAMP_CLOCK && find_day(w, now) != 0)
		return -1;
	return fields_in_range(w) && (w->year == NO_YEAR || day_exists(w)) ? 0
									   : -1;
}

static int
decode(enum stamp_kind kind, const char *stamp, size_t len,
       struct stampclock *clock, time_t now, time_t *when)
{
	struct stamp_fields w = {.year = NO_YEAR};
	struct zone zone = {0};
	time_t minute, apart;
	int result = 0;

	clock->repeated = 0;
	if (!is_whole(kind, stamp, len))
		return -1;
	if (kind == STAMP_TAI64N || kind == STAMP_UNIX)
		return secondstamp_decode(kind, stamp, when);
	zone.name = stamp_zone_name(kind, stamp, len, &zone.len);
	if (zone.name != NULL)
		len -= zone.len + 1;
	if (read_fields(kind, stamp, len, now, &w) != 0)
		return -1;
	if (zone.name != NULL && w.year == NO_YEAR)
		result = newest_minute(w, &zone, now, &minute, &apart);
	else if (zone.name != NULL)
		result = localstamp_named(as_utc(&w), zone.name, zone.len,
					  &minute);
	else if (w.zoned)
		minute = as_utc(&w) - w.offset;
	else
		result = find_minute(&w, clock, now, &minute);
	if (result != 0)
		return -1;
	*when = minute + w.second;
	return 0;
}

static void
keep_last(struct stampclock *clock, enum stamp_kind kind, const char *stamp,
	  size_t len, time_t now, time_t when)
{
	if (len > sizeof(clock->last))
		return;
	memcpy(clock->last, stamp, len);
	clock->last_len = len;
	clock->last_kind = kind;
	clock->last_now = now;
	clock->last_when = when;
}

int
stamp_decode(enum stamp_kind kind, const char *stamp, size_t len,
	     struct stampclock *clock, time_t now, time_t *when)
{
	if (len > 0 && len == clock->last_len && kind == clock->last_kind &&
	    now == clock->last_now && memcmp(stamp, clock->last, len) == 0) {
		*when = clock->last_when;
		return 0;
	}
	clock->last_len = 0;
	if (decode(kind, stamp, len, clock, now, when) != 0)
		return -1;
	keep_last(clock, kind, stamp, len, now, *when);
	return 0;
}
