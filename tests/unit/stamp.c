/*
 * A stamp means the instant that its writer's clock showed: in every zone, in
 * the hours when clocks are changed, around the turn of a year; and what is not
 * a time is refused.
 */
#include "patterns/line/stamp.h"
#include "tests/tap.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR };

static void
set_zone(const char *zone)
{
	setenv("TZ", zone, 1);
	tzset();
}

/* 0 and *when, or -1: found and decoded as for a line. */
static int
decode(const char *text, struct stampclock *clock, time_t now, time_t *when)
{
	enum stamp_kind kind = STAMP_NONE;
	size_t len = stamp_find(text, text + strlen(text), &kind);

	if (len != strlen(text))
		return -1;
	return stamp_decode(kind, text, len, clock, now, when);
}

/* The instant as "2026-11-21 02:11:07" in UTC, or "none". */
static const char *
decoded(const char *text, time_t now)
{
	static char buf[32];
	struct stampclock clock = {0};
	struct tm tm;
	time_t when;

	if (decode(text, &clock, now, &when) != 0)
		return "none";
	gmtime_r(&when, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}

/* The instant that a text in that form means in UTC. */
static time_t
utc(const char *text)
{
	struct tm tm = {0};

	strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	return timegm(&tm);
}

struct example {
	const char *zone, *text, *now, *want;
};

static const struct example examples[] = {
    /* numeric zones do not depend on the local one */
    {"Asia/Kathmandu", "2026-11-21T02:11:07+00:00", NULL,
     "2026-11-21 02:11:07"},
    {"Asia/Kathmandu", "2026-11-21T02:11:07Z", NULL, "2026-11-21 02:11:07"},
    {"UTC", "2026-11-21T02:11:07.999999+0545", NULL, "2026-11-20 20:26:07"},
    {"UTC", "2026-11-21 02:11:07-03:30", NULL, "2026-11-21 05:41:07"},
    {"UTC", "2024-02-29T23:59:60Z", NULL, "2024-03-01 00:00:00"},
    {"UTC", "2000-02-29T12:00:00Z", NULL, "2000-02-29 12:00:00"},
    {"UTC", "2023-12-31T23:59:60Z", NULL, "2024-01-01 00:00:00"},
    {"UTC", "1970-01-01T00:00:00Z", NULL, "1970-01-01 00:00:00"},
    {"UTC", "2038-01-19T03:14:08Z", NULL, "2038-01-19 03:14:08"},
    /* without: local */
    {"Asia/Kathmandu", "2026-11-21T02:11:07", NULL, "2026-11-20 20:26:07"},
    {"Europe/Berlin", "2026-07-21 02:11:07.5", NULL, "2026-07-21 00:11:07"},
    {"Europe/Berlin", "Thu Nov 21 02:01:00 2002", NULL, "2002-11-21 01:01:00"},
    {"Europe/Berlin", "Nov 21 2003 02:01:00", NULL, "2003-11-21 01:01:00"},
    /* a label as s6-log writes it, and multilog */
    {"UTC", "@400000006a00b0e1077a9e94", NULL, "2026-05-10 16:22:20"},
    {"UTC", "@400000004c91b044077a9e94", NULL, "2010-09-16 05:50:23"},
    /* no more than a number of seconds */
    {"Europe/Berlin", "1795226467", NULL, "2026-11-21 02:01:07"},
    {"UTC", "1795226467.123456", NULL, "2026-11-21 02:01:07"},
    {"UTC", "9999999999", NULL, "2286-11-20 17:46:39"},
    {"UTC", "179522646", NULL, "none"},
    {"UTC", "0795226467", NULL, "none"},
    {"UTC", "17952264670", NULL, "none"},
    {"UTC", "1795226467.", NULL, "none"},
    {"UTC", "1795226467Z", NULL, "none"},
    /* the year first */
    {"Europe/Berlin", "2026 Nov 21 02:11:07", NULL, "2026-11-21 01:11:07"},
    {"UTC", "2026 Nov  1 02:11:07.123", NULL, "2026-11-01 02:11:07"},
    {"UTC", "2027 Feb 29 02:11:07", NULL, "none"},
    {"UTC", "2026 Nov 21 2026 02:11:07", NULL, "none"},
    {"UTC", "2026 Nuv 21 02:11:07", NULL, "none"},
    {"UTC", "202 Nov 21 02:11:07", NULL, "none"},
    /* the year of a stamp without one */
    {"UTC", "Nov 21 02:11:07", "2026-11-21 02:11:07", "2026-11-21 02:11:07"},
    {"UTC", "Nov 22 02:11:00", "2026-11-21 02:11:00", "2026-11-22 02:11:00"},
    {"UTC", "Nov 22 02:12:00", "2026-11-21 02:11:00", "2025-11-22 02:12:00"},
    {"UTC", "Dec 31 23:59:58", "2027-01-01 00:00:01", "2026-12-31 23:59:58"},
    {"UTC", "Jan  1 00:00:01", "2026-12-31 23:59:58", "2027-01-01 00:00:01"},
    {"UTC", "Jan 1 00:00:01", "2026-12-31 23:59:58", "2027-01-01 00:00:01"},
    {"UTC", "Feb 29 12:00:00", "2026-11-21 02:11:07", "2024-02-29 12:00:00"},
    {"UTC", "Feb 29 12:00:00", "2028-02-28 11:00:00", "2024-02-29 12:00:00"},
    {"UTC", "Feb 29 12:00:00", "2028-02-28 12:00:00", "2028-02-29 12:00:00"},
    {"UTC", "Feb 29 12:00:00", "2104-01-01 00:00:00", "2096-02-29 12:00:00"},
    /* it turns by local clocks */
    {"America/St_Johns", "Dec 31 23:59:58", "2027-01-01 03:29:59",
     "2027-01-01 03:29:58"},
    {"Asia/Kathmandu", "Jan  1 00:00:01", "2026-12-31 18:15:02",
     "2026-12-31 18:15:01"},
    /* an hour that is there twice: 25 October 2026, 01:00 UTC */
    {"Europe/Berlin", "Oct 25 02:30:00", "2026-10-25 00:30:10",
     "2026-10-25 00:30:00"},
    {"Europe/Berlin", "Oct 25 02:30:00", "2026-10-25 01:30:10",
     "2026-10-25 01:30:00"},
    {"Europe/Berlin", "Oct 25 02:30:00", "2026-10-25 01:29:30",
     "2026-10-25 01:30:00"},
    {"Europe/Berlin", "2026-10-25 02:30:00", "2026-10-25 01:20:00",
     "2026-10-25 00:30:00"},
    {"Europe/Berlin", "2026-10-25 02:30:00+0200", "2026-10-25 01:40:00",
     "2026-10-25 00:30:00"},
    {"Europe/Berlin", "Oct 25 02:30:00", "2026-12-25 00:00:00",
     "2026-10-25 01:30:00"},
    /* half an hour of it: 5 April 2026, 15:00 UTC the day before */
    {"Australia/Lord_Howe", "Apr  5 01:45:00", "2026-04-04 14:46:00",
     "2026-04-04 14:45:00"},
    {"Australia/Lord_Howe", "Apr  5 01:45:00", "2026-04-04 15:16:00",
     "2026-04-04 15:15:00"},
    /* a zone that moved for good, without summer time */
    {"Europe/Moscow", "2014-10-26 01:30:00", "2014-10-25 21:31:00",
     "2014-10-25 21:30:00"},
    {"Europe/Moscow", "2014-10-26 01:30:00", "2014-10-25 22:31:00",
     "2014-10-25 22:30:00"},
    /* an hour that is skipped counts as the minute before it */
    {"Europe/Berlin", "2026-03-29 02:00:00", NULL, "2026-03-29 00:59:00"},
    {"Europe/Berlin", "2026-03-29 02:30:07", NULL, "2026-03-29 00:59:07"},
    {"Europe/Berlin", "Mar 29 02:59:59", "2026-03-29 01:10:00",
     "2026-03-29 00:59:59"},
    {"Australia/Lord_Howe", "2026-10-04 02:29:00", NULL, "2026-10-03 15:29:00"},
    {"Europe/Berlin", "2026-03-29 01:59:59", NULL, "2026-03-29 00:59:59"},
    {"Europe/Berlin", "2026-03-29 03:00:00", NULL, "2026-03-29 01:00:00"},
    /* what is not a time */
    {"UTC", "2026-13-21T02:11:07Z", NULL, "none"},
    {"UTC", "2026-00-21T02:11:07Z", NULL, "none"},
    {"UTC", "2026-11-31T02:11:07Z", NULL, "none"},
    {"UTC", "2026-11-00T02:11:07Z", NULL, "none"},
    {"UTC", "2026-02-29T02:11:07Z", NULL, "none"},
    {"UTC", "1900-02-29T02:11:07Z", NULL, "none"},
    {"UTC", "2026-11-21T24:00:00Z", NULL, "none"},
    {"UTC", "2026-11-21T25:11:07Z", NULL, "none"},
    {"UTC", "2026-11-21T02:60:07Z", NULL, "none"},
    {"UTC", "2026-11-21T02:11:61Z", NULL, "none"},
    {"UTC", "2026-11-21T02:11:07+99:00", NULL, "none"},
    {"UTC", "2026-11-21T02:11:07+24:00", NULL, "none"},
    {"UTC", "2026-11-21T02:11:07+01:60", NULL, "none"},
    {"UTC", "2026-11-21T02:11:07+1", NULL, "none"},
    {"UTC", "2026-11-21T02:11:07z", NULL, "none"},
    {"UTC", "2026-11-21T02:11:07.Z", NULL, "none"},
    {"UTC", "0000-11-21T02:11:07", NULL, "none"},
    {"UTC", "2026-11-21X02:11:07Z", NULL, "none"},
    {"UTC", "Nov 31 02:11:07", NULL, "none"},
    {"UTC", "Feb 30 02:11:07", NULL, "none"},
    {"UTC", "Nov  0 02:11:07", NULL, "none"},
    {"UTC", "Nov 0 02:11:07", NULL, "none"},
    {"UTC", "Nov 21 24:11:07", NULL, "none"},
    {"UTC", "nov 21 02:11:07", NULL, "none"},
    {"UTC", "Nov 2  02:11:07", NULL, "none"},
    {"UTC", "Thu Nov 31 02:01:00 2002", NULL, "none"},
    {"UTC", "Feb 29 2023 02:01:00", NULL, "none"},
    {"UTC", "@3fffffff4c91b044077a9e94", NULL, "none"},
    {"UTC", "@ffffffffffffffff077a9e94", NULL, "none"},
    {"UTC", "@400000004c91b044077a9e9", NULL, "none"},
    {"UTC", "", NULL, "none"},
};

static void
test_example(const struct example *e)
{
	const char *now = e->now != NULL ? e->now : "2026-11-21 12:00:00";

	set_zone(e->zone);
	is_str(decoded(e->text, utc(now)), e->want, "%s in %s, read at %s",
	       e->text, e->zone, now);
}

enum form { TRADITIONAL, ISO_LOCAL, ISO_ZONED, CTIME, FORM_COUNT };
static const char *const forms[] = {"traditional", "ISO without zone",
				    "ISO with zone", "ctime"};

/* An instant as local clocks show it, in a form of log files. */
static void
write_stamp(char *buf, size_t size, enum form form, time_t when)
{
	struct tm tm;

	localtime_r(&when, &tm);
	if (form == TRADITIONAL)
		strftime(buf, size, "%b %e %H:%M:%S", &tm);
	else if (form == ISO_LOCAL)
		strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm);
	else if (form == ISO_ZONED)
		strftime(buf, size, "%Y-%m-%dT%H:%M:%S%z", &tm);
	else
		strftime(buf, size, "%a %b %e %H:%M:%S %Y", &tm);
}

/* The name of a zone, which journalctl adds to a stamp: that of the local one
 * at that time, or UTC. */
static void
test_named(void)
{
	static const struct {
		const char *zone, *text, *want;
	} cases[] = {
	    {"Europe/Berlin", "Nov 21 02:11:07 CET", "2026-11-21 01:11:07"},
	    {"Europe/Berlin", "Dec 31 02:11:07 UTC", "2025-12-31 02:11:07"},
	    {"Europe/Berlin", "Oct 25 02:30:00 CEST", "2026-10-25 00:30:00"},
	    {"Europe/Berlin", "Oct 25 02:30:00 CET", "2026-10-25 01:30:00"},
	    {"Europe/Berlin", "2026 Oct 25 02:30:00 CET",
	     "2026-10-25 01:30:00"},
	    {"Europe/Berlin", "Jul 21 02:11:07 CET", "none"},
	    {"UTC", "Nov 21 02:11:07 EST", "none"},
	    {"UTC", "Nov 21 02:11:07 UTC UTC", "none"},
	    {"Europe/Berlin", "2026-11-21 02:11:07 CET", "2026-11-21 01:11:07"},
	    {"Europe/Berlin", "2026-07-21 02:11:07 CEST",
	     "2026-07-21 00:11:07"},
	    {"Europe/Berlin", "2026-11-21 02:11:07.123456 UTC",
	     "2026-11-21 02:11:07"},
	    {"Europe/Berlin", "2026-11-21 02:11:07 GMT", "2026-11-21 02:11:07"},
	    {"Europe/London", "2026-11-21 02:11:07 GMT", "2026-11-21 02:11:07"},
	    {"Europe/London", "2026-07-21 02:11:07 BST", "2026-07-21 01:11:07"},
	    {"Pacific/Guam", "2026-11-21 02:11:07 ChST", "2026-11-20 16:11:07"},
	    {"Europe/Berlin", "2026-11-21 02:11:07 +03", "2026-11-20 23:11:07"},
	    /* an hour that is there twice, and one that is not */
	    {"Europe/Berlin", "2026-10-25 02:30:00 CEST",
	     "2026-10-25 00:30:00"},
	    {"Europe/Berlin", "2026-10-25 02:30:00 CET", "2026-10-25 01:30:00"},
	    {"Europe/Berlin", "2026-03-29 02:30:00 CET", "none"},
	    {"Europe/Berlin", "2026-03-29 02:30:00 CEST", "none"},
	    /* with the same name twice, the earlier */
	    {"Europe/Moscow", "2014-10-26 01:30:00 MSK", "2014-10-25 21:30:00"},
	    /* of other zones, or other times of the year */
	    {"UTC", "2026-11-21 02:11:07 CET", "none"},
	    {"Europe/London", "2026-11-21 02:11:07 CET", "none"},
	    {"Europe/Berlin", "2026-11-21 02:11:07 CEST", "none"},
	    {"Europe/Berlin", "2026-07-21 02:11:07 CET", "none"},
	    {"Europe/Berlin", "2026-11-21 02:11:07 EST", "none"},
	    {"Europe/Berlin", "2026-11-21 02:11:07 CE", "none"},
	    {"Europe/Berlin", "2026-11-21 02:11:07 CETX", "none"},
	    {"UTC", "2026-11-21 02:11:07 Utc", "none"},
	    {"UTC", "2026-11-31 02:11:07 UTC", "none"},
	    {"UTC", "2026-11-21 02:11:07Z UTC", "none"},
	    {"UTC", "2026-11-21 02:11:07  UTC", "none"},
	    {"UTC", "2026-11-21 02:11:07 ABCDEF", "none"},
	};
	struct stampclock clock = {0};
	enum stamp_kind kind;
	char got[32];
	time_t when;
	struct tm tm;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;

		set_zone(cases[i].zone);
		strcpy(got, "none");
		stamp_find(text, text + strlen(text), &kind);
		if (stamp_decode(kind, text, strlen(text), &clock,
				 utc("2026-12-21 12:00:00"), &when) == 0) {
			gmtime_r(&when, &tm);
			strftime(got, sizeof(got), "%Y-%m-%d %H:%M:%S", &tm);
		}
		clock = (struct stampclock){0};
		is_str(got, cases[i].want, "%s in %s", text, cases[i].zone);
	}
}

struct rate_limit {
	unsigned int tried, wrong;
	char first[128]; /* what went wrong first */
};

/* Written now and read later: is it the same instant, with and without a cached
 * minute? */
static void
try_instant(struct rate_limit *t, struct stampclock *clock, enum form form,
	    time_t when, int later)
{
	struct stampclock fresh = {0};
	time_t got = 0, got_fresh = 0;
	char text[64];

	write_stamp(text, sizeof(text), form, when);
	t->tried++;
	if (decode(text, clock, when + later, &got) == 0 &&
	    decode(text, &fresh, when + later, &got_fresh) == 0 &&
	    got == when && got_fresh == when)
		return;
	if (t->wrong++ == 0)
		snprintf(t->first, sizeof(t->first),
			 "%s: %lld, not %lld, read %d s later", text,
			 (long long)got, (long long)when, later);
}

/*
 * Three years by steps that fall on all times of day, and every two minutes
 * around each change of clocks. Where clocks go back by an hour, what is an
 * hour old cannot be told from what is new, so that a line is read again
 * within less than the shortest change.
 */
static void
test_zone(const char *zone, enum form form)
{
	static const int later[] = {0, 1, 59, 10 * MINUTE, 28 * MINUTE};
	const time_t begin = utc("2024-01-01 00:00:00"),
		     end = utc("2027-01-02 00:00:00");
	struct stampclock clock = {0};
	struct rate_limit t = {0};
	struct tm before, after;
	time_t when, near;
	size_t i = 0;

	set_zone(zone);
	for (when = begin; when < end; when += 2 * HOUR + 7 * MINUTE + 13) {
		try_instant(&t, &clock, form, when, later[i++ % 5]);
		near = when + 3 * HOUR;
		localtime_r(&when, &before);
		localtime_r(&near, &after);
		if (before.tm_gmtoff == after.tm_gmtoff)
			continue;
		for (near = when - 3 * HOUR; near < when + 6 * HOUR;
		     near += 119)
			try_instant(&t, &clock, form, near, later[i++ % 5]);
	}
	is_int(t.wrong, 0, "%s, %s: %u instants come back%s%s", zone,
	       forms[form], t.tried, t.wrong ? "; first " : "", t.first);
}

/* The cached minute must not be used for another one. */
static void
test_clock(void)
{
	struct stampclock clock = {0};
	const time_t now = utc("2026-11-21 12:00:00");
	time_t when;

	set_zone("Europe/Berlin");
	decode("Nov 21 02:11:07", &clock, now, &when);
	is_int(when, utc("2026-11-21 01:11:07"), "a first minute");
	decode("Nov 21 02:11:59", &clock, now, &when);
	is_int(when, utc("2026-11-21 01:11:59"), "another second of it");
	decode("Nov 21 02:12:00", &clock, now, &when);
	is_int(when, utc("2026-11-21 01:12:00"), "the next minute");
	decode("2025-11-21 02:12:00", &clock, now, &when);
	is_int(when, utc("2025-11-21 01:12:00"), "the same minute of a year");
	decode("Nov 21 02:12:00", &clock, now, &when);
	is_int(when, utc("2026-11-21 01:12:00"), "and without a year again");
	decode("2026-11-21T02:12:00+05:45", &clock, now, &when);
	is_int(when, utc("2026-11-20 20:27:00"), "the same minute elsewhere");
	decode("Nov 21 02:12:00", &clock, now, &when);
	is_int(when, utc("2026-11-21 01:12:00"), "and here again");
	decode("Nov 21 02:12:00", &clock, utc("2027-11-21 12:00:00"), &when);
	is_int(when, utc("2027-11-21 01:12:00"), "the same, a year later");
	decode("Nov 21 02:12:00", &clock, now, &when);
	is_int(when, utc("2026-11-21 01:12:00"), "the clock set back");
	is_int(decode("Nov 31 02:12:00", &clock, now, &when), -1,
	       "no time leaves no trace ...");
	decode("Nov 21 02:12:00", &clock, now, &when);
	is_int(when, utc("2026-11-21 01:12:00"), "... in the memory");
}

/* A stamp of another kind is refused. */
static void
test_kind(void)
{
	static const char iso[] = "2026-11-21T02:11:07Z";
	struct stampclock clock = {0};
	time_t when;

	is_int(stamp_decode(STAMP_ISO, iso, strlen(iso), &clock, 0, &when), 0,
	       "the right kind");
	is_int(
	    stamp_decode(STAMP_TRADITIONAL, iso, strlen(iso), &clock, 0, &when),
	    -1, "the wrong kind");
	is_int(stamp_decode(STAMP_NONE, NULL, 0, &clock, 0, &when), -1,
	       "no stamp");
	is_int(stamp_decode(STAMP_ISO, iso, 18, &clock, 0, &when), -1,
	       "half a stamp");
}

/* The same instant in each form, on an Indian clock; and what follows it. */
static void
test_forms(void)
{
	static const struct {
		enum stamp_kind kind;
		const char *text, *wrong;
		bool utc;
	} cases[] = {
	    {STAMP_SLASHED, "2026/11/21 02:11:07", "2026/13/21 02:11:07",
	     false},
	    {STAMP_AMERICAN, "11/21/26 02:11:07", "21/11/26 02:11:07", false},
	    {STAMP_BRACKETED, "[21/Nov/2026 02:11:07]",
	     "[31/Nov/2026 02:11:07]", false},
	    {STAMP_DOTTED, "[2026.11.21] 02:11:07.123", "[2026.11.21] 24:11:07",
	     false},
	    {STAMP_W3C, "2026-11-21 02:11:07", "2026-02-29 02:11:07", true},
	};
	struct stampclock clock = {0};
	time_t when, want;
	size_t i, len;
	enum stamp_kind kind;

	set_zone("Asia/Kolkata");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text, *wrong = cases[i].wrong;

		kind = cases[i].kind;
		len = strlen(text);
		want = utc("2026-11-21 02:11:07");
		if (!cases[i].utc)
			want -= 5 * HOUR + 30 * MINUTE;
		is_int((long long)stamp_find_kind(kind, text, text + len),
		       (long long)len, "%s: all of it", text);
		is_int((long long)stamp_find_kind(kind, text, text + 16), 0,
		       "%s: cut", text);
		is_int(stamp_decode(kind, text, len, &clock, want, &when), 0,
		       "%s: is a time", text);
		is_int(when, want, "%s: which", text);
		is_int(stamp_decode(kind, wrong, strlen(wrong), &clock, want,
				    &when),
		       -1, "%s: is not a time", wrong);
	}
}

/* Without a date, the latest such time up to a minute from now is meant, even
 * where a day has 23 or 25 hours. */
static void
test_time_of_day(void)
{
	static const struct {
		const char *now, *text, *want; /* in UTC, local, in UTC */
	} cases[] = {
	    {"2026-11-21 10:00:00", "11:00:00.123", "2026-11-21 10:00:00"},
	    {"2026-11-21 10:00:00", "11:01:59", "2026-11-21 10:01:59"},
	    {"2026-11-21 10:00:00", "11:02:00", "2026-11-20 10:02:00"},
	    {"2026-11-21 10:00:00", "00:00:00", "2026-11-20 23:00:00"},
	    {"2026-11-20 23:00:30", "23:59:58", "2026-11-20 22:59:58"},
	    {"2026-11-20 22:59:50", "00:00:05", "2026-11-20 23:00:05"},
	    {"2026-12-31 23:30:00", "23:00:00", "2026-12-31 22:00:00"},
	    {"2026-03-29 22:30:00", "23:00:00", "2026-03-29 21:00:00"},
	    {"2026-10-25 23:30:00", "23:00:00", "2026-10-25 22:00:00"},
	};
	struct stampclock clock = {0};
	time_t when = 0;
	size_t i;

	set_zone("Europe/Berlin");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *text = cases[i].text;

		stamp_decode(STAMP_CLOCK, text, strlen(text), &clock,
			     utc(cases[i].now), &when);
		is_int(when, utc(cases[i].want), "%s seen at %s", text,
		       cases[i].now);
	}
	is_int(stamp_decode(STAMP_CLOCK, "24:00:00", 8, &clock, 0, &when), -1,
	       "24:00:00 is not a time");
}

/* Whether a stamp is of an hour that came twice, cached or not. */
static void
test_repeated(void)
{
	static const struct {
		const char *text, *now;
		time_t repeated;
	} cases[] = {
	    {"Oct 25 02:30:00", "2026-10-25 01:40:00", HOUR},
	    {"Oct 25 02:30:05", "2026-10-25 01:40:00", HOUR},
	    {"Oct 25 02:30:05", "2026-10-25 01:40:00", HOUR},
	    {"2026-10-25T02:30:00.123456+01:00", "2026-10-25 01:40:00", 0},
	    {"Oct 25 02:30:05", "2026-10-25 01:40:00", HOUR},
	    {"2026-10-25 02:30:00+01:00", "2026-10-25 01:40:00", 0},
	    {"2026-10-25 02:30:00+01:00", "2026-10-25 01:40:00", 0},
	    {"Oct 25 02:30:00", "2026-10-25 01:40:00", HOUR},
	    {"Oct 25 02:30:00", "2026-10-25 01:00:00", 0},
	    {"Oct 25 03:00:00", "2026-10-25 02:40:00", 0},
	    {"Oct 25 01:59:59", "2026-10-25 02:40:00", 0},
	    {"Mar 29 02:30:00", "2026-10-25 02:40:00", 0},
	};
	struct stampclock clock = {0};
	time_t when;

	set_zone("Europe/Berlin");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		decode(cases[i].text, &clock, utc(cases[i].now), &when);
		is_int(clock.repeated, cases[i].repeated, "%s seen at %s",
		       cases[i].text, cases[i].now);
	}
}

int
main(void)
{
	static const char *const zones[] = {
	    "Europe/Berlin",  "America/St_Johns",  "Australia/Lord_Howe",
	    "Asia/Kathmandu", "Africa/Casablanca", "UTC"};
	size_t i;
	int form;

	for (i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		test_example(&examples[i]);
	for (i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		for (form = 0; form < FORM_COUNT; form++)
			test_zone(zones[i], (enum form)form);
	test_clock();
	test_kind();
	test_forms();
	test_time_of_day();
	test_repeated();
	test_named();
	return tap_done();
}
