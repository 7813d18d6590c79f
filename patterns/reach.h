/*
 * reach: how far did an expression get with a text that it does not fit?
 *
 * Of all the ways that were tried, the one counts that got furthest in the
 * expression, not in the text: `.*' gets to the end of any text, and says
 * nothing. Alternatives count as one place; of them, the one counts that got
 * furthest in the text. What only looks ahead or back counts at its beginning.
 */
#ifndef PATTERNS_REACH_H
#define PATTERNS_REACH_H

#include <stddef.h>

struct reach {
	size_t *stage; /* of each byte of the expression, 0 = does not count */
	size_t len, best;
	/* The furthest: so many bytes of the text fitted, and then this part
	 * of the expression was wanted; its length: nothing more was wanted. */
	size_t text_at, expression_at;
};

void reach_begin(struct reach *, const char *expression);
void reach_end(struct reach *);

/* The item of the expression at expression_at is tried at text_at. */
void reach_see(struct reach *, size_t expression_at, size_t text_at);

#endif
