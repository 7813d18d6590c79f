/*
 * opening: how may a text begin that an expression can still match?
 *
 * Drawn from the expression itself. What is not understood in it may be
 * anything, so no opening refuses what would match.
 */
#ifndef PATTERNS_OPENING_H
#define PATTERNS_OPENING_H

#include <stddef.h>
#include <stdint.h>

enum { OPENING_LEN = 20, OPENINGS_MAX = 4 };

/* A set of bytes: bit c % 32 of bit[c / 32]. */
struct bytes {
	uint32_t bit[8];
};

/* The bytes that may stand at each offset, of a text that is long enough. */
struct opening {
	struct bytes may[OPENING_LEN];
};

/* What matches begins in one of these ways. */
struct openings {
	struct opening list[OPENINGS_MAX];
	size_t count;
};

/* Of a PCRE2 expression, one that compiles with no options but anchors. NULL:
 * one that is not to be judged by this text. */
void openings_of(struct openings *, const char *expression);

#endif
