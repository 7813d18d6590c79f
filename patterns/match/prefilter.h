/*
 * prefilter: which of many expressions can still match, by how a text begins.
 *
 * Most lines of a busy program are not logins, and their first few bytes show
 * it. A look at this table takes a few nanoseconds; PCRE2 takes tens of
 * nanoseconds for each expression.
 */
#ifndef PATTERNS_MATCH_PREFILTER_H
#define PATTERNS_MATCH_PREFILTER_H

#include <stddef.h>
#include <stdint.h>

#include "patterns/match/regex_prefix.h"

enum { PREFILTER_BITS = 64 };

/* Bit b of may[p][c]: a text with byte c at offset p can still have prefix b.
 * One look-up asks for all prefixes. Zero-initialise it. */
struct prefilter {
	uint64_t may[REGEX_PREFIX_LEN][256];
	struct regex_prefix *known; /* the prefix of each bit */
	size_t count;
};

/* Adds the prefixes of an expression and returns their bits. Equal prefixes
 * share a bit; once all bits are taken, a new prefix shares that of the one most
 * like it. */
uint64_t prefilter_add(struct prefilter *, const struct regex_prefixes *);
/* Frees what it holds. */
void prefilter_free(struct prefilter *);

/* The bits of the prefixes that the text can have. */
static inline uint64_t
prefilter_bits(const struct prefilter *filter, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, n = len < REGEX_PREFIX_LEN ? len : REGEX_PREFIX_LEN;
	uint64_t bits = UINT64_MAX;

	for (i = 0; i < n && bits != 0; i++)
		bits &= filter->may[i][s[i]];
	return bits;
}

#endif
