#include "base/duration.h"

static const uint32_t LONGEST = 10 * 365 * 86400u; /* ten years */

static uint32_t
unit_seconds(const char *unit)
{
	if (unit[0] == '\0')
		return 1;
	if (unit[1] != '\0')
		return 0;
	switch (unit[0]) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	default:
		return 0;
	}
}

int
duration_parse(const char *text, uint32_t *seconds)
{
	uint64_t number = 0;
	uint32_t unit;

	if (*text < '0' || *text > '9')
		return -1;
	for (; *text >= '0' && *text <= '9'; text++) {
		number = number * 10 + (uint64_t)(*text - '0');
		if (number > LONGEST)
			return -1;
	}
	unit = unit_seconds(text);
	if (unit == 0 || number == 0 || number * unit > LONGEST)
		return -1;
	*seconds = (uint32_t)(number * unit);
	return 0;
}
