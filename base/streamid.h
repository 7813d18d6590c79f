/*
 * streamid: the position of an entry in a stream, "MILLISECONDS-SEQ", as Valkey
 * and Redis write it. Whoever assigns the ids chooses the milliseconds, which
 * need not be a time.
 */
#ifndef BASE_STREAMID_H
#define BASE_STREAMID_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct streamid {
	uint64_t ms, seq; /* 0-0: before the first entry */
};

enum { STREAMID_SIZE = 42 }; /* two numbers of 20 digits, '-' and a NUL */

/* Below 0 if a comes before b, 0 if they are equal, above 0 if a comes after b.
 */
static inline int
streamid_compare(struct streamid a, struct streamid b)
{
	if (a.ms != b.ms)
		return a.ms < b.ms ? -1 : 1;
	return a.seq < b.seq ? -1 : a.seq > b.seq;
}

static inline bool
streamid_is_zero(struct streamid id)
{
	return id.ms == 0 && id.seq == 0;
}

/* The next id, in the same millisecond if there is room. The highest id is
 * returned as it is. */
static inline struct streamid
streamid_next(struct streamid id)
{
	if (id.seq < UINT64_MAX)
		return (struct streamid){id.ms, id.seq + 1};
	if (id.ms < UINT64_MAX)
		return (struct streamid){id.ms + 1, 0};
	return id;
}

static inline int
streamid_number(uint64_t *number, const char *text, size_t len)
{
	uint64_t n = 0;

	if (len == 0 || (len > 1 && text[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		unsigned int digit = (unsigned int)text[i] - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	*number = n;
	return 0;
}

/* Parses text, all of which must be an id: decimal numbers without leading
 * zeros. 0, or -1. */
static inline int
streamid_parse(struct streamid *id, const char *text, size_t len)
{
	const char *dash = memchr(text, '-', len);
	struct streamid parsed;
	size_t first;

	if (dash == NULL)
		return -1;
	first = (size_t)(dash - text);
	if (streamid_number(&parsed.ms, text, first) != 0 ||
	    streamid_number(&parsed.seq, dash + 1, len - first - 1) != 0)
		return -1;
	*id = parsed;
	return 0;
}

/* Returns out. */
static inline char *
streamid_print(struct streamid id, char out[STREAMID_SIZE])
{
	snprintf(out, STREAMID_SIZE, "%" PRIu64 "-%" PRIu64, id.ms, id.seq);
	return out;
}

#endif
