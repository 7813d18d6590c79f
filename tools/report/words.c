#include "tools/report/words.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "tools/report/names.h"
#include "tools/report/summary.h"

static const struct unit {
	uint32_t seconds;
	const char *abbreviation, *name;
} units[] = {{86400, "d", "day"}, {3600, "h", "hour"}, {60, "min", "minute"}};

enum { NUNITS = sizeof(units) / sizeof(*units) };

const char *
words_address(const struct summary *s, const struct addr *addr,
	      char out[WORDS_ADDRESS])
{
	size_t len = addr_format(addr, out);

	if (addr->family == 6 && s->material.ipv6_prefix < 128)
		snprintf(out + len, WORDS_ADDRESS - len, "/%u",
			 s->material.ipv6_prefix);
	return out;
}

/* All zero, but a valid time, for one that cannot be converted. */
static struct tm
local(time_t when)
{
	struct tm tm = {.tm_mday = 1};

	localtime_r(&when, &tm);
	return tm;
}

const char *
words_time(time_t when, char out[WORDS_TIME])
{
	struct tm tm = local(when);

	strftime(out, WORDS_TIME, "%Y-%m-%d %H:%M", &tm);
	return out;
}

const char *
words_begin(time_t when, unsigned int step, char out[WORDS_TIME])
{
	struct tm tm = local(when);

	if (step < 3600)
		strftime(out, WORDS_TIME, "%H:%M", &tm);
	else if (step < 86400)
		strftime(out, WORDS_TIME, "%d %b %H:%M", &tm);
	else
		strftime(out, WORDS_TIME, "%d %b %Y", &tm);
	return out;
}

const char *
words_duration(uint32_t seconds, char out[WORDS_TIME])
{
	for (size_t i = 0; i < NUNITS; i++)
		if (seconds % units[i].seconds == 0 &&
		    (seconds > 3600 || units[i].seconds < 3600)) {
			snprintf(out, WORDS_TIME, "%" PRIu32 " %s",
				 seconds / units[i].seconds,
				 units[i].abbreviation);
			return out;
		}
	snprintf(out, WORDS_TIME, "%" PRIu32 " s", seconds);
	return out;
}

const char *
words_step(unsigned int step)
{
	if (step == 5 * 60)
		return "5 minutes";
	if (step == 7 * 86400)
		return "week";
	for (size_t i = 0; i < NUNITS; i++)
		if (step == units[i].seconds)
			return units[i].name;
	return "30 days";
}

const char *
words_user(const struct summary *s, uint32_t number, char out[WORDS_NAME])
{
	const char *name;
	size_t len;

	name = names_text(s->material.logins.users, number, &len);
	return log_printable(out, WORDS_NAME, name, len);
}

unsigned int
words_percent(uint64_t part, uint64_t whole)
{
	return whole > 0 ? (unsigned int)((part * 100 + whole / 2) / whole) : 0;
}
