/*
 * follow: one log over all its rotations, as a row of open files.
 *
 * The oldest file stands first and is read first. A file that was renamed away
 * is kept until it has been quiet for a while, since its writer may not have
 * noticed yet. What happened is never concluded from events: they only say when
 * to look, and looking compares what is open with what is there. So an event
 * that is lost, or a process that is stopped, costs nothing.
 */
#ifndef DAEMON_SOURCE_FOLLOW_H
#define DAEMON_SOURCE_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct follow;
struct logpos;
struct source_sink;
struct source_start;

enum {
	FOLLOW_QUIET_MS = 60 * 1000, /* then an old file is closed */
	FOLLOW_GONE_MS = 2000, /* a log that is away longer is worth a word */
	FOLLOW_RETRY_MS = 1000, /* what is there, but cannot be opened or read */
};

struct follow *follow_new(const char *spec, const struct source_sink *);
void follow_free(struct follow **);

/* Opens what start asks for; a log that is not there is waited for. With
 * start->once that is an error: -1. */
int follow_start(struct follow *, const struct source_start *, int64_t now,
    struct err *);

/* Compares with what is there and opens what is new. now: steady ms. */
void follow_look(struct follow *, int64_t now);

/* Reads about so many bytes, oldest file first. true: there is more. */
bool follow_read(struct follow *, size_t budget, int64_t now);

/* Closes what has been quiet, says what is overdue, looks again for what could
 * not be opened. Milliseconds until it wants to be called again, -1 = never. */
int64_t follow_tend(struct follow *, int64_t now);

/* Counts each file that was opened or closed: when it changes, watch anew. */
uint64_t follow_changes(const struct follow *);
uint64_t follow_bytes(const struct follow *); /* read so far */
size_t follow_count(const struct follow *);
int follow_fd(const struct follow *, size_t i); /* -1: nobody writes to it */

int follow_position(const struct follow *, struct logpos *); /* 0; -1: none */

#endif
