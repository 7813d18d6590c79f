/*
 * source_journal: the systemd journal, as lines of a log.
 *
 * "journal:[DIRECTORY] [MATCH ...]": the journal of another place; only entries
 * that match, in journalctl(1)'s words, FIELD=VALUE and +. Without a match all
 * count but what users write in sessions of their own, as anybody may call
 * himself dovecot: systemd.journal-fields(7), _SYSTEMD_OWNER_UID.
 */
#ifndef DAEMON_SOURCE_SOURCE_JOURNAL_H
#define DAEMON_SOURCE_SOURCE_JOURNAL_H

struct source_ops;

extern const struct source_ops source_journal;

#endif
