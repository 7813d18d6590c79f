/*
 * fingerprint: which file is this, and is my place in it still mine?
 *
 * Inode numbers are reused at once on ext4 and xfs, and a truncated log grows
 * again under the same inode. So a place in a log is known by the bytes at
 * its beginning and the bytes just before the place.
 */
#ifndef BASE_FINGERPRINT_H
#define BASE_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum { FINGERPRINT_HEAD_MAX = 1024, FINGERPRINT_TAIL_MAX = 256 };

struct fingerprint {
	uint64_t offset;   /* the place */
	uint32_t head_len; /* min(offset, HEAD_MAX) bytes from 0 ... */
	uint32_t tail_len; /* min(offset, TAIL_MAX) bytes before offset ... */
	uint64_t head;	   /* ... and their hashes */
	uint64_t tail;
};

/* How bytes of the file are read: pread(2), or through gzip for old logs.
 * Returns len, less at the end of file, or -1. */
typedef int64_t fingerprint_read_fn(void *arg, void *buf, uint64_t len,
    uint64_t offset);

/* 0, or -1 (cannot be read, or shorter than offset). */
int fingerprint_take(struct fingerprint *, fingerprint_read_fn *, void *arg,
    uint64_t offset, struct err *);

/* Whether the same bytes still stand there: true, false (also if unreadable). */
bool fingerprint_matches(const struct fingerprint *, fingerprint_read_fn *,
    void *arg);

/* fingerprint_read_fn for a descriptor: arg is an int *. */
int64_t fingerprint_pread(void *arg, void *buf, uint64_t len, uint64_t offset);

#endif
