/*
 * farthest_failure: how far did an expression get with a text that it does not fit?
 *
 * Of all the ways that were tried, the one counts that got furthest in the
 * expression, not in the text: `.*' gets to the end of any text, and says
 * nothing. Alternatives count as one place; of them, the one counts that got
 * furthest in the text. What only looks ahead or back counts at its beginning.
 */
#ifndef PATTERNS_MATCH_FARTHEST_FAILURE_H
#define PATTERNS_MATCH_FARTHEST_FAILURE_H

#include <stddef.h>

struct farthest_failure {
	size_t *stage; /* of each byte of the expression, 0 = does not count */
	size_t len, best;
	/* The furthest: so many bytes of the text fitted, and then this part
	 * of the expression was wanted; its length: nothing more was wanted. */
	size_t text_at, regex_at;
};

void farthest_failure_begin(struct farthest_failure *, const char *expression);
void farthest_failure_end(struct farthest_failure *);

/* The item of the expression at regex_at is tried at text_at. */
void farthest_failure_see(struct farthest_failure *, size_t regex_at, size_t text_at);

#endif
