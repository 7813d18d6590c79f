/*
 * captures: where the parts of a line are that a rule takes.
 */
#ifndef PATTERNS_CHECK_CAPTURES_H
#define PATTERNS_CHECK_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>

struct recognizer;
struct rule;

/* Offsets in it; 0 to 0 = not there. */
struct captures {
	const struct rule *rule; /* which takes it; NULL: none */
	size_t text;		 /* where the header ends */
	size_t ip, ip_end, user, user_end, session, session_end;
};

/* false: it has no header that is known; then all are 0. */
bool captures_take(struct captures *, struct recognizer *, const char *line,
    size_t len);

#endif
