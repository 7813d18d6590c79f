/*
 * journal_entry: one entry of the systemd journal as a line of a log, and
 * whether a server wrote it: systemd.journal-fields(7).
 *
 * The program that logs chooses most fields of its entries, MESSAGE and
 * SYSLOG_IDENTIFIER among them; journald itself sets those that begin with "_".
 */
#ifndef DAEMON_JOURNAL_JOURNAL_ENTRY_H
#define DAEMON_JOURNAL_JOURNAL_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cut_streams.h"

struct journal_entry;

struct journal_entry *journal_entry_new(void);
void journal_entry_free(struct journal_entry **);

/* Begins the next entry, which journald received at usec since the epoch. */
void journal_entry_begin(struct journal_entry *, uint64_t usec);
/* Adds "NAME=value". Of several with one name, the first counts. Copies what it
 * needs. */
void journal_entry_field(struct journal_entry *, const char *data, size_t len);
/* Whether an entry uses this field, by its name, if no line of a container was
 * cut; and if one may have been. */
bool journal_entry_needs(const char *data, size_t len);
bool journal_entry_needs_cut(const char *data, size_t len);

/*
 * The entry as "2026-11-21T02:11:07.000123+00:00 mail dovecot[42]: text", or,
 * if containers is set and a container printed it, what it printed, with the
 * prefix of CRI. False: it does not make a line. Borrowed until the next entry.
 */
bool journal_entry_line(struct journal_entry *, bool containers,
			const char **line, size_t *len);

/*
 * Whether a server wrote it, not a user under the name of one. Entries by root
 * or from a system unit count as a server's. But those of an ordinary user (uid
 * 1000 and above) count only if the service is named after the program, as
 * mox.service is: in the units of cron, Postfix or a web server, users run
 * commands of their own.
 */
bool journal_entry_is_server(const struct journal_entry *);

/* "uid 1234 in session-7.scope", for a message. NULL: it has no user, as
 * entries of the kernel. Borrowed until the next call. */
const char *journal_entry_writer(struct journal_entry *);

/* Whether the driver of a container wrote it. */
bool journal_entry_has_container(const struct journal_entry *);

/* Whether it is a part of a line, and the rest is in another entry of the same
 * stream. */
bool journal_entry_is_cut(const struct journal_entry *);
/* The name of its stream, for cut_streams_note(): "STREAM_ID pPID", or, by the
 * driver of a container, "CONTAINER_ID_FULL cPRIORITY", or, without an id,
 * "CONTAINER_NAME nPRIORITY". False: it is of none. */
enum { JOURNAL_PROCESS = 'p', JOURNAL_CONTAINER = 'c', JOURNAL_NAMED = 'n' };
bool journal_entry_stream(const struct journal_entry *,
			  char out[CUT_STREAMS_NAME]);

#endif
