/*
 * journal_reader: reads entries of a journal into batches of lines.
 *
 * A reader leaves out the entries of programs without rules as soon as it has
 * seen their tag: most entries, and most of the work.
 */
#ifndef DAEMON_JOURNAL_JOURNAL_READER_H
#define DAEMON_JOURNAL_JOURNAL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/linebuf.h"
#include "daemon/journal/journal_entry.h"
#include "daemon/journal/journal_tags.h"

struct journal_spec;
struct sd_journal;

/* How much a batch takes, except for one line that may be of any length. */
enum {
	JOURNAL_BATCH_ENTRIES = 8192,
	JOURNAL_BATCH_BYTES = 64 * 1024,
	JOURNAL_BATCH_MARKS = 256
};

/* A line in a batch that needs a look, or the place where one would be. */
struct journal_mark {
	size_t at, len; /* in the batch, without the newline */
	bool has_line;
	bool single; /* not to be handed out in a block */
	bool is_cut;
	char stream[CUT_STREAMS_NAME]; /* journal_entry.h; "": none */
};

/* Whole lines in their order, each with its newline. */
struct journal_batch {
	size_t len, entries, nmarks;
	uint64_t left_out;	/* entries of ignored tags */
	uint64_t last_left_out; /* when the last of them came, in us; 0: a line
				 * came later */
	char *cursor;		/* of the last entry, if somebody needs it */
	char
	    untrusted[128]; /* who wrote the first entry that no server wrote */
	struct journal_mark marks[JOURNAL_BATCH_MARKS];
	char lines[JOURNAL_BATCH_BYTES + 2 * LINEBUF_LINE_MAX];
};
struct journal_batch *journal_batch_new(void);
void journal_batch_free(struct journal_batch **);
/* Makes it empty. */
void journal_batch_reset(struct journal_batch *);
bool journal_batch_is_full(const struct journal_batch *);
/* Counts an entry of an ignored tag, which came at usec since the epoch. */
void journal_batch_leave_out(struct journal_batch *, uint64_t usec);

struct journal_reader {
	const struct journal_spec *spec; /* borrowed */
	struct journal_entry *entry;
	struct journal_tags tags;
};
void journal_reader_init(struct journal_reader *, const struct journal_spec *);
void journal_reader_clear(struct journal_reader *);

/* Adds the current entry, which came at usec since the epoch, to a batch that
 * is not full. */
void journal_reader_take(struct journal_reader *, struct sd_journal *,
			 uint64_t usec, struct journal_batch *);

/* The same for fields that do not come from sd-journal.
 * journal_reader_ignores(): the field is an ignored tag, so the entry is to be
 * left out. (What a container prints has no tag.) journal_reader_add(): all
 * fields that count have been added to the reader's entry. */
bool journal_reader_ignores(struct journal_reader *, const char *field,
			    size_t len);
void journal_reader_add(struct journal_reader *, struct journal_batch *);

/* Fills entry from the current one. False: it could not be read. */
bool journal_read_entry(struct sd_journal *, struct journal_entry *entry);

#endif
