/*
 * captures: where in a line a rule captures something.
 */
#ifndef PATTERNS_CHECK_CAPTURES_H
#define PATTERNS_CHECK_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>

struct recognizer;
struct rule;

/* Offsets in the line; 0 to 0: not captured. */
struct captures {
	const struct rule *rule; /* that matches; NULL: none does */
	size_t text;		 /* where the header ends */
	size_t ip, ip_end, user, user_end, session, session_end;
};

/* Fills in *out. false: the line has no known header, and all are 0. */
bool captures_find(struct captures *out, struct recognizer *,
    const char *line, size_t len);

#endif
