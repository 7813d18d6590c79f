/*
 * journal_archive: reads the entries of one archived file of the systemd
 * journal, faster than libsystemd: systemd.io/JOURNAL_FILE_FORMAT.
 *
 * Every offset, size and type in the file is checked, and so is whatever
 * libsystemd checks. If anything is in doubt, the caller has libsystemd read
 * the file. The fields of neighbouring entries are mostly the same objects, so
 * the latest ones are remembered.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_ARCHIVE_H
#define DAEMON_JOURNAL_JOURNAL_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_archive;
struct journal_header;
struct journal_place;

/* Memory that several archives share: 1 MB. keeps() says whether a field,
 * "NAME=value", is needed, by its name; the value may be cut. */
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

/* Moves so that the next entry is the first at this time or later, or the first
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
/* Field n of the entry, in the order of libsystemd. text and len are set only
 * for JOURNAL_FIELD_KEPT: "NAME=value", borrowed until the next call. A value
 * is cut where it is longer than any line. */
enum journal_field journal_archive_field(struct journal_archive *, size_t n,
					 const char **text, size_t *len);

#endif
