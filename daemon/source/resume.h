/*
 * resume: where in a log, and in which of its rotated files, to begin reading.
 */
#ifndef DAEMON_SOURCE_RESUME_H
#define DAEMON_SOURCE_RESUME_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/source/rotation.h"

struct source_sink;
struct source_start;

struct resume_point {
	struct rotation files; /* rotation_clear() it */
	size_t first;	 /* read these from here on ... */
	uint64_t offset; /* ... the first of them from this byte */
};

/*
 * The place of the last run if it is found in one of the files, and says so;
 * else the first line not older than start->since, in the live file or as many
 * rotated ones as it takes.
 */
void resume_find(struct resume_point *, const char *spec,
    const struct source_start *, const struct source_sink *);

#endif
