/*
 * regex_prefix: how may a text begin that an expression can still match?
 *
 * Drawn from the expression itself. What is not understood in it may be
 * anything, so no opening refuses what would match.
 */
#ifndef PATTERNS_MATCH_REGEX_PREFIX_H
#define PATTERNS_MATCH_REGEX_PREFIX_H

#include <stddef.h>
#include <stdint.h>

enum { REGEX_PREFIX_LEN = 20, REGEX_PREFIXES_MAX = 4 };

/* A set of bytes: bit c % 32 of bit[c / 32]. */
struct byte_set {
	uint32_t bit[8];
};

/* The bytes that may stand at each offset, of a text that is long enough. */
struct regex_prefix {
	struct byte_set may[REGEX_PREFIX_LEN];
};

/* What matches begins in one of these ways. */
struct regex_prefixes {
	struct regex_prefix list[REGEX_PREFIXES_MAX];
	size_t count;
};

/* Of a PCRE2 expression, one that compiles with no options but anchors. NULL:
 * one that is not to be judged by this text. */
void regex_prefixes(struct regex_prefixes *, const char *expression);

#endif
