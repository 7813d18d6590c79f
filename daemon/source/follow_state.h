/*
 * What follow.c, which reads, and follow_open.c, which finds the files to read,
 * share. No other file includes this.
 */
#ifndef DAEMON_SOURCE_FOLLOW_STATE_H
#define DAEMON_SOURCE_FOLLOW_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/source/generations.h"
#include "daemon/source/listed.h"
#include "daemon/source/log_once.h"
#include "daemon/source/source.h"

struct follow {
	char *spec;
	struct source_sink sink;
	struct generations open; /* the files */
	struct listed listed;	 /* at the last look */
	char *buffer;		 /* to read into */
	char *lent;		 /* with lines not settled yet; or NULL */
	uint64_t bytes; /* read so far */

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

/* Finds the lines that the file at `at` lost unread when it was truncated, and
 * goes back to its first byte. */
void follow_recover(struct follow *, size_t at, int64_t now);

#endif
