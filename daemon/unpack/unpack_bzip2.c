#include <bzlib.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/unpack/unpack_format.h"

static void *
open_bzip2(void)
{
	bz_stream *bz = alloc_zero(1, sizeof(*bz));

	if (BZ2_bzDecompressInit(bz, 0, 0) == BZ_OK)
		return bz;
	free(bz);
	return NULL;
}

static void
close_bzip2(void *state)
{
	BZ2_bzDecompressEnd(state);
	free(state);
}

static enum unpack_result
step_bzip2(void *state, struct unpack_io *io)
{
	bz_stream *bz = state;
	int result;

	bz->next_in = (char *)(uintptr_t)io->in;
	bz->avail_in = (unsigned int)io->in_len;
	bz->next_out = (char *)io->out;
	bz->avail_out = (unsigned int)io->out_len;
	result = BZ2_bzDecompress(bz);
	*io = (struct unpack_io){(unsigned char *)bz->next_in, bz->avail_in,
				 (unsigned char *)bz->next_out, bz->avail_out};
	if (result == BZ_STREAM_END)
		return UNPACK_COMPLETE;
	return result == BZ_OK ? UNPACK_INSIDE : UNPACK_DAMAGED;
}

/* "BZh9" and the first block, or the end. */
const struct unpack_format unpack_bzip2 = {
    .suffix = ".bz2",
    .magic = "1AY&SY",
    .empty = "\x17rE8P\x90",
    .magic_len = 6,
    .at = 4,
    .open = open_bzip2,
    .close = close_bzip2,
    .step = step_bzip2,
};
