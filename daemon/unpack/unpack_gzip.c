#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/alloc.h"
#include "daemon/unpack/unpack_format.h"

enum { GZIP_ONLY = 16 };

static void *
open_gzip(void)
{
	z_stream *z = alloc_zero(1, sizeof(*z));

	if (inflateInit2(z, MAX_WBITS + GZIP_ONLY) == Z_OK)
		return z;
	free(z);
	return NULL;
}

static void
close_gzip(void *state)
{
	inflateEnd(state);
	free(state);
}

static enum unpack_result
step_gzip(void *state, struct unpack_io *io)
{
	z_stream *z = state;
	int result;

	z->next_in = (unsigned char *)(uintptr_t)io->in;
	z->avail_in = (unsigned int)io->in_len;
	z->next_out = io->out;
	z->avail_out = (unsigned int)io->out_len;
	result = inflate(z, Z_NO_FLUSH);
	*io = (struct unpack_io){z->next_in, z->avail_in, z->next_out,
				 z->avail_out};
	if (result == Z_STREAM_END)
		return UNPACK_COMPLETE;
	return result == Z_OK || result == Z_BUF_ERROR ? UNPACK_INSIDE
						       : UNPACK_DAMAGED;
}

const struct unpack_format unpack_gzip = {
    .suffix = ".gz",
    .magic = "\x1f\x8b\x08",
    .magic_len = 3,
    .open = open_gzip,
    .close = close_gzip,
    .step = step_gzip,
};
