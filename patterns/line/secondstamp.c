#include "patterns/line/secondstamp.h"

#include <stdint.h>

/* Ten digits: until the year 2286. */
enum { TAI64N_LEN = 25, UNIX_LEN = 10 };

/* -1: not a (lower case) hexadecimal digit. */
static inline int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline int
is_digit(char c)
{
	return c >= '0' && c <= '9';
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

static size_t
unix_length(const char *p, const char *end)
{
	size_t i;

	if (end - p < UNIX_LEN || *p == '0')
		return 0;
	for (i = 0; i < UNIX_LEN; i++)
		if (!is_digit(p[i]))
			return 0;
	return end - p > UNIX_LEN && is_digit(p[i]) ? 0 : UNIX_LEN;
}

size_t
secondstamp_find(enum stamp_kind kind, const char *p, const char *end)
{
	return kind == STAMP_TAI64N ? tai64n_length(p, end)
				    : unix_length(p, end);
}

/*
 * A label is 2^62 plus the seconds of TAI since 1970. Those who write labels do
 * not agree on them. s6-log counts leap seconds, so that TAI is 37 s ahead of
 * UTC since 2017 (skalibs: tai_from_utc.c, leapsecs_table.c). multilog, svlogd
 * and busybox's svlogd add no more than 10 s (libtai: tai_unix(); busybox:
 * fmt_time_bernstein_25()). The nanoseconds of the latter mostly end in 500 or
 * in 000, but now and then so do those of s6-log: nothing in a label tells for
 * certain. Here it is s6-log's: a line of multilog is then taken to be 27 s
 * older than it is, and no line of s6-log to be younger.
 */
static int
decode_tai64n(const char *p, time_t *when)
{
	const uint64_t epoch = (UINT64_C(1) << 62) + 37;
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
	time_t seconds = 0;

	if (kind == STAMP_TAI64N)
		return decode_tai64n(stamp, when);
	for (int i = 0; i < UNIX_LEN; i++)
		seconds = seconds * 10 + (stamp[i] - '0');
	*when = seconds;
	return 0;
}
