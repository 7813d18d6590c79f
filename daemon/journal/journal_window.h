/*
 * journal_window: opens only those files of a journal that are read at a start.
 * A journal may have a hundred, and to seek in all of them takes longer than to
 * read the last minutes.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_WINDOW_H
#define DAEMON_JOURNAL_JOURNAL_WINDOW_H

struct err;
struct journal_begin;
struct journal_spec;
struct sd_journal;

/*
 * Opens the files that may have entries after the beginning, and as *whole all
 * files. Read *whole second: only there do entries appear that journald writes
 * to files it creates later. If both are the same files, or it is not known
 * which may have such entries, all are opened as the first, and *whole is left
 * as it is. whole: NULL if only what is there now is to be read. The caller
 * closes both, even after -1.
 */
int journal_window_open(const struct journal_spec *,
			const struct journal_begin *, struct sd_journal **,
			struct sd_journal **whole, struct err *);

#endif
