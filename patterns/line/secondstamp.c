#include "patterns/line/secondstamp.h"

#include <stdint.h>

enum { TAI64N_LEN = 25 };

/* -1: not a (lower case) hexadecimal digit. */
static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static size_t
tai64n_length(const char *p, const char *end)
{
	size_t i;

	if (end - p < TAI64N_LEN || *p != '@')
		return 0;
	for (i = 1; i < TAI64N_LEN; i++)
		if (hex_digit(p[i]) < 0)
			return 0;
	return TAI64N_LEN;
}

size_t
secondstamp_find(enum stamp_kind kind, const char *p, const char *end)
{
	return kind == STAMP_TAI64N ? tai64n_length(p, end) : 0;
}

/* multilog's label is the time plus 2^62 + 10, without leap seconds. */
static int
decode_tai64n(const char *p, time_t *when)
{
	const uint64_t epoch = (UINT64_C(1) << 62) + 10;
	uint64_t label = 0;
	int i;

	for (i = 1; i <= 16; i++)
		label = label << 4 | (uint64_t)hex_digit(p[i]);
	if (label < epoch || label >= UINT64_C(1) << 63)
		return -1;
	*when = (time_t)(label - epoch);
	return 0;
}

int
secondstamp_decode(enum stamp_kind kind, const char *stamp, time_t *when)
{
	return kind == STAMP_TAI64N ? decode_tai64n(stamp, when) : -1;
}
