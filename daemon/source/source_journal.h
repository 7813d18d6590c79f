/*
 * source_journal: the systemd journal, with each entry as the line of a log.
 *
 * "journal:[DIRECTORY] [MATCH ...]": DIRECTORY is that of another journal.
 * MATCH selects entries in journalctl(1)'s words, FIELD=VALUE and +. Since any
 * user may claim to be dovecot, only entries of servers count, unless the
 * matches say who writes: journal_entry.h.
 */
#ifndef DAEMON_SOURCE_SOURCE_JOURNAL_H
#define DAEMON_SOURCE_SOURCE_JOURNAL_H

struct source_ops;

extern const struct source_ops source_journal;

#endif
