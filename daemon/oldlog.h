/*
 * oldlog: a rotated log that was compressed, read as if it were not.
 */
#ifndef DAEMON_OLDLOG_H
#define DAEMON_OLDLOG_H

#include <stdbool.h>
#include <stdint.h>

struct oldlog;

/* Whether the file begins as gzip(1) writes it. */
bool oldlog_is_compressed(int fd);

/* fd stays the caller's, and open as long as this. NULL: errno says why. */
struct oldlog *oldlog_open(int fd);
void oldlog_close(struct oldlog **);

/*
 * A fingerprint_read_fn: arg is the struct oldlog, offset counts uncompressed
 * bytes. Forward it is cheap, backward it begins again at the first byte.
 */
int64_t oldlog_read(void *arg, void *buf, uint64_t len, uint64_t offset);

#endif
