/*
 * gzlog: reads a compressed log as if it were not compressed.
 */
#ifndef DAEMON_SOURCE_GZLOG_H
#define DAEMON_SOURCE_GZLOG_H

#include <stdbool.h>
#include <stdint.h>

struct gzlog;

/* Whether the file begins with the magic number of gzip(1). */
bool gzlog_is_compressed(int fd);

/* The caller keeps fd, and closes it after gzlog_close(). NULL: see errno. */
struct gzlog *gzlog_open(int fd);
void gzlog_close(struct gzlog **);

/*
 * A fingerprint_read_fn: arg is the struct gzlog, offset counts uncompressed
 * bytes. Reading on is cheap; going back decompresses from the first byte
 * again.
 */
int64_t gzlog_read(void *arg, void *buf, uint64_t len, uint64_t offset);

#endif
