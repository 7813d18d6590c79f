#include <lzma.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/unpack/unpack.h"
#include "daemon/unpack/unpack_format.h"

static void *
open_xz(void)
{
	lzma_stream *stream = alloc_zero(1, sizeof(*stream));

	if (lzma_stream_decoder(stream, UNPACK_MEMORY, 0) == LZMA_OK)
		return stream;
	free(stream);
	return NULL;
}

static void
close_xz(void *state)
{
	lzma_end(state);
	free(state);
}

static enum unpack_result
step_xz(void *state, struct unpack_io *io)
{
	lzma_stream *stream = state;
	lzma_ret result;

	stream->next_in = io->in;
	stream->avail_in = io->in_len;
	stream->next_out = io->out;
	stream->avail_out = io->out_len;
	result = lzma_code(stream, LZMA_RUN);
	*io = (struct unpack_io){stream->next_in, stream->avail_in,
				 stream->next_out, stream->avail_out};
	if (result == LZMA_STREAM_END)
		return UNPACK_COMPLETE;
	return result == LZMA_OK || result == LZMA_BUF_ERROR ? UNPACK_INSIDE
							     : UNPACK_DAMAGED;
}

const struct unpack_format unpack_xz = {
    .suffix = ".xz",
    .magic = "\xfd"
	     "7zXZ",
    .magic_len = 6,
    .open = open_xz,
    .close = close_xz,
    .step = step_xz,
};
