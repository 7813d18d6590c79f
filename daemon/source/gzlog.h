/*
 * gzlog: a rotated log that was compressed, read as if it were not.
 */
#ifndef DAEMON_SOURCE_GZLOG_H
#define DAEMON_SOURCE_GZLOG_H

#include <stdbool.h>
#include <stdint.h>

struct gzlog;

/* Whether the file begins as gzip(1) writes it. */
bool gzlog_is_compressed(int fd);

/* fd stays the caller's, and open as long as this. NULL: errno says why. */
struct gzlog *gzlog_open(int fd);
void gzlog_close(struct gzlog **);

/*
 * A fingerprint_read_fn: arg is the struct gzlog, offset counts uncompressed
 * bytes. Forward it is cheap, backward it begins again at the first byte.
 */
int64_t gzlog_read(void *arg, void *buf, uint64_t len, uint64_t offset);

#endif
