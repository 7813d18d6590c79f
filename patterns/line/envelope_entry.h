/*
 * envelope_entry: one entry of the systemd journal as `journalctl -o json'
 * writes it. Part of envelope.c; how the journal itself is read is
 * daemon/journal/journal_entry.h.
 */
#ifndef PATTERNS_LINE_ENVELOPE_ENTRY_H
#define PATTERNS_LINE_ENVELOPE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cut_streams.h"
#include "patterns/line/jsonfields.h"

/* The fields, and room for a last one without key. */
enum { ENVELOPE_ENTRY_FIELDS = 17 };

/* Room for what is put before MESSAGE. */
enum { ENVELOPE_ENTRY_HEADER = 512 };

/* Fills in the keys, for jsonfields_read(). */
void envelope_entry_keys(struct jsonfield *);

/* Whether the object is an entry at all. */
bool envelope_entry_is_one(const struct jsonfield *);

enum envelope_entry {
	ENTRY_LINE,
	ENTRY_REST, /* of a line that was cut */
	ENTRY_EMPTY /* a field is missing, too long or malformed */
};

/*
 * Builds "STAMP host tag[pid]: MESSAGE" in `room', which has
 * ENVELOPE_ENTRY_HEADER bytes more than the longest line.
 */
enum envelope_entry envelope_entry_open(const struct jsonfield *,
					struct cut_streams *, char *room,
					const char **line, size_t *len);

#endif
