/*
 * prefix: how may a line begin that an expression can still match?
 *
 * Most lines of a busy program are no logins, and they differ from a login
 * within their first bytes. Asking a table about these costs a few ns, asking
 * PCRE2 some tens for each expression. The table is drawn from the expressions
 * themselves; what it does not understand it lets pass, so it never refuses
 * what would match.
 */
#ifndef PATTERNS_PREFIX_H
#define PATTERNS_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PREFIX_LEN = 20, PREFIX_EXPRESSIONS = 16 };

/* Bit e of may[p][c]: with byte c at offset p, expression e can still match.
 * All expressions are asked at once. Zero-initialise it. */
struct prefix {
	uint16_t may[PREFIX_LEN][256];
};

/* Adds a PCRE2 expression, one that compiles with no options but anchors, as
 * number e. Numbers from PREFIX_EXPRESSIONS - 1 on share the last bit. NULL:
 * one that is not to be judged by this text. */
void prefix_add(struct prefix *, size_t e, const char *expression);

static inline size_t
prefix_bit(size_t e)
{
	return e < PREFIX_EXPRESSIONS ? e : PREFIX_EXPRESSIONS - 1;
}

/* The bits of the expressions that text can still match. */
static inline unsigned int
prefix_fits(const struct prefix *prefix, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t i, n = len < PREFIX_LEN ? len : PREFIX_LEN;
	unsigned int fits = UINT16_MAX;

	for (i = 0; i < n && fits != 0; i++)
		fits &= prefix->may[i][s[i]];
	return fits;
}

#endif
