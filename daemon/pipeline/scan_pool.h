/*
 * scan_pool: a backlog of lines, recognized by several threads, told in order.
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
#ifndef DAEMON_PIPELINE_SCAN_POOL_H
#define DAEMON_PIPELINE_SCAN_POOL_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "patterns/match/recognizer.h"

struct scan_pool;

/* Counted over all blocks. */
struct scan_pool_stats {
	uint64_t lines, headerless;
};

/* The recognizer must outlive it; joins are not its matter. helpers: threads
 * beside the caller's, at most SCAN_POOL_THREADS_MAX. */
enum { SCAN_POOL_THREADS_MAX = 3 };
struct scan_pool *scan_pool_new(const struct recognizer *, unsigned int helpers);
void scan_pool_free(struct scan_pool **);

/* How many helpers this machine has CPUs for. */
unsigned int scan_pool_threads(void);

/* What recognize_alone() found in a line, but for what is nothing and what has
 * no header. A doubtful line is told without the reason. Borrowed. */
typedef void scan_pool_fn(void *arg, enum finding, struct found *);

/* Whole lines, each with its end. Calls fn in their order, and returns. */
void scan_pool_block(struct scan_pool *, const char *lines, size_t len, time_t now,
    scan_pool_fn *, void *arg);

struct scan_pool_stats scan_pool_stats(const struct scan_pool *);

#endif
