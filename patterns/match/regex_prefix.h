/*
 * regex_prefix: how a text must begin for an expression to match it.
 *
 * Derived from the expression itself. Where that cannot be told, any byte is
 * allowed, so that a prefix never excludes a text that would match.
 */
#ifndef PATTERNS_MATCH_REGEX_PREFIX_H
#define PATTERNS_MATCH_REGEX_PREFIX_H

#include <stddef.h>

#include "patterns/match/regex_tokens.h"

enum { REGEX_PREFIX_LEN = 20, REGEX_PREFIXES_MAX = 4 };

/* The bytes allowed at each offset of a text, as far as the text goes. */
struct regex_prefix {
	struct byte_set may[REGEX_PREFIX_LEN];
};

/* Each text that matches begins in one of these ways. */
struct regex_prefixes {
	struct regex_prefix list[REGEX_PREFIXES_MAX];
	size_t count;
};

/* The prefixes of an expression that compiles without options but anchors.
 * NULL: one prefix, which allows anything. */
void regex_prefixes(struct regex_prefixes *, const char *expression);

#endif
