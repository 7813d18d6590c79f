/*
 * replay: a backlog of lines, recognized by several threads, told in order.
 *
 * A line by itself is the same whoever looks at it; only what is made of it
 * (logins in two lines, sessions, the table) depends on the lines before. So a
 * block of lines is cut into pieces at ends of lines, each thread takes the
 * next piece and notes what it found, and the caller is told all of it as if it
 * had read line by line. The caller's thread takes pieces, too: where there is
 * no other, it takes them all.
 *
 * Threads are for catching up only: a daemon that follows its log has none.
 * They wait between two blocks, hold no lock while they work, allocate nothing
 * but the machine code of an expression that is run for the first time,
 * and let signals go to the others.
 */
#ifndef DAEMON_REPLAY_H
#define DAEMON_REPLAY_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "patterns/match/recognizer.h"

struct replay;

/* Counted over all blocks. */
struct replay_stats {
	uint64_t lines, headerless;
};

/* The recognizer must outlive it; joins are not its matter. helpers: threads
 * beside the caller's, at most REPLAY_HELPERS_MAX. */
enum { REPLAY_HELPERS_MAX = 3 };
struct replay *replay_new(const struct recognizer *, unsigned int helpers);
void replay_free(struct replay **);

/* How many helpers this machine has CPUs for. */
unsigned int replay_helpers(void);

/* What recognize_alone() found in a line, but for what is nothing and what has
 * no header. A doubtful line is told without the reason. Borrowed. */
typedef void replay_fn(void *arg, enum finding, struct found *);

/* Whole lines, each with its end. Calls fn in their order, and returns. */
void replay_block(struct replay *, const char *lines, size_t len, time_t now,
    replay_fn *, void *arg);

struct replay_stats replay_stats(const struct replay *);

#endif
