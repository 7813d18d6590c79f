/*
 * seek: finds the first line of a log that is not older than some time.
 */
#ifndef DAEMON_SOURCE_SEEK_H
#define DAEMON_SOURCE_SEEK_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct tail;

/* 0 and *when, or -1: this line has no stamp. */
typedef int seek_stamp_fn(void *arg, const char *line, size_t len,
    time_t *when);

/*
 * The offset of the first line not older than since, by bisection; the end of
 * the last whole line if all are older. Lines without a stamp are passed over.
 * Several hosts and processes write one log, so stamps go back a little: a line
 * younger than since is found as long as no line before it is younger than
 * since + SEEK_DISORDER seconds.
 */
enum { SEEK_DISORDER = 60 };
uint64_t seek_since(const struct tail *, time_t since, seek_stamp_fn *,
    void *arg);

/* The first stamp in a log. 0 and *when, or -1: no line in its first megabyte
 * has one. */
int seek_first(const struct tail *, seek_stamp_fn *, void *arg, time_t *when);

#endif
