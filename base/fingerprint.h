/*
 * fingerprint: recognizes a position in a log file.
 *
 * Inode numbers are no proof: ext4 and xfs reuse them at once, and a truncated
 * log grows again under the same inode. So a position is recognized by the
 * bytes at the beginning of the file and the bytes just before the position.
 */
#ifndef BASE_FINGERPRINT_H
#define BASE_FINGERPRINT_H

#include <stdbool.h>
#include <stdint.h>

struct err;

enum { FINGERPRINT_HEAD_MAX = 1024, FINGERPRINT_TAIL_MAX = 256 };

struct fingerprint {
	uint64_t offset;   /* the position */
	uint32_t head_len; /* min(offset, HEAD_MAX) bytes from 0 ... */
	uint32_t tail_len; /* min(offset, TAIL_MAX) bytes before offset ... */
	uint64_t head;	   /* ... and their hashes */
	uint64_t tail;
};

/* Reads bytes of the file: with pread(2), or from a compressed old log. Returns
 * len, less at the end of the file, or -1. */
typedef int64_t fingerprint_read_fn(void *arg, void *buf, uint64_t len,
    uint64_t offset);

/* Takes the fingerprint at offset. 0, or -1: the file cannot be read or is
 * shorter than offset. */
int fingerprint_take(struct fingerprint *, fingerprint_read_fn *, void *arg,
    uint64_t offset, struct err *);

/* Whether the file still has those bytes there. False if it cannot be read. */
bool fingerprint_matches(const struct fingerprint *, fingerprint_read_fn *,
    void *arg);

/*
 * Whether a file begins with bytes that no log has, as shred(1) writes them. Of
 * ten bytes of noise, one is a control byte other than ESC, white space and
 * NUL, which a crash leaves. Servers do not let a client write so many.
 */
bool fingerprint_is_noise(fingerprint_read_fn *, void *arg);

/* The fingerprint_read_fn for a descriptor; arg is an int *. */
int64_t fingerprint_pread(void *arg, void *buf, uint64_t len, uint64_t offset);

#endif
