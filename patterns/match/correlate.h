/*
 * correlate: logins that a server tells in two lines, joined.
 *
 * The first line (a rule's connect) names the client's address, the second
 * (its login) says that somebody logged in. What makes them one is the rule,
 * the host, the program and the pid. A connect is good for one login; `end`
 * forgets it, and so does time: the time of the lines, never that of the clock
 * on the wall. A line without a pid cannot be joined with anything.
 *
 * A second connect of a process whose first still waits, from elsewhere: the
 * pid was used again, or one of the two was written by somebody else. Which is
 * not to be told, so a login that follows is nobody's. Who can write one line
 * under a server's name can thus spoil a login, but not bend it to another
 * address. That he writes the login itself, after he has connected, nothing
 * here can tell.
 *
 * Bounded: when there are too many, the one that came first goes.
 */
#ifndef PATTERNS_MATCH_CORRELATE_H
#define PATTERNS_MATCH_CORRELATE_H

#include <stddef.h>
#include <time.h>

struct err;
struct logline;
struct match;
struct correlate;

enum {
	CORRELATE_MAX = 65536,	/* connects that wait for their login */
	CORRELATE_SECONDS = 600, /* ... for this long */
	CORRELATE_STEP = 10,	/* how far the log's clock may be set back */
};

struct correlate *correlate_new(size_t max);
void correlate_free(struct correlate **);
void correlate_clear(struct correlate *);
size_t correlate_count(const struct correlate *);

/*
 * What matcher_match() found in a line, and the line's time. 1: a login, the
 * match now has the address and the user of both lines (borrowed until the
 * next call). 0: none, or not yet. -1: none, and worth saying.
 */
int correlate_join(struct correlate *, const struct logline *, struct match *,
    time_t when, struct err *);

#endif
