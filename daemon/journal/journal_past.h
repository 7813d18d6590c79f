/*
 * journal_past: looks at the entries before those that are read: whether any
 * matches the selection, which lines continue past that place, and what the
 * last lines are.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_PAST_H
#define DAEMON_JOURNAL_JOURNAL_PAST_H

#include <stddef.h>

struct journal_cuts;
struct journal_reader;
struct journal_spec;
struct sd_journal;

/* All of these look with a journal of the caller's, of which they change the
 * place and the matches. */

/* Warns of each word of the spec that no entry has. */
void journal_past_warn_absent(struct sd_journal *, const struct journal_spec *);

/* Finds the streams with a line that begins before the place to which seek()
 * takes the journal, and continues after it. */
typedef void journal_seek_fn(void *arg, struct sd_journal *);
void journal_past_find_cuts(struct sd_journal *, struct journal_reader *,
			    journal_seek_fn *seek, void *arg,
			    struct journal_cuts *);

/* Hands out the last lines before that place, in their order: what a container
 * printed as one line may be in several entries. */
void journal_past_lines(struct sd_journal *, struct journal_reader *,
			journal_seek_fn *seek, void *seek_arg,
			void (*past)(void *arg, const char *line, size_t len),
			void *arg);

#endif
