/*
 * journal_cuts: the lines that journald has cut, and that go on.
 *
 * What a process writes to standard output or error is a stream, which journald
 * cuts into entries: at newlines, but also at a NUL, where the line is too
 * long, and where another process writes into the middle of it. The next entry
 * of the same stream and process is then the rest of a line, and begins none.
 *
 * There is room for some streams that were cut and have not gone on yet; of
 * more, the oldest are forgotten. Zero-initialize it.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_CUTS_H
#define DAEMON_JOURNAL_JOURNAL_CUTS_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/journal/journal_entry.h"

enum { JOURNAL_CUTS_MAX = 64 };
struct journal_cuts {
	char streams[JOURNAL_CUTS_MAX][JOURNAL_STREAM_MAX]; /* "": none */
	size_t count; /* of those that were ever put in; a ring */
};

/* Takes note of the next entry of a stream, and whether it was cut. True: it is
 * the rest of one before it. */
bool journal_cuts_note(struct journal_cuts *, const char *stream, bool is_cut);
/* The same for any entry. */
bool journal_cuts_take(struct journal_cuts *, const struct journal_entry *);

#endif
