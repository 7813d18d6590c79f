/*
 * prefix: how may a line begin that an expression can still match?
 *
 * Most lines of a busy program are no logins, and they differ from a login
 * within their first bytes. Asking a table about these costs a few ns, asking
 * PCRE2 some tens. The table is drawn from the expression itself; what it
 * does not understand it lets pass, so it never refuses what would match.
 */
#ifndef PATTERNS_PREFIX_H
#define PATTERNS_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PREFIX_LEN = 32 };

/* Bit p of may[c]: byte c may stand at offset p. */
struct prefix {
	uint32_t may[256];
};

/* From a PCRE2 expression that compiles, with no options but anchors. */
void prefix_init(struct prefix *, const char *expression);

static inline bool
prefix_fits(const struct prefix *prefix, const char *text, size_t len)
{
	size_t i, n = len < PREFIX_LEN ? len : PREFIX_LEN;

	for (i = 0; i < n; i++)
		if (!(prefix->may[(unsigned char)text[i]] >> i & 1))
			return false;
	return true;
}

#endif
