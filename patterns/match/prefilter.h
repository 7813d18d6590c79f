/*
 * prefilter: which of many expressions can a text still match, by its beginning?
 *
 * Most lines of a busy program are no logins, and they differ from a login
 * within their first bytes. Asking a table about these costs a few ns, asking
 * PCRE2 some tens for each expression.
 */
#ifndef PATTERNS_MATCH_PREFILTER_H
#define PATTERNS_MATCH_PREFILTER_H

#include <stddef.h>
#include <stdint.h>

#include "patterns/match/regex_prefix.h"

enum { PREFILTER_BITS = 16 };

/* Bit b of may[p][c]: with byte c at offset p, opening b is still possible.
 * All are asked at once. Zero-initialise it. */
struct prefilter {
	uint16_t may[REGEX_PREFIX_LEN][256];
	struct regex_prefix *known; /* of each bit */
	size_t count;
};

/* Adds how an expression may begin; returns the bits of that. Equal openings
 * have one bit; those that come when all are taken share the last. */
unsigned int prefilter_add(struct prefilter *, const struct regex_prefixes *);
void prefilter_free(struct prefilter *); /* what it holds */

/* The bits of the openings that text can still have. */
static inline unsigned int
prefix_fits(const struct prefilter *prefix, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, n = len < REGEX_PREFIX_LEN ? len : REGEX_PREFIX_LEN;
	unsigned int fits = UINT16_MAX;

	for (i = 0; i < n && fits != 0; i++)
		fits &= prefix->may[i][s[i]];
	return fits;
}

#endif
