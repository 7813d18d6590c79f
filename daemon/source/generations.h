/*
 * generations: the open files of one log, oldest first, and which ones were read to
 * their end before.
 */
#ifndef DAEMON_SOURCE_GENERATIONS_H
#define DAEMON_SOURCE_GENERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/fingerprint.h"

struct rotated;
struct tail;

enum {
	GENERATIONS_MAX = 32,	   /* open at once */
	GENERATIONS_DONE_MAX = 32, /* remembered */
};

/* Zero-initialise it. */
struct generations {
	struct tail **tails; /* owned */
	size_t count;
	uint64_t changes; /* counts each insertion and removal */
	struct generations_done {
		uint64_t device, inode;
		struct timespec mtime;
		struct fingerprint print; /* of its end */
	} done[GENERATIONS_DONE_MAX]; /* a ring */
	size_t ndone;
};

void generations_clear(struct generations *);

struct tail *generations_newest(const struct generations *); /* or NULL */
bool generations_has(const struct generations *, const struct rotated *); /* it is open */

/* It was read to its end, closed, and was not changed since but compressed. */
bool generations_has_done(const struct generations *, const struct rotated *);

void generations_insert(struct generations *, size_t at, struct tail *); /* takes it over */
void generations_drop(struct generations *, size_t at);	  /* closes it and remembers */

/* Makes that file the newest. false: it is already, or is not here. */
bool generations_move_to_end(struct generations *, const struct rotated *);

/* Room for one more: the oldest file makes it, unless it is still unread. */
bool generations_make_room(struct generations *);

#endif
