/*
 * tail: one open log file, how far it has been read, and the incomplete line at
 * its end.
 *
 * Every read begins a little before the offset and compares those bytes with
 * what was read there before. So the read itself finds out that a file was
 * truncated, even if it has grown past the offset again, at no extra cost.
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
struct source_sink;
struct unpack;

/* The last bytes before some offset, as they were read. */
struct before {
	size_t len;
	char bytes[FINGERPRINT_TAIL_MAX];
};

struct tail {
	char *path; /* as it was opened */
	int fd;
	struct unpack *unpack; /* NULL: the file is not compressed */
	uint64_t device, inode;
	struct timespec mtime; /* when the end was last seen, or at open */

	uint64_t offset; /* read so far */
	uint64_t place;	 /* where the next line begins, at most offset */
	bool blank;	 /* only NUL bytes so far: a hole, not part of a line */
	uint64_t hole;	 /* its size */
	int64_t seen;	 /* steady ms: since when what comes is new */
	/* Of a first line that was forgotten: up to which offset, and how many
	 * bytes of it are in head, if it comes after no hole. */
	uint64_t forgotten, begun;
	struct linebuf *lines;
	char head[FINGERPRINT_HEAD_MAX]; /* the first bytes, up to offset */
	struct before before_offset, before_place;
	/* Where that line begins, plus 1, of which another file was told that
	 * this ends within it, and of which one of its family was (mark.h); 0:
	 * of none. told: the number of that other file. For doubt.c. */
	uint64_t passed_on, followed, told;
	int64_t doubted; /* steady ms: until when any of its family is */
	uint64_t number;    /* of its insertion; no other has had it */
	/* By which the sink knows the file, and whether it has been told of it,
	 * see from(). Kept if the file is closed for a while. */
	uint64_t origin;
	bool announced;
	/* The first line was dropped for the tail of that number, which ended
	 * there within a line; 0: it was not. For doubt.c. */
	struct {
		uint64_t number, end;
	} doubt;

	/* For follow.c and generations.c; tail.c uses none of them but
	 * finished, which it sets for a compressed file. */
	bool at_end;	 /* the last read came to the end */
	bool finished;	 /* nobody writes to it any more: close it at its end */
	bool continued;	 /* its incomplete line goes on in the next file ... */
	bool doubtful;	 /* ... or in another */
	bool grown;	 /* it got more after its end was first reached */
	bool deleted;	 /* it was seen without a name */
	bool beside;	 /* it is older than the log, but may be written to */
	bool failed;	 /* the last read failed, and that was logged */
	int64_t changed; /* steady ms of the last byte read */
};

/* The size of a read. Large, since the threads that share a backlog wait for
 * each other once per buffer. */
enum { TAIL_BUFFER = 1024 * 1024 };

/* Opens a file at its first byte. NULL: see err, and errno. */
struct tail *tail_open(const char *path, struct err *);
void tail_close(struct tail **);

/* Moves to an offset where a line begins. -1: the file is shorter. */
int tail_seek(struct tail *, uint64_t offset);

/* Hands out the last lines before the offset as past() of the sink. */
void tail_deliver_past(struct tail *, const struct source_sink *);
/* Tells the sink that the lines which come now are of this file, and, before the
 * first that is read of it, which lines are before them. For a pattern. */
void tail_announce(struct tail *, const struct source_sink *);

/* Goes back to the first byte of a file that was truncated. An incomplete line
 * is kept. */
void tail_rewind(struct tail *);

/*
 * If the tail has an incomplete line whose end was lost with a file that was
 * truncated, drops it, with a warning that names that file, and all up to the
 * next newline. Its writer may have gone on with it there, so that what comes
 * next would begin a line with text of a stranger.
 */
void tail_skip_torn(struct tail *, const char *path);
/* The same, where the incomplete line was in another file, of that path. */
void tail_skip_line(struct tail *, const char *path);

/* Whether a line has begun at the place, or is skipped there: if the place is
 * not found again, what comes first may be the rest of it. */
bool tail_place_is_torn(const struct tail *);
/* Whether it ends within a line, as far as it was read. */
bool tail_ends_torn(const struct tail *);
/* Whether it ends within a line of which no other file was told, or none of its
 * family. */
bool tail_rest_may_come(const struct tail *);
bool tail_rest_may_follow(const struct tail *);
/* Whether a copy begins with the first len bytes that were read of the tail, at
 * most those in head. */
bool tail_begins_like(const struct tail *copy, const struct tail *, size_t len);

enum tail_result {
	TAIL_MORE,	/* *got bytes, and there may be more */
	TAIL_END,	/* *got bytes, and this is the end for now */
	TAIL_TRUNCATED, /* the bytes read before are not there any more */
	TAIL_FAILED,	/* see err */
};
/* ahead: about how many bytes will be read by this call and those that follow
 * it at once. */
enum tail_result tail_read(struct tail *, char buffer[TAIL_BUFFER],
			   size_t ahead, const struct source_sink *,
			   size_t *got, struct err *);

/*
 * Before a read: tells the sink whether nobody saw what comes next being
 * written. That is so of what was there before the end of the file was seen;
 * and of what comes within so many ms after the file, or after it was emptied,
 * since it may still be copied from another.
 */
void tail_note_unseen(struct tail *, int64_t soon_ms, int64_t now,
		      const struct source_sink *);

/* Whether the bytes read before are not there any more. */
bool tail_is_truncated(const struct tail *);

/* The fingerprint of the file up to the next line, or up to all that was read.
 * Taken from memory, so it works even if the file has lost those bytes. */
void tail_print_place(const struct tail *, struct fingerprint *);
void tail_print_offset(const struct tail *, struct fingerprint *);
/* The fingerprint of all that the file has now. Its offset is 0 if the file is
 * empty, compressed or unreadable. */
void tail_print_contents(const struct tail *, struct fingerprint *);
/* The fingerprint up to all that was read; if nothing was read, of all that the
 * file has now. */
void tail_print_known(const struct tail *, struct fingerprint *);

/* Whether this is the file of that fingerprint. */
bool tail_holds(const struct tail *, const struct fingerprint *);

/* Whether the file still has a name. */
bool tail_has_name(const struct tail *);

/* Whether there is nothing in it, perhaps compressed. */
bool tail_is_empty(const struct tail *);

/* Whether it has been overwritten to be deleted, as shred(1) does it. */
bool tail_is_noise(const struct tail *);

/* Size and time of change of the file as it is now. */
uint64_t tail_size(const struct tail *);
struct timespec tail_changed(const struct tail *);

/* Whether bytes of a file, at least one, are nothing but NULs. */
bool tail_is_nuls(const char *bytes, size_t len);
/* If a hole is at the offset, where it ends: all bytes up to there are NULs.
 * Otherwise, or if the file system does not tell, the offset itself. */
uint64_t tail_end_of_hole(const struct tail *, uint64_t offset);

/* A fingerprint_read_fn for the bytes of the file; arg is the struct tail. */
int64_t tail_bytes(void *arg, void *buf, uint64_t len, uint64_t offset);

#endif
