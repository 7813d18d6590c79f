/*
 * prefix: which of many expressions can a text still match, by its beginning?
 *
 * Most lines of a busy program are no logins, and they differ from a login
 * within their first bytes. Asking a table about these costs a few ns, asking
 * PCRE2 some tens for each expression.
 */
#ifndef PATTERNS_PREFIX_H
#define PATTERNS_PREFIX_H

#include <stddef.h>
#include <stdint.h>

#include "patterns/opening.h"

enum { PREFIX_BITS = 16 };

/* Bit b of may[p][c]: with byte c at offset p, opening b is still possible.
 * All are asked at once. Zero-initialise it. */
struct prefix {
	uint16_t may[OPENING_LEN][256];
	struct opening *known; /* of each bit */
	size_t count;
};

/* Adds how an expression may begin; returns the bits of that. Equal openings
 * have one bit; those that come when all are taken share the last. */
unsigned int prefix_add(struct prefix *, const struct openings *);
void prefix_free(struct prefix *); /* what it holds */

/* The bits of the openings that text can still have. */
static inline unsigned int
prefix_fits(const struct prefix *prefix, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, n = len < OPENING_LEN ? len : OPENING_LEN;
	unsigned int fits = UINT16_MAX;

	for (i = 0; i < n && fits != 0; i++)
		fits &= prefix->may[i][s[i]];
	return fits;
}

#endif
