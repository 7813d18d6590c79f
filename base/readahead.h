/*
 * readahead: which blocks of a file are about to be read, for whoever may read
 * them by several threads.
 *
 * Each block begins with the last READAHEAD_AGAIN bytes of the one before, so
 * its reader sees whether both are of the same file, however much later, or
 * earlier, the other one was read.
 */
#ifndef BASE_READAHEAD_H
#define BASE_READAHEAD_H

#include <stdint.h>

#include "base/fingerprint.h"

/* A processor's cache holds two blocks, and what is found in them. */
enum {
	READAHEAD_BLOCK = 128 * 1024,
	READAHEAD_AGAIN = FINGERPRINT_TAIL_MAX
};

struct readahead {
	fingerprint_read_fn *fn; /* may be called by other threads */
	void *file;
	uint64_t offset; /* of the block that is needed now */
	uint64_t until;	 /* no block is needed that ends after this */
};

#endif
