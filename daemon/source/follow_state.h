/*
 * What follow.c (reading) and follow_open.c (finding what to read) share; for
 * nobody else.
 */
#ifndef DAEMON_SOURCE_FOLLOW_STATE_H
#define DAEMON_SOURCE_FOLLOW_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/source/generations.h"
#include "daemon/source/log_once.h"
#include "daemon/source/source.h"

struct follow {
	char *spec;
	struct source_sink sink;
	struct generations row;
	char *buffer;
	uint64_t bytes; /* read so far */

	struct source_start start; /* while nothing could be opened yet */
	bool unstarted;

	struct log_once trouble;
	bool missing;	/* the name; an older file may be open */
	bool unopened;	/* it is there, but cannot be opened or read */
	bool crowded;	/* there was no room for a newer file */
	bool renamed;	/* a name was another file's than it had been listed */
	bool hasty;	/* which is put up with */
	int64_t looked; /* steady ms: when that was found */
};

/* The positions that were kept until a file could be opened. */
void follow_forget_start(struct follow *);

/* Why the log is not there, for a person. Borrowed until errno's text changes.
 */
const char *follow_why_missing(const struct follow *);

#endif
