#include "patterns/line/localstamp.h"

#include <stdbool.h>
#include <string.h>

enum { MINUTE = 60, DAY = 24 * 60 * MINUTE };

/* The offset of local time from UTC at an instant, in seconds. */
static long
local_offset(time_t when)
{
	struct tm tm;

	return localtime_r(&when, &tm) != NULL ? tm.tm_gmtoff : 0;
}

/* The last minute that has the offset of low; the one of high has another. */
static time_t
minute_before_change(time_t low, time_t high)
{
	long before = local_offset(low);

	while (high - low > MINUTE) {
		time_t middle = low + (high - low) / 2 / MINUTE * MINUTE;

		if (local_offset(middle) == before)
			low = middle;
		else
			high = middle;
	}
	return low;
}

time_t
localstamp_minute(time_t shown, time_t now, time_t *apart)
{
	long before = local_offset(shown - DAY),
	     after = local_offset(shown + DAY);
	time_t early = shown - before, late = shown - after;
	bool was_early, was_late;

	*apart = 0;
	if (before == after)
		return early;
	was_early = local_offset(early) == before;
	was_late = local_offset(late) == after;
	if (was_early && was_late && late <= now + MINUTE) {
		*apart = late - early;
		return late;
	}
	if (was_early || was_late)
		return was_early ? early : late;
	return minute_before_change(shown - DAY, shown + DAY);
}

static bool
is_named(const char *text, const char *name, size_t len)
{
	return strlen(text) == len && memcmp(text, name, len) == 0;
}

int
localstamp_named(time_t shown, const char *name, size_t len, time_t *minute)
{
	long offsets[] = {local_offset(shown - DAY), local_offset(shown + DAY)};
	struct tm tm;
	time_t when;

	if (is_named("UTC", name, len) || is_named("GMT", name, len)) {
		*minute = shown;
		return 0;
	}
	/* A zone that moved for good may have kept its name: the earlier one
	 * is safe. */
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		when = shown - offsets[i];
		if (localtime_r(&when, &tm) == NULL ||
		    tm.tm_gmtoff != offsets[i] ||
		    !is_named(tm.tm_zone, name, len))
			continue;
		*minute = when;
		return 0;
	}
	return -1;
}
