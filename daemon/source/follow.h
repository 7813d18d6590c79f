/*
 * follow: reads one log across all its rotations, from a list of open files.
 *
 * The oldest file comes first and is read first. A file that was renamed is
 * kept open until it has been quiet for a while, since its writer may not have
 * noticed yet. Events only say when to look. What has happened is found out by
 * comparing the open files with those on disk, so an event that is lost, or a
 * process that was stopped, does no harm.
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
	FOLLOW_QUIET_MS = 60 * 1000, /* after that, an old file is closed */
	FOLLOW_GONE_MS = 2000,	     /* after that, a missing log is reported */
	FOLLOW_RETRY_MS = 1000, /* for a file that cannot be opened or read */
};

struct follow *follow_new(const char *spec, const struct source_sink *);
void follow_free(struct follow **);

/* Opens what start asks for. If there is no log, waits for it; with start->once
 * that is an error, -1. now: steady ms, here and below. */
int follow_start(struct follow *, const struct source_start *, int64_t now,
		 struct err *);

/* Compares the open files with those on disk and opens new ones. */
void follow_look(struct follow *, int64_t now);

/* Reads about `budget` bytes, oldest file first. True if there is more. */
bool follow_read(struct follow *, size_t budget, int64_t now);

/* Closes files that have been quiet, reports a log that is missing for too
 * long, and looks again for files that could not be opened. Returns the
 * milliseconds until it should be called again; -1: no need. */
int64_t follow_tend(struct follow *, int64_t now);

/* A counter of files opened and closed. When it changes, the descriptors to
 * watch have changed. */
uint64_t follow_changes(const struct follow *);
uint64_t follow_bytes(const struct follow *); /* read so far */
size_t follow_count(const struct follow *);
/* The descriptor of the file number i; -1 if nobody writes to it any more. */
int follow_fd(const struct follow *, size_t i);

/* How many bytes of the open files were not read yet. Compressed files do not
 * count. */
uint64_t follow_lag(const struct follow *);

/* Position number i: the first is where to begin, the others of a pattern are
 * of files that may be written to at the same time. -1: no more. */
int follow_position(const struct follow *, size_t i, struct logpos *);

#endif
