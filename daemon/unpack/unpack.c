#include "daemon/unpack/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fingerprint.h"
#include "daemon/unpack/unpack_format.h"

enum { BLOCK = 64 * 1024, MAGIC_MAX = 8 };

static const struct unpack_format *const formats[] = {
    &unpack_gzip,
#ifndef WITHOUT_BZIP2
    &unpack_bzip2,
#endif
#ifndef WITHOUT_XZ
    &unpack_xz,
#endif
#ifndef WITHOUT_ZSTD
    &unpack_zstd,
#endif
};
enum { NFORMATS = sizeof(formats) / sizeof(formats[0]) };

struct unpack {
	const struct unpack_format *format;
	void *state;
	int fd;
	uint64_t packed;   /* bytes taken from the file */
	uint64_t unpacked; /* bytes handed on */
	uint64_t stream;   /* where the stream began, of those */
	struct unpack_io io;
	enum unpack_result result; /* of the last step */
	bool ended;
	unsigned char block[BLOCK];
};

/* ---- which format ---- */

static const char *
find_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), n = strlen(suffix);

	return len > n && strcmp(name + len - n, suffix) == 0 ? name + len - n
							      : NULL;
}

const char *
unpack_suffix(const char *name, bool *readable)
{
	static const char *const others[] = {".bz2", ".xz",   ".zst",
					     ".lz4", ".lzma", ".Z"};
	const char *found = NULL;

	*readable = true;
	for (size_t i = 0; i < NFORMATS && found == NULL; i++)
		found = find_suffix(name, formats[i]->suffix);
	if (found != NULL)
		return found;
	*readable = false;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if ((found = find_suffix(name, others[i])) != NULL)
			return found;
	return NULL;
}

static bool
has_magic(int fd, const struct unpack_format *format)
{
	char bytes[MAGIC_MAX];

	return fingerprint_pread(&fd, bytes, format->magic_len, format->at) ==
		   (int64_t)format->magic_len &&
	       (memcmp(bytes, format->magic, format->magic_len) == 0 ||
		(format->empty != NULL &&
		 memcmp(bytes, format->empty, format->magic_len) == 0));
}

/* ---- life ---- */

/* Begins the next stream: files may have been joined, as by cat(1). */
static int
begin_stream(struct unpack *u)
{
	if (u->state != NULL)
		u->format->close(u->state);
	u->state = u->format->open();
	u->stream = u->unpacked;
	u->result = UNPACK_INSIDE;
	return u->state != NULL ? 0 : -1;
}

/* Goes back to the first byte. */
static int
begin(struct unpack *u)
{
	u->packed = u->unpacked = 0;
	u->io.in_len = 0;
	u->ended = false;
	return begin_stream(u);
}

struct unpack *
unpack_open(int fd)
{
	struct unpack *u;
	size_t i = 0;

	while (i < NFORMATS && !has_magic(fd, formats[i]))
		i++;
	if (i == NFORMATS)
		return NULL;
	u = alloc_zero(1, sizeof(*u));
	u->format = formats[i];
	u->fd = fd;
	return u;
}

void
unpack_close(struct unpack **unpack)
{
	if (*unpack == NULL)
		return;
	if ((*unpack)->state != NULL)
		(*unpack)->format->close((*unpack)->state);
	free(*unpack);
	*unpack = NULL;
}

/* ---- reading ---- */

/* 0, or -1: the file cannot be read. */
static int
fill(struct unpack *u)
{
	int64_t got;

	if (u->io.in_len > 0)
		return 0;
	got = fingerprint_pread(&u->fd, u->block, BLOCK, u->packed);
	if (got < 0)
		return -1;
	u->packed += (uint64_t)got;
	u->io.in = u->block;
	u->io.in_len = (size_t)got;
	return 0;
}

/* One step. Like gzip(1), ignores what follows a stream and is not another.
 * False if the file is damaged, or was cut. */
static bool
step(struct unpack *u)
{
	size_t in_len, out_len = u->io.out_len;

	if (fill(u) != 0)
		return false;
	in_len = u->io.in_len;
	if (u->result == UNPACK_COMPLETE) {
		u->ended = in_len == 0;
		return u->ended || begin_stream(u) == 0;
	}
	u->result = u->format->step(u->state, &u->io);
	u->unpacked += out_len - u->io.out_len;
	if (u->result != UNPACK_DAMAGED &&
	    (in_len > 0 || u->io.out_len < out_len ||
	     u->result == UNPACK_COMPLETE))
		return true;
	return u->ended = u->stream > 0 && u->stream == u->unpacked;
}

/* The next bytes. What comes before a damage is delivered before the error. */
static int64_t
read_on(struct unpack *u, void *buf, size_t len)
{
	bool sound = true;

	u->io.out = buf;
	u->io.out_len = len;
	while (sound && u->io.out_len > 0 && !u->ended)
		sound = step(u);
	if (sound || u->io.out_len < len)
		return (int64_t)(len - u->io.out_len);
	errno = EIO;
	return -1;
}

/* Moves forward. 0, or -1: error, or the end comes before. */
static int
skip(struct unpack *u, uint64_t offset)
{
	unsigned char *waste = alloc_zero(BLOCK, 1);
	int64_t got = 1;

	while (u->unpacked < offset && got > 0) {
		uint64_t left = offset - u->unpacked;

		got = read_on(u, waste, left < BLOCK ? left : BLOCK);
	}
	free(waste);
	return got < 0 ? -1 : 0;
}

int64_t
unpack_read(void *arg, void *buf, uint64_t len, uint64_t offset)
{
	struct unpack *u = arg;

	if ((u->state == NULL || offset < u->unpacked) && begin(u) != 0) {
		errno = ENOMEM;
		return -1;
	}
	if (skip(u, offset) != 0)
		return -1;
	return u->unpacked < offset ? 0 : read_on(u, buf, len);
}
