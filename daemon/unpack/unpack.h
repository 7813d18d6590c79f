/*
 * unpack: reads a compressed log as if it were not compressed. It knows gzip(1)
 * and, if the build had their libraries, bzip2(1), xz(1) and zstd(1).
 *
 * A file that needs more than UNPACK_MEMORY to be read is not read: xz -9 and
 * zstd -19 need half of that.
 */
#ifndef DAEMON_UNPACK_UNPACK_H
#define DAEMON_UNPACK_UNPACK_H

#include <stdbool.h>
#include <stdint.h>

enum { UNPACK_MEMORY = 128 * 1024 * 1024 };

struct unpack;

/* The suffix of a compression in the name, as in "mail.log.1.gz"; NULL if it
 * has none. *readable: unpack_open() knows that compression. */
const char *unpack_suffix(const char *name, bool *readable);

/* NULL: the file is not compressed, or in a way that is not known. The caller
 * keeps fd, and closes it after unpack_close(). */
struct unpack *unpack_open(int fd);
void unpack_close(struct unpack **);

/*
 * A fingerprint_read_fn: arg is the struct unpack, offset counts uncompressed
 * bytes. Reading on is cheap; going back decompresses from the first byte
 * again.
 */
int64_t unpack_read(void *arg, void *buf, uint64_t len, uint64_t offset);

#endif
