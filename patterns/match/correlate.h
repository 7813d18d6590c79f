/*
 * correlate: joins logins that a server logs in two lines.
 *
 * The first line (a rule's connect) names the client's address, the second
 * (its login) says that somebody logged in. They belong together if the rule,
 * the host, the program and the pid are the same. A connect is good for one
 * login. It is forgotten at the rule's `end`, and after some time, measured by
 * the time of the lines, never by the clock. A line without a pid cannot be
 * joined with any other.
 *
 * If a second connect of a process comes from another address while the first
 * still waits for a login, either the pid was used again, or somebody else
 * wrote one of the two lines. It is not known which, so the login that follows
 * counts for nobody.
 * Whoever can write one line under a server's name can thus spoil a login, but
 * not turn it to another address. If they write the login itself, after a
 * connect of their own, this is not detected here.
 *
 * Bounded: when there are too many, the oldest connect is dropped.
 */
#ifndef PATTERNS_MATCH_CORRELATE_H
#define PATTERNS_MATCH_CORRELATE_H

#include <stddef.h>
#include <time.h>

struct err;
struct logline;
struct match;
struct ruleset;
struct correlate;

enum {
	CORRELATE_MAX = 65536,	/* connects that wait for their login */
	CORRELATE_SECONDS = 600, /* ... for this long */
	CORRELATE_STEP = 10,	/* how far the log's clock may be set back */
};

struct correlate *correlate_new(size_t max);
void correlate_free(struct correlate **);
void correlate_clear(struct correlate *);
/* Adds the connects of another, with other rules: those of which the ruleset has
 * a rule of the same name. */
void correlate_carry(struct correlate *, const struct correlate *from,
    const struct ruleset *);

/*
 * Takes what matcher_match() found in a line, and the line's time. 1: a login;
 * the match now has the address and the user of both lines (borrowed until the
 * next call). 0: no login, or not yet. -1: no login; err says why.
 */
int correlate_join(struct correlate *, const struct logline *, struct match *,
    time_t when, struct err *);

#endif
