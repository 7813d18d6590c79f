/*
 * journal_window: opens only those files of a journal that a start reads. A
 * journal may have a hundred, and to seek in all of them takes longer than to
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
 * of them, which has to be read after the other, and only there entries appear
 * that journald writes to new files. If those are the same files, or it is not
 * known which they are, *whole is not opened, and stays as it is. whole: NULL,
 * if only what is there is to be read. The caller closes both, also after -1.
 */
int journal_window_open(const struct journal_spec *,
			const struct journal_begin *, struct sd_journal **,
			struct sd_journal **whole, struct err *);

#endif
