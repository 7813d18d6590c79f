/*
 * farthest_failure: how far an expression got with a text that does not match.
 *
 * PCRE2 tries many ways through the expression. The one that counts got
 * farthest in the expression, not in the text: `.*' reaches the end of any text
 * and proves nothing. The alternatives of a group count as one place; among
 * them the one counts that got farthest in the text. A lookahead or lookbehind
 * counts at its beginning.
 */
#ifndef PATTERNS_MATCH_FARTHEST_FAILURE_H
#define PATTERNS_MATCH_FARTHEST_FAILURE_H

#include <stddef.h>

struct farthest_failure {
	/* For each byte of the expression, how far into the expression it is;
	 * 0: it does not count. best: the greatest stage that was tried. */
	size_t *stage;
	size_t len, best;
	/* The result: text_at bytes of the text matched, and the item at
	 * regex_at did not. If that is the expression's length, the text had
	 * bytes left. */
	size_t text_at, regex_at;
};

void farthest_failure_begin(struct farthest_failure *, const char *expression);
void farthest_failure_end(struct farthest_failure *);

/* PCRE2 tries the item at regex_at on the text from text_at on. */
void farthest_failure_see(struct farthest_failure *, size_t regex_at,
    size_t text_at);

#endif
