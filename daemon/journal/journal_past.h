/*
 * journal_past: what can be told of the entries before those that are read:
 * whether any has what was selected, which lines go on, and the last of them.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_PAST_H
#define DAEMON_JOURNAL_JOURNAL_PAST_H

#include <stddef.h>

struct journal_cuts;
struct journal_reader;
struct sd_journal;

/* Warns of each word of the reader's spec that no entry has. */
void journal_past_warn_absent(const struct journal_reader *);

/* Finds the streams of which the next entry is the rest of one before the place
 * to which seek() takes a journal. */
typedef void journal_seek_fn(void *arg, struct sd_journal *);
void journal_past_find_cuts(struct journal_reader *, journal_seek_fn *seek,
			    void *arg, struct journal_cuts *);

/* Hands out the last lines before that place, in their order: what a container
 * printed may be in several. */
void journal_past_lines(struct journal_reader *, journal_seek_fn *seek,
			void *seek_arg,
			void (*past)(void *arg, const char *line, size_t len),
			void *arg);

#endif
