/*
 * journal_archive: reads the entries of one archived file of the systemd
 * journal, faster than libsystemd: systemd.io/JOURNAL_FILE_FORMAT.
 *
 * Nothing in the file is believed: every offset, size and type is checked, and
 * so is what libsystemd checks. Whoever finds a doubt here lets libsystemd read
 * the file. The fields of neighbours are mostly the same objects; those met
 * lately are remembered.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_ARCHIVE_H
#define DAEMON_JOURNAL_JOURNAL_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_archive;
struct journal_header;
struct journal_place;

/* What several archives have in common: 1 MB. keeps() says whether any use is
 * made of a field, "NAME=value", by its name; the value may be cut. */
struct journal_archive_memory;
struct journal_archive_memory *
journal_archive_memory_new(bool (*keeps)(const char *field, size_t len));
void journal_archive_memory_free(struct journal_archive_memory **);

/* Begins at the first entry. Owns fd from now on; the memory is borrowed. NULL:
 * the file is in doubt, or not archived; fd is closed. */
struct journal_archive *journal_archive_open(int fd,
					     const struct journal_header *,
					     struct journal_archive_memory *);
void journal_archive_close(struct journal_archive **);

/* So that the next entry is the first at this time or after it, or the first
 * with this number or a higher one. 0, or -1: in doubt. */
int journal_archive_seek_usec(struct journal_archive *, uint64_t usec);
int journal_archive_seek_number(struct journal_archive *, uint64_t number);

/* Goes to the next entry, and fills the place. 1: done; 0: that was the last
 * entry; -1: in doubt. */
int journal_archive_next(struct journal_archive *, struct journal_place *);

enum journal_field {
	JOURNAL_FIELD_KEPT,
	JOURNAL_FIELD_USELESS,
	JOURNAL_FIELD_PACKED, /* compressed: libsystemd has to read it */
	JOURNAL_FIELD_DOUBT,
	JOURNAL_FIELD_NONE /* that was the last one */
};
/* Field n of the entry, in the order of libsystemd. Only of one that is kept
 * are text and len set: "NAME=value", borrowed until the next call. A value is
 * cut where it is longer than any line. */
enum journal_field journal_archive_field(struct journal_archive *, size_t n,
					 const char **text, size_t *len);

#endif
