/*
 * journal_entry: one entry of the systemd journal as a line of a log, and
 * whether a server wrote it: systemd.journal-fields(7).
 *
 * The client chooses most fields of its entries, MESSAGE and SYSLOG_IDENTIFIER
 * among them; journald itself sets those that begin with "_".
 */
#ifndef DAEMON_JOURNAL_JOURNAL_ENTRY_H
#define DAEMON_JOURNAL_JOURNAL_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_entry;

struct journal_entry *journal_entry_new(void);
void journal_entry_free(struct journal_entry **);

/* Begins the next entry, which journald received at usec since the epoch. */
void journal_entry_begin(struct journal_entry *, uint64_t usec);
/* Adds "NAME=value". Of several with one name, the first counts. Copies what it
 * needs. */
void journal_entry_field(struct journal_entry *, const char *data, size_t len);

/*
 * The entry as "2026-11-21T02:11:07.000123+00:00 mail dovecot[42]: text", or,
 * if containers is set and a container printed it, what it printed, with the
 * prefix of CRI. False: it does not make a line. Borrowed until the next entry.
 */
bool journal_entry_line(struct journal_entry *, bool containers,
			const char **line, size_t *len);

/*
 * Whether a server wrote it, not a user under the name of one. Root's entries
 * are a server's, and those from a unit of the system, except that an ordinary
 * user (uid 1000 and above) counts only in a service that has the name of the
 * program, as for mox.service and "mox": in the unit of cron, Postfix or a web
 * server, users run commands of their own.
 */
bool journal_entry_is_server(const struct journal_entry *);

/* Whether a selection by these words, FIELD=VALUE and +, says in each of its
 * alternatives who wrote the entry: by a field that journald sets, and of which
 * the writer has no choice. */
bool journal_words_name_writer(char *const *words, size_t count);

/* "uid 1234 in session-7.scope", for a message. NULL: it has no user, as
 * entries of the kernel. Borrowed until the next call. */
const char *journal_entry_writer(struct journal_entry *);

/*
 * What a process writes to standard output or error is a stream, which journald
 * cuts into entries: at newlines, but also at a NUL, where the line is too long,
 * and where another process writes into the middle of it. The next entry of the
 * same stream and process is then the rest of a line, and begins none.
 *
 * Of more streams than there is room for, which were cut and never went on, the
 * oldest are forgotten. Zero-initialize it.
 */
enum { JOURNAL_CUTS_MAX = 64, JOURNAL_STREAM_MAX = 80 };
struct journal_cuts {
	char streams[JOURNAL_CUTS_MAX][JOURNAL_STREAM_MAX]; /* "": none */
	size_t count; /* of those that were ever put in; a ring */
};

/* Whether the entry was cut, as above. */
bool journal_entry_is_cut(const struct journal_entry *);
/* The name of its stream, for journal_cuts_note(). False: it is of none. */
bool journal_entry_stream(const struct journal_entry *,
			  char out[JOURNAL_STREAM_MAX]);

/* Takes note of the next entry of a stream, and whether it was cut. True: it is
 * the rest of one before it. */
bool journal_cuts_note(struct journal_cuts *, const char *stream, bool is_cut);
/* The same for any entry. */
bool journal_cuts_take(struct journal_cuts *, const struct journal_entry *);

#endif
