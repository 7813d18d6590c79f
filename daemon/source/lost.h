/*
 * lost: what a file held before it was truncated, if it was copied before.
 */
#ifndef DAEMON_SOURCE_LOST_H
#define DAEMON_SOURCE_LOST_H

#include <stddef.h>
#include <stdint.h>

struct generations;

/*
 * What the file at `at` has lost is sought among the rotated files of spec: in
 * the copy that was made of it, and in all that are newer; if there is no copy,
 * in all that were changed after we last saw the end. They are inserted before
 * it, so that they are read first. Returns how many. now: steady ms.
 */
size_t generations_recover(struct generations *, size_t at, const char *spec, int64_t now);

#endif
