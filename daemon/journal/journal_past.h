/*
 * journal_past: what the journal says of the entries before those that are
 * read, so that a restart goes on as if the program had read them, too.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_PAST_H
#define DAEMON_JOURNAL_JOURNAL_PAST_H

#include <stddef.h>

struct err;
struct journal_begin;
struct cut_streams;
struct journal_reader;
struct sd_journal;

/* Gets the last lines before the beginning, in their order: what a container
 * printed as one line may be in several entries. */
struct journal_past {
	void (*line)(void *arg, const char *line, size_t len); /* or NULL */
	void *arg;
};

/*
 * Warns of each word of the reader's spec that no entry has, and finds the
 * streams with a line that begins before the beginning and continues after it.
 * With words, also hands out the lines before.
 *
 * Changes the place of the journal. -1: its matches could not be set again.
 */
int journal_past_look(struct sd_journal *, struct journal_reader *,
		      const struct journal_begin *, const struct journal_past *,
		      struct cut_streams *, struct err *);

#endif
