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

/* The bits of the prefixes that a text of at least REGEX_PREFIX_LEN bytes can
 * have. Where it shows that it has none could not be predicted, so that is asked
 * once. */
static inline uint64_t
prefilter_long_bits(const struct prefilter *filter, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	uint64_t bits = UINT64_MAX;
	size_t i;

#pragma GCC unroll 10
	for (i = 0; i < REGEX_PREFIX_LEN / 2; i++)
		bits &= filter->may[i][s[i]];
	if (bits == 0)
		return 0;
#pragma GCC unroll 10
	for (i = REGEX_PREFIX_LEN / 2; i < REGEX_PREFIX_LEN; i++)
		bits &= filter->may[i][s[i]];
	return bits;
}

/* The bits of the prefixes that the text can have. */
static inline uint64_t
prefilter_bits(const struct prefilter *filter, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	uint64_t bits = UINT64_MAX;

	if (len >= REGEX_PREFIX_LEN)
		return prefilter_long_bits(filter, text);
	for (size_t i = 0; i < len; i++)
		bits &= filter->may[i][s[i]];
	return bits;
}

#endif
