/*
 * source_journal: the systemd journal, "journal:", as lines of a log.
 */
#ifndef DAEMON_SOURCE_JOURNAL_H
#define DAEMON_SOURCE_JOURNAL_H

struct source_ops;

extern const struct source_ops source_journal;

#endif
