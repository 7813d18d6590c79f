/*
 * journal_ahead: reads a long backlog of the journal with several threads.
 *
 * The time after the entry that was read last is divided into slices. Each
 * thread reads the next slice that nobody reads yet, and the batches are handed
 * out in the order of the slices. Where the slices do not join exactly (a clock
 * was set back, a file was removed), they end, and the caller reads on from
 * there by itself.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_AHEAD_H
#define DAEMON_JOURNAL_JOURNAL_AHEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_ahead;
struct journal_batch;
struct journal_spec;
struct journal_tags;

/* The entry that was read last, and how fast entries came until then. */
struct journal_pace {
	const char *cursor;	     /* copied */
	uint64_t usec;		     /* when it came */
	uint64_t entries, took_usec; /* so many came in this time */
};

/*
 * Begins after that entry, with as many threads as there are processors. NULL:
 * there is only one processor, or no thread can be started. The spec must
 * outlive it; the tags are copied.
 */
struct journal_ahead *journal_ahead_new(const struct journal_spec *,
					const struct journal_tags *,
					const struct journal_pace *);
void journal_ahead_free(struct journal_ahead **);

/* The next batch, with the cursor of its last entry; waits for it. Borrowed
 * until the next call. NULL: there are no more that join. */
const struct journal_batch *journal_ahead_next(struct journal_ahead *);

/* As journal_tags_ask(); counts for slices that are begun later. */
void journal_ahead_ask(struct journal_ahead *,
		       bool (*ignores)(void *arg, const char *tag, size_t len),
		       void *arg);

#endif
