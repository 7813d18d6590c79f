#include "daemon/journal/journal_history.h"

#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/journal/journal_archive.h"
#include "daemon/journal/journal_breaks.h"
#include "daemon/journal/journal_entry.h"
#include "daemon/journal/journal_files.h"
#include "daemon/journal/journal_open.h"
#include "daemon/journal/journal_place.h"
#include "daemon/journal/journal_reader.h"

/* A file that has to be read, by `archive' or by `journal'. */
struct part {
	const char *path;
	bool archived;
	struct journal_archive *archive;
	sd_journal *journal;
	struct journal_place place; /* of the next entry */
	uint64_t taken;		    /* the number of the last entry; 0: none */
};

struct journal_history {
	struct journal_reader *reader;
	struct journal_begin begin;
	struct journal_place after; /* begin.cursor, if there is one */
	struct journal_files files;
	struct journal_archive_memory *memory;
	struct journal_batch *batch;
	struct part *parts; /* the one whose entry comes next is the first */
	size_t nparts, narchived;
	/* Of the file that had a compressed field last. */
	sd_journal *judge;
	const char *judged;
	struct journal_place last; /* that was read */
};

/* ---- where to begin ---- */

static bool
has_same_sequence(const unsigned char *a, const unsigned char *b)
{
	return memcmp(a, b, JOURNAL_ID_BYTES) == 0;
}

/* Whether any entry of an archived file comes after the beginning. */
static bool
reaches(const struct journal_history *h, const struct journal_header *header)
{
	if (h->begin.cursor != NULL &&
	    has_same_sequence(header->sequence, h->after.sequence))
		return header->tail_number > h->after.number;
	return header->tail_usec >= h->begin.usec;
}

static bool
is_chosen(const struct journal_history *h, const struct journal_file *file)
{
	return file->fd >= 0 && reaches(h, &file->header);
}

/* Whether all its entries come after those of the other. */
static bool
follows(const struct journal_header *header, const struct journal_header *other)
{
	return has_same_sequence(header->sequence, other->sequence) &&
	       header->head_number > other->tail_number;
}

/* Whether a file that is not chosen has to be read together with the chosen
 * ones, because their entries may come after some of its own. */
static bool
comes_between(const struct journal_history *h, const struct journal_file *file)
{
	const struct journal_file *other = h->files.list;

	if (is_chosen(h, file) ||
	    (file->header.archived && !reaches(h, &file->header)))
		return false;
	for (; other < h->files.list + h->files.count; other++)
		if (is_chosen(h, other) &&
		    !follows(&file->header, &other->header))
			return true;
	return false;
}

/* Whether the cursor has a place in all chosen files. In a file of another
 * sequence, only libsystemd can find it. */
static bool
is_in_order(const struct journal_history *h)
{
	const struct journal_file *file = h->files.list;

	for (; file < h->files.list + h->files.count; file++)
		if (h->begin.cursor != NULL && is_chosen(h, file) &&
		    !has_same_sequence(file->header.sequence,
				       h->after.sequence))
			return false;
	return true;
}

/* ---- parts ---- */

static int
next_by_libsystemd(sd_journal *journal, struct journal_place *place)
{
	int result = sd_journal_next(journal);
	char *cursor;

	if (result <= 0 || sd_journal_get_cursor(journal, &cursor) < 0)
		return 0;
	result = journal_place_parse(place, cursor);
	free(cursor);
	return result;
}

/* Whether the part's entry has been read, also before the beginning. */
static bool
is_taken(const struct journal_history *h, const struct part *part)
{
	if (part->taken > 0)
		return part->place.number <= part->taken;
	return h->begin.cursor != NULL &&
	       journal_place_compare(&part->place, &h->after) <= 0;
}

/* From now on libsystemd reads the file, after what has been taken of it. 1: it
 * has an entry; 0: it has none, or libsystemd does not read it either. */
static int
leave_to_libsystemd(const struct journal_history *h, struct part *part)
{
	const char *paths[] = {part->path, NULL};

	journal_archive_close(&part->archive);
	if (sd_journal_open_files(&part->journal, paths, 0) < 0) {
		part->journal = NULL;
		return 0;
	}
	sd_journal_set_data_threshold(part->journal, 0);
	if (journal_seek(part->journal, &h->begin) < 0)
		return 0;
	do
		if (next_by_libsystemd(part->journal, &part->place) == 0)
			return 0;
	while (is_taken(h, part));
	return 1;
}

/* Goes to the next entry. 1: done; 0: that was the last entry. */
static int
advance(const struct journal_history *h, struct part *part)
{
	int result;

	if (part->journal != NULL)
		return next_by_libsystemd(part->journal, &part->place);
	result = journal_archive_next(part->archive, &part->place);
	return result >= 0 ? result : leave_to_libsystemd(h, part);
}

static void
swap(struct part *a, struct part *b)
{
	struct part part = *a;

	*a = *b;
	*b = part;
}

/* Brings the first of some parts to where it belongs. */
static void
sink(struct part *part, const struct part *end)
{
	for (; part + 1 < end; part++) {
		if (journal_place_compare(&part[0].place, &part[1].place) <= 0)
			return;
		swap(part, part + 1);
	}
}

static void
close_part(struct part *part)
{
	journal_archive_close(&part->archive);
	sd_journal_close(part->journal);
}

/* The first part has been read to its end. */
static void
drop_first(struct journal_history *h)
{
	h->narchived -= h->parts[0].archived;
	close_part(h->parts);
	h->nparts--;
	memmove(h->parts, h->parts + 1, h->nparts * sizeof(*h->parts));
}

/* ---- opening ---- */

static int
seek_archive(const struct journal_history *h, struct journal_archive *archive)
{
	if (h->begin.cursor != NULL)
		return journal_archive_seek_number(archive,
						   h->after.number + 1);
	return journal_archive_seek_usec(archive, h->begin.usec);
}

/* As advance(), to the first entry. */
static int
open_part(const struct journal_history *h, struct part *part,
	  struct journal_file *file)
{
	if (part->archived) {
		part->archive =
		    journal_archive_open(file->fd, &file->header, h->memory);
		file->fd = -1;
	}
	if (part->archive == NULL || seek_archive(h, part->archive) != 0)
		return leave_to_libsystemd(h, part);
	return advance(h, part);
}

static void
add_part(struct journal_history *h, struct journal_file *file, bool archived)
{
	struct part *part = &h->parts[h->nparts];

	*part = (struct part){.path = file->path, .archived = archived};
	if (open_part(h, part, file) == 0) {
		close_part(part);
		return;
	}
	h->narchived += archived;
	h->nparts++;
	for (; part > h->parts; part--)
		sink(part - 1, part + 1);
}

/* Adds all files that have to be read. Those that are chosen come last, since
 * adding one takes its descriptor, and is_chosen() asks for that. */
static void
add_parts(struct journal_history *h)
{
	struct journal_file *list = h->files.list;
	size_t count = h->files.count;

	h->parts = alloc_zero(count + 1, sizeof(*h->parts));
	for (size_t i = 0; i < count; i++)
		if (comes_between(h, &list[i]))
			add_part(h, &list[i], false);
	for (size_t i = 0; i < count; i++)
		if (is_chosen(h, &list[i]))
			add_part(h, &list[i], true);
}

/* False: that is no cursor. */
static bool
set_begin(struct journal_history *h, const struct journal_begin *begin)
{
	h->begin = *begin;
	if (begin->cursor == NULL)
		return true;
	h->begin.cursor = alloc_string(begin->cursor);
	if (!journal_place_parse(&h->after, begin->cursor))
		return false;
	h->begin.usec = h->after.usec;
	h->last = h->after;
	return true;
}

/* libsystemd reads the files with lines of containers that were cut. True: there
 * are some, and the rest of one may come first in the next file. */
static bool
leave_containers(struct journal_history *h)
{
	struct journal_file *file = h->files.list;
	bool any = false;

	for (; file < h->files.list + h->files.count; file++)
		if (is_chosen(h, file) &&
		    journal_breaks_containers(&file->header, file->fd)) {
			close(file->fd);
			file->fd = -1;
			any = true;
		}
	return any;
}

struct journal_history *
journal_history_new(struct journal_reader *reader,
		    const struct journal_begin *begin)
{
	struct journal_history *h = alloc_zero(1, sizeof(*h));

	h->reader = reader;
	h->batch = journal_batch_new();
	if (set_begin(h, begin) && reader->spec->nwords == 0 &&
	    journal_files_find(&h->files, reader->spec) == 0) {
		h->memory = journal_archive_memory_new(
		    leave_containers(h) ? journal_entry_needs_cut
					: journal_entry_needs);
		if (is_in_order(h))
			add_parts(h);
	}
	if (h->narchived == 0)
		journal_history_free(&h);
	return h;
}

void
journal_history_free(struct journal_history **hp)
{
	struct journal_history *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	while (h->nparts > 0)
		drop_first(h);
	free(h->parts);
	sd_journal_close(h->judge);
	journal_files_clear(&h->files);
	journal_batch_free(&h->batch);
	journal_archive_memory_free(&h->memory);
	free((char *)h->begin.cursor);
	free(h);
}

/* ---- reading ---- */

/* Opens the file for libsystemd, and keeps it open: it may have more. */
static sd_journal *
judge_of(struct journal_history *h, const char *path)
{
	const char *paths[] = {path, NULL};

	if (h->judged == path)
		return h->judge;
	sd_journal_close(h->judge);
	h->judged = path;
	if (sd_journal_open_files(&h->judge, paths, 0) < 0)
		h->judge = NULL;
	else
		sd_journal_set_data_threshold(h->judge, 0);
	return h->judge;
}

/* The first part's entry, by libsystemd. */
static int
take_packed(struct journal_history *h)
{
	const struct part *part = h->parts;
	sd_journal *judge = judge_of(h, part->path);
	char *cursor = journal_place_cursor(&part->place);
	bool found = judge != NULL &&
		     sd_journal_seek_cursor(judge, cursor) >= 0 &&
		     sd_journal_next(judge) > 0 &&
		     sd_journal_test_cursor(judge, cursor) > 0;

	free(cursor);
	if (found)
		journal_reader_take(h->reader, judge, part->place.usec,
				    h->batch);
	return found ? 0 : -1;
}

static int
take_archived(struct journal_history *h)
{
	const struct part *part = h->parts;
	enum journal_field kind;
	bool packed = false;
	const char *text;
	size_t len;

	journal_entry_begin(h->reader->entry, part->place.usec);
	for (size_t n = 0;
	     (kind = journal_archive_field(part->archive, n, &text, &len)) <
	     JOURNAL_FIELD_DOUBT;
	     n++) {
		packed = packed || kind == JOURNAL_FIELD_PACKED;
		if (kind != JOURNAL_FIELD_KEPT)
			continue;
		if (journal_reader_ignores(h->reader, text, len)) {
			journal_batch_leave_out(h->batch, part->place.usec);
			return 0;
		}
		journal_entry_field(h->reader->entry, text, len);
	}
	if (kind == JOURNAL_FIELD_DOUBT)
		return -1;
	if (packed)
		return take_packed(h);
	journal_reader_add(h->reader, h->batch);
	return 0;
}

/* The first part's entry goes into the batch, unless another file had it, too.
 * 0, or -1: in doubt. */
static int
take(struct journal_history *h)
{
	struct part *part = h->parts;
	bool again = journal_place_compare(&part->place, &h->last) == 0;

	if (!again && part->archive != NULL && take_archived(h) != 0)
		return -1;
	if (!again && part->journal != NULL)
		journal_reader_take(h->reader, part->journal, part->place.usec,
				    h->batch);
	h->last = part->place;
	part->taken = part->place.number;
	return 0;
}

const struct journal_batch *
journal_history_next(struct journal_history *h)
{
	struct part *first = h->parts;
	int result;

	journal_batch_reset(h->batch);
	while (h->narchived > 0 && !journal_batch_is_full(h->batch)) {
		result = take(h) == 0 ? advance(h, first)
				      : leave_to_libsystemd(h, first);
		if (result == 0)
			drop_first(h);
		else
			sink(first, h->parts + h->nparts);
	}
	if (h->batch->entries == 0)
		return NULL;
	h->batch->cursor = journal_place_cursor(&h->last);
	return h->batch;
}
