/*
 * resume: where to begin reading a log: in which of its rotated files, and at
 * which offset.
 */
#ifndef DAEMON_SOURCE_RESUME_H
#define DAEMON_SOURCE_RESUME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "daemon/source/rotation.h"

struct logpos;
struct source_sink;
struct source_start;
struct tail;

struct resume_point {
	struct rotation files;	  /* the caller calls rotation_clear() */
	size_t first;		  /* read this file and all newer ones, */
	uint64_t offset;	  /* the first of them from this byte on */
	/* The first of this log in the last run, in start, or NULL. Others
	 * follow. */
	const struct logpos *own;
	bool torn; /* a line was torn at that position, which was not found */
};

/*
 * Logs of several hosts and processes are not quite in order. A line younger
 * than `since` is found as long as no line before it is younger than since +
 * RESUME_DISORDER seconds.
 */
enum { RESUME_DISORDER = 60 };

/*
 * Finds the position of the last run; if no file has it, the first line not
 * older than start->since, in the log itself or in as many of its rotated files
 * as needed. Logs which of the two it found. Lines without a time stamp are
 * skipped. Warns of a rotated file that cannot be read and was written to since
 * then.
 */
void resume_find(struct resume_point *, const char *spec,
		 const struct source_start *, const struct source_sink *);

/* Whether a file may have lines that are not older than since, by when it was
 * changed last. */
bool resume_may_count(struct timespec changed, time_t since);
/* Moves a file to the first line not older than since, or to its end. */
void resume_seek(struct tail *, time_t since, const struct source_sink *);
/* Hands out the last lines of a file that is not read any more, unless it is
 * compressed: the first line of the next one may be a part that follows them.
 * True if it ends within a line, which may go on there. */
bool resume_pass_over(const char *path, const struct source_sink *);
/* Whether the rest of a line that was torn at a position may be in any file: no
 * file that has the half goes on with it, up to its newline. */
bool resume_is_torn(const struct rotation *, const struct logpos *,
		    const struct source_sink *);

#endif
