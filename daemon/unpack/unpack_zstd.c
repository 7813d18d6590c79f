#include <zstd.h>

#include "daemon/unpack/unpack_format.h"

/* A frame that needs a window above 2^27 bytes, UNPACK_MEMORY, is refused: that
 * is the library's own limit. */
static void *
open_zstd(void)
{
	return ZSTD_createDStream();
}

static void
close_zstd(void *state)
{
	ZSTD_freeDStream(state);
}

static enum unpack_result
step_zstd(void *state, struct unpack_io *io)
{
	ZSTD_inBuffer in = {io->in, io->in_len, 0};
	ZSTD_outBuffer out = {io->out, io->out_len, 0};
	size_t result = ZSTD_decompressStream(state, &out, &in);

	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	if (ZSTD_isError(result))
		return UNPACK_DAMAGED;
	return result == 0 ? UNPACK_COMPLETE : UNPACK_INSIDE;
}

const struct unpack_format unpack_zstd = {
    .suffix = ".zst",
    .magic = "\x28\xb5\x2f\xfd",
    .magic_len = 4,
    .open = open_zstd,
    .close = close_zstd,
    .step = step_zstd,
};
