/*
 * scan_pool: several threads recognize a backlog of lines; findings are
 * reported in the order of the lines.
 *
 * What a rule finds in a line does not depend on earlier lines. What is done
 * with a finding does depend on them (logins in two lines, sessions, the
 * table), so the caller does that part, in order. So a block is cut into pieces
 * at line ends, each thread takes the next piece and notes its findings, and
 * the caller gets them as if it had read line by line. The caller's thread
 * takes pieces as well, once it has read the next block, and does all of them
 * if it is alone.
 *
 * Threads are for catching up only: a daemon that follows its log has none.
 * They wait between blocks, hold no lock while they work, block all signals,
 * and allocate only what grows with the findings of a piece, and what is made
 * when a program is first seen: its filter, and the machine code of an
 * expression.
 */
#ifndef DAEMON_PIPELINE_SCAN_POOL_H
#define DAEMON_PIPELINE_SCAN_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "patterns/match/recognizer.h"

struct scan_pool;

/* Counted over all blocks. */
struct scan_pool_stats {
	uint64_t lines, headerless;
	/* The first line without header; NULL: none. Valid as long as its
	 * block. */
	const char *unread;
	size_t unread_len;
};

/* The recognizer must outlive the pool. threads: how many beside the caller's,
 * at most SCAN_POOL_THREADS_MAX. */
enum { SCAN_POOL_THREADS_MAX = 3 };
struct scan_pool *scan_pool_new(const struct recognizer *,
				unsigned int threads);
void scan_pool_free(struct scan_pool **);

/* Called for each line in which recognize_alone() found anything; a line
 * without a known header is only counted. The struct found is borrowed: it is
 * valid during the call alone. The reason why a line is doubtful is not kept:
 * recognize it again for that. */
typedef void scan_pool_fn(void *arg, enum finding, struct found *);

/* Takes whole lines, each with its newline, which the other threads begin to
 * recognize. They are borrowed until scan_pool_finish() returns, which does the
 * rest and calls fn in their order. False: nothing is gained by waiting with
 * that, since no other thread has anything to do. */
bool scan_pool_begin(struct scan_pool *, const char *lines, size_t len,
		     time_t now);
void scan_pool_finish(struct scan_pool *, scan_pool_fn *, void *arg);

/*
 * Reads a block of a file. Meanwhile the other threads read those that follow
 * it, and each recognizes at once what it has read, while that is in its
 * processor's cache. *bytes is borrowed until the next call; if the lines in it
 * are then passed to scan_pool_begin(), they are recognized already.
 * False: the block could not be read, not as a whole, or need not be read here.
 * After scan_pool_read_end() no thread reads any more.
 */
struct readahead;
bool scan_pool_read(struct scan_pool *, const struct readahead *, time_t now,
		    const char **bytes);
void scan_pool_read_end(struct scan_pool *);

struct scan_pool_stats scan_pool_stats(const struct scan_pool *);

#endif
