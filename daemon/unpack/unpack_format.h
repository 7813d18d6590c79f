/*
 * unpack_format: one way of compressing, for unpack.c, which knows them all.
 */
#ifndef DAEMON_UNPACK_UNPACK_FORMAT_H
#define DAEMON_UNPACK_UNPACK_FORMAT_H

#include <stddef.h>

/* What a step may read and write. The step advances both. */
struct unpack_io {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
};

enum unpack_result {
	UNPACK_DAMAGED, /* or it needs too much memory */
	UNPACK_INSIDE,	/* more has to come */
	UNPACK_COMPLETE /* the end of the stream */
};

struct unpack_format {
	const char *suffix;
	const char *magic; /* the bytes at offset `at` */
	const char *empty; /* these in a file without data; NULL: the same */
	size_t magic_len, at;
	void *(*open)(void); /* NULL: failed */
	void (*close)(void *state);
	/* Decompresses until the input is used up or the output is full. */
	enum unpack_result (*step)(void *state, struct unpack_io *);
};

extern const struct unpack_format unpack_gzip;
extern const struct unpack_format unpack_bzip2; /* not if WITHOUT_BZIP2 */
extern const struct unpack_format unpack_xz;	/* not if WITHOUT_XZ */
extern const struct unpack_format unpack_zstd;	/* not if WITHOUT_ZSTD */

#endif
