/*
 * journal_history: reads what is in the archived files of a journal, without
 * libsystemd, which needs several times as long.
 *
 * All files of the journal are read together, in libsystemd's order. libsystemd
 * reads each file that is not archived or of a kind that is not known, the rest
 * of a file that is in doubt, and each entry with compressed fields. This ends
 * with the last archived file; then the caller has libsystemd read on after the
 * last entry that it got.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_HISTORY_H
#define DAEMON_JOURNAL_JOURNAL_HISTORY_H

struct journal_batch;
struct journal_begin;
struct journal_history;
struct journal_reader;

/* NULL: there is nothing in archived files to read from there on, or libsystemd
 * has to do it. The reader must outlive it. */
struct journal_history *journal_history_new(struct journal_reader *,
					    const struct journal_begin *);
void journal_history_free(struct journal_history **);

/* The next batch, with the cursor of its last entry. Borrowed until the next
 * call. NULL: there are no more. */
const struct journal_batch *journal_history_next(struct journal_history *);

#endif
