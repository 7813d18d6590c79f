/*
 * source_journal: the systemd journal, with each entry as the line of a log.
 *
 * "journal:[DIRECTORY] [MATCH ...]": DIRECTORY is that of another journal.
 * MATCH selects entries in journalctl(1)'s words, FIELD=VALUE and +. Without a
 * match, all entries are read except those that users write in their own
 * sessions, since any user may claim to be dovecot: systemd.journal-fields(7),
 * _SYSTEMD_OWNER_UID.
 */
#ifndef DAEMON_SOURCE_SOURCE_JOURNAL_H
#define DAEMON_SOURCE_SOURCE_JOURNAL_H

struct source_ops;

extern const struct source_ops source_journal;

#endif
