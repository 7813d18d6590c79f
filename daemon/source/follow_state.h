/*
 * What follow.c, which reads, and follow_open.c and follow_file.c, which find
 * the files to read, share. No other file includes this.
 */
#ifndef DAEMON_SOURCE_FOLLOW_STATE_H
#define DAEMON_SOURCE_FOLLOW_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "daemon/source/generations.h"
#include "daemon/source/listed.h"
#include "daemon/source/log_once.h"
#include "daemon/source/source.h"

struct err;
struct resume_point;
struct rotated;
struct tail;

struct follow {
	char *spec;
	struct source_sink sink;
	struct generations open; /* the files */
	struct listed listed;	 /* at the last look */
	char *buffer;		 /* to read into */
	char *lent;		 /* with lines not settled yet; or NULL */
	uint64_t bytes;		 /* read so far */
	struct timespec written; /* of the file read last: when, or 0 */

	struct source_start start; /* kept until a file could be opened */
	bool unstarted;
	bool caught_up; /* with all that was there at the start */

	struct log_once problem;
	bool missing;	    /* the log; an older file may be open */
	bool unopened;	    /* a file exists, but cannot be opened or read */
	bool crowded;	    /* there was no room for a newer file */
	bool renamed;	    /* a file was renamed between listing and opening */
	bool accept_rename; /* last try: open it even if renamed */
	int64_t looked;	    /* steady ms: when that was found */
};

/* NULL with f->renamed set: the list is out of date. */
struct tail *follow_open_listed(struct follow *, const struct rotated *,
				struct err *);
/* What was read already is not read again if the file is back, or is a copy of
 * an open one: log2ram(8) copies the logs to memory and mounts that. Such a
 * copy may have been written to, and rotated, before this process looked. */
void follow_skip_known(const struct follow *, struct tail *);

/* At a start, opens the files that are older than where it begins, and yet may
 * have lines that count, or may be written to. For a pattern. since: as in
 * struct source_start; now: steady ms. */
void follow_open_beside(struct follow *, const struct resume_point *,
			time_t since, int64_t now);

/* Finds the lines that the file at `at` lost unread when it was truncated, and
 * goes back to its first byte. */
void follow_recover(struct follow *, size_t at, int64_t now);

#endif
