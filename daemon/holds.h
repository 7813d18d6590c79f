/*
 * holds: which sessions are open, and whose addresses they hold.
 *
 * A session is known by a key: the server that speaks, the host, and the name
 * the server gives to the session; or, where it gives none, the client's
 * address and the process that serves it. One that nobody names so exactly is
 * counted: as many ends as there were beginnings.
 *
 * Pure: no clock, no I/O. Only a session that was seen to begin can end, so an
 * end that somebody made up does nothing; and it does nothing but end. The
 * lines of an end and a beginning may come in the wrong order, since two
 * processes write them: the end of a session that has a name is remembered for
 * a minute.
 *
 * Bounded: nothing is kept for longer than a session may last; when there are
 * too many, the oldest goes.
 */
#ifndef DAEMON_HOLDS_H
#define DAEMON_HOLDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "patterns/match/recognizer.h"

struct holds;

enum {
	HOLDS_MAX = 262144,  /* sessions; some 40 MB */
	HOLDS_ENDED_MAX = 1024, /* ends that came before their beginning ... */
	HOLDS_ENDED_SECONDS = 60, /* ... wait for it this long */
};

enum hold_kind {
	HOLD_COUNTED, /* by host and address: others may have the same key */
	HOLD_PROCESS, /* by a pid, too */
	HOLD_NAMED    /* by the server's name for it */
};

/* A session's key, hashed: 128 bits under seeds that nobody knows. */
struct hold_key {
	uint64_t bits[2];
	enum hold_kind kind;
};

/* longest: how long a session may last (seconds). */
struct holds *holds_new(uint32_t longest, size_t max);
void holds_free(struct holds **);
void holds_set_longest(struct holds *, uint32_t longest);
size_t holds_count(const struct holds *);

/* The session of a login or a logout. */
struct hold_key holds_key(const struct holds *, const struct found *,
    enum naming);

/*
 * A session of addr began. True: it is open. False: its end came first. When
 * another had to go for it, *gone is whose that was, else of family 0.
 */
bool holds_begin(struct holds *, const struct hold_key *, const struct addr *,
    time_t when, struct addr *gone);

/* A session ended. True: it was open, *addr is whose it was. */
bool holds_end(struct holds *, const struct hold_key *, time_t when,
    struct addr *addr);

/* Until when the sessions of addr that are open can last, by their beginning:
 * 0 = none is. */
time_t holds_until(const struct holds *, const struct addr *);

/* For the checkpoint: the seeds, and each session from the oldest on; start
 * with *at = NULL; false = end. */
struct hold_row {
	struct hold_key key;
	struct addr addr;
	time_t when;
	unsigned int count; /* 1, unless HOLD_COUNTED */
};
void holds_seeds(const struct holds *, uint64_t seeds[2]);
void holds_set_seeds(struct holds *, const uint64_t seeds[2]);
bool holds_next(const struct holds *, const void **at, struct hold_row *);
void holds_restore(struct holds *, const struct hold_row *);

#endif
