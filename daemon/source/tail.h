/*
 * tail: one open log file, how far it was read, and the line that is not whole
 * yet.
 *
 * Every read begins a little before the place and compares what stands there
 * with what was read before. So a file that was truncated, also one that has
 * grown past the place again, is found by the read itself, and costs nothing.
 */
#ifndef DAEMON_SOURCE_TAIL_H
#define DAEMON_SOURCE_TAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/fingerprint.h"
#include "base/linebuf.h"

struct err;
struct gzlog;
struct source_sink;

/* The last bytes before some place, as they were read. */
struct before {
	size_t len;
	char bytes[FINGERPRINT_TAIL_MAX];
};

struct tail {
	char *path; /* as it was opened */
	int fd;
	struct gzlog *old; /* compressed; else NULL */
	uint64_t device, inode;
	struct timespec mtime; /* when the end was last seen, or at open */

	uint64_t offset; /* read so far */
	uint64_t place;	 /* of the next whole line, at most offset */
	bool blank;    /* nothing but NUL bytes so far: a hole, part of no line */
	uint64_t hole; /* how many */
	struct linebuf *lines;
	char head[FINGERPRINT_HEAD_MAX]; /* the first bytes, up to offset */
	struct before before_offset, before_place;

	/* The follower's own notes. */
	bool at_end;	 /* the last read came to the end */
	bool finished;	 /* nobody writes here any more: close at the end */
	bool continued;	 /* its torn line goes on in the next file */
	bool failed;	 /* the last read failed, and that was said */
	int64_t changed; /* steady ms of the last byte read */
};

/* What tail_read() wants. A backlog is taken apart by several threads, who get
 * in step once for each buffer. */
enum { TAIL_BUFFER = 1024 * 1024 };

/* Opens at the first byte. NULL: err, and errno. */
struct tail *tail_open(const char *path, struct err *);
void tail_close(struct tail **);

/* Moves to a place where a line begins. -1: it cannot be read up to there. */
int tail_seek(struct tail *, uint64_t offset);

/* Back to the first byte of a file that was truncated; the torn line, if any,
 * is kept: its writer goes on with it. */
void tail_rewind(struct tail *);

enum tail_result {
	TAIL_MORE, /* *got bytes, and there may be more */
	TAIL_END,  /* *got bytes, and this is the end for now */
	TAIL_TRUNCATED, /* what was read before is no longer there */
	TAIL_FAILED, /* err */
};
enum tail_result tail_read(struct tail *, char buffer[TAIL_BUFFER],
    const struct source_sink *, size_t *got, struct err *);

/* The proof of the place of the next whole line, or of all that was read: from
 * memory, also when the file has lost those bytes. */
void tail_print_place(const struct tail *, struct fingerprint *);
void tail_print_offset(const struct tail *, struct fingerprint *);

/* Whether the file holds that place. */
bool tail_holds(const struct tail *, const struct fingerprint *);

/* Whether the file still has a name. */
bool tail_has_name(const struct tail *);

/* Of the file, as it is now. */
uint64_t tail_size(const struct tail *);
struct timespec tail_changed(const struct tail *);

/* Bytes in the file by fingerprint_read_fn; arg is the const struct tail *. */
int64_t tail_bytes(void *arg, void *buf, uint64_t len, uint64_t offset);

#endif
