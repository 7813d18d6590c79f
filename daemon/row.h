/*
 * row: the open files of one log, oldest first, and which ones were read to
 * their end before.
 */
#ifndef DAEMON_ROW_H
#define DAEMON_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/fingerprint.h"

struct rotated;
struct tail;

enum {
	ROW_MAX = 32,	   /* open at once */
	ROW_DONE_MAX = 32, /* remembered */
};

/* Zero-initialise it. */
struct row {
	struct tail **tails; /* owned */
	size_t count;
	uint64_t changes; /* counts each insertion and removal */
	struct row_done {
		uint64_t device, inode;
		struct timespec mtime;
		struct fingerprint print; /* of its end */
	} done[ROW_DONE_MAX]; /* a ring */
	size_t ndone;
};

void row_clear(struct row *);

struct tail *row_newest(const struct row *); /* or NULL */
bool row_has(const struct row *, const struct rotated *); /* it is open */

/* It was read to its end, closed, and was not changed since but compressed. */
bool row_has_done(const struct row *, const struct rotated *);

void row_insert(struct row *, size_t at, struct tail *); /* takes it over */
void row_drop(struct row *, size_t at);	  /* closes it and remembers */

/* Makes that file the newest. false: it is already, or is not here. */
bool row_move_to_end(struct row *, const struct rotated *);

/* Room for one more: the oldest file makes it, unless it is still unread. */
bool row_make_room(struct row *);

#endif
