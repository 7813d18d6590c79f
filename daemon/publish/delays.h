/*
 * delays: when the logins were that a map does not show yet, so as to know how
 * long each has waited when it does.
 *
 * Pure. The time of a login is that of its line, in whole seconds.
 */
#ifndef DAEMON_PUBLISH_DELAYS_H
#define DAEMON_PUBLISH_DELAYS_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct histogram;

/* Different seconds that are told apart. Logins of any others count as of the
 * earliest: their delay seems longer than it was, never shorter. */
enum { DELAYS_MAX = 16 };

struct delays {
	struct {
		time_t when;
		uint64_t logins;
	} list[DELAYS_MAX];
	size_t count;
};

void delays_note(struct delays *, time_t when);

/* The map shows them all. wall_ms: now, by the clock of the logins. */
void delays_end(struct delays *, int64_t wall_ms, struct histogram *);

#endif
