#include "tools/report/period.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/err.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 86400, PARTS_MAX = 200 };

/* ---- moments ---- */

/* A day that the month does not have would be taken for one of the next. */
static bool
is_same_day(const struct tm *read, const struct tm *made)
{
	return read->tm_mday == made->tm_mday && read->tm_mon == made->tm_mon;
}

static bool
parse_date(const char *text, const char *form, time_t *out)
{
	struct tm read = {.tm_isdst = -1}, made;
	const char *end = strptime(text, form, &read);

	if (end == NULL || *end != '\0')
		return false;
	made = read;
	*out = mktime(&made);
	return *out >= 0 && is_same_day(&read, &made);
}

int
period_parse(const char *text, time_t now, time_t *out, struct err *err)
{
	static const char *const forms[] = {
	    "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S",
	    "%Y-%m-%dT%H:%M:%S"};
	uint32_t seconds;

	if (duration_parse(text, &seconds) == 0) {
		*out = now - (time_t)seconds;
		return 0;
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		if (parse_date(text, forms[i], out))
			return 0;
	return err_set(err,
		       "'%s' is neither a time such as 7d or 12h nor a "
		       "date such as 2026-11-21 or '2026-11-21 08:30'",
		       text);
}

/* ---- parts ---- */

static unsigned int
choose_step(time_t length)
{
	static const unsigned int steps[] = {MINUTE, 5 * MINUTE, HOUR, DAY,
					     7 * DAY};

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (length / steps[i] < PARTS_MAX - 2)
			return steps[i];
	return 30 * DAY;
}

/* The last round local time that is not later than `when'. */
static time_t
round_down(time_t when, unsigned int step)
{
	struct tm tm;

	localtime_r(&when, &tm);
	tm.tm_sec = 0;
	if (step >= DAY)
		tm.tm_hour = 0;
	if (step >= HOUR)
		tm.tm_min = 0;
	else
		tm.tm_min -= tm.tm_min % (int)(step / MINUTE);
	/* Of an hour that comes twice it is the same one, since tm_isdst is
	 * left as it is; a midnight may be on the other side of a change. */
	if (step >= DAY)
		tm.tm_isdst = -1;
	return mktime(&tm);
}

static time_t
next_bound(time_t bound, unsigned int step)
{
	struct tm tm;

	if (step < DAY)
		return bound + (time_t)step;
	localtime_r(&bound, &tm);
	tm.tm_mday += (int)(step / DAY);
	tm.tm_isdst = -1;
	return mktime(&tm);
}

size_t
period_divide(const struct period *period, time_t **bounds, unsigned int *step)
{
	size_t count = 0, room = PARTS_MAX;
	time_t at;

	*step = choose_step(period->until - period->since);
	*bounds = alloc_zero(room + 1, sizeof(**bounds));
	at = round_down(period->since, *step);
	(*bounds)[0] = at;
	while (at < period->until) {
		if (count == room) {
			room *= 2;
			*bounds =
			    alloc_resize(*bounds, room + 1, sizeof(**bounds));
		}
		at = next_bound(at, *step);
		(*bounds)[++count] = at;
	}
	return count;
}

unsigned int
period_hour(time_t when, time_t *next)
{
	struct tm tm;

	localtime_r(&when, &tm);
	*next = when + HOUR - tm.tm_min * MINUTE - tm.tm_sec % MINUTE;
	return (unsigned int)tm.tm_hour;
}
