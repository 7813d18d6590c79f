/*
 * generations: the open files of one log, oldest first, and which files have
 * been read to their end and closed.
 */
#ifndef DAEMON_SOURCE_GENERATIONS_H
#define DAEMON_SOURCE_GENERATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/fingerprint.h"

struct logpos;
struct rotated;
struct rotation;
struct tail;

enum {
	GENERATIONS_MAX = 32,	   /* open at once */
	GENERATIONS_DONE_MAX = 64, /* remembered after they were closed */
};

/* Zero-initialize it. */
struct generations {
	struct tail **tails; /* owned */
	size_t count;
	uint64_t changes; /* counts each insertion and removal */
	struct generations_done {
		uint64_t device, inode;
		/* mtime: 0 if the last run has read it */
		struct timespec mtime, birth;
		struct fingerprint print; /* up to its last line */
		bool torn; /* what came then may be the rest of a line */
		uint64_t passed_on, followed, origin; /* see tail.h */
	} done[GENERATIONS_DONE_MAX];	  /* the newest last */
	size_t ndone;
};

void generations_clear(struct generations *);

struct tail *generations_newest(const struct generations *); /* or NULL */
/* Whether the file is open, or is an open one after it was compressed. */
bool generations_has(const struct generations *, const struct rotated *);

/* Whether the file was read to its end and closed, and has not changed since,
 * except that it may have been compressed. */
bool generations_has_done(const struct generations *, const struct rotated *);

/* How many of the first `end` files of the list there are up to the newest that
 * is open or was read; 0: none is. */
size_t generations_known(const struct generations *, const struct rotation *,
			 size_t end);

/* Among the files of one link: 1 if file i of the list follows one that is open
 * or was read, 0 if it was read itself or only precedes such; -1: nothing
 * tells. */
int generations_follows_link(const struct generations *,
			     const struct rotation *, size_t i);

/* The same file, under any name: 1 if it has changed since, 0 if not; -1: it was
 * not read and closed in this run, or nothing tells that it is the same. */
int generations_done_changed(const struct generations *,
			     const struct rotated *);

/* If the file was read and closed before and has only grown since, moves the
 * tail to where reading ended. If it begins again, its first line may be the
 * rest of the one in which it ended then, and is not to be believed. */
void generations_seek_done(const struct generations *, struct tail *);
/* Remembers that the file was read up to its place. */
void generations_remember(struct generations *, const struct tail *);
/* That this file was read so far by the last run. */
void generations_know(struct generations *, const struct logpos *);
/* Where file number i of those was left that were read and closed, and are not
 * open again; torn as above. False: there are no more. */
bool generations_left(const struct generations *, size_t i, struct logpos *);

/* Takes over the tail. */
void generations_insert(struct generations *, size_t at, struct tail *);
/* Closes the file and remembers that it has been read. */
void generations_drop(struct generations *, size_t at);

/* Makes the file the newest. False if it is the newest already, or not open. */
bool generations_move_to_end(struct generations *, const struct rotated *);

/* Makes room for one more file, by closing the oldest that has been read to its
 * end if need be. False: none has. */
bool generations_make_room(struct generations *);

/*
 * Recovers lines that the file at `at` lost unread when copytruncate emptied
 * it. Such lines are in the copy that copytruncate made, and perhaps in files
 * between that and this. So this looks for the copy among the rotated files of
 * spec, and inserts it and those before the file, to be read first. If no file
 * is the copy, it inserts those after the newest that is open or was read, or
 * without one of these all that changed after the end of the file was last
 * seen. Returns how many it has inserted. now: steady ms.
 */
size_t generations_recover(struct generations *, size_t at, const char *spec,
			   int64_t now);
/* Whether the file was truncated, and both its copy and the file itself, which
 * may be compressed by now, are listed: then it is known what to insert. */
bool generations_can_recover(const struct generations *, size_t at,
			     const char *spec);

#endif
