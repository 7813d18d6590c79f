#include "daemon/journal/journal_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/alloc.h"
#include "daemon/journal/journal_open.h"

/* ---- batches ---- */

struct journal_batch *
journal_batch_new(void)
{
	return alloc_zero(1, sizeof(struct journal_batch));
}

void
journal_batch_free(struct journal_batch **bp)
{
	if (*bp != NULL)
		free((*bp)->cursor);
	free(*bp);
	*bp = NULL;
}

void
journal_batch_reset(struct journal_batch *b)
{
	b->len = b->entries = b->nmarks = 0;
	b->left_out = b->last_left_out = 0;
	b->untrusted[0] = '\0';
	free(b->cursor);
	b->cursor = NULL;
}

bool
journal_batch_is_full(const struct journal_batch *b)
{
	return b->entries >= JOURNAL_BATCH_ENTRIES ||
	       b->len >= JOURNAL_BATCH_BYTES ||
	       b->nmarks == JOURNAL_BATCH_MARKS;
}

/* ---- one entry ---- */

void
journal_reader_init(struct journal_reader *r, const struct journal_spec *spec)
{
	*r =
	    (struct journal_reader){.spec = spec, .entry = journal_entry_new()};
}

void
journal_reader_clear(struct journal_reader *r)
{
	journal_entry_free(&r->entry);
}

/* All fields at once: each question to sd-journal for one field walks through
 * those before it. */
bool
journal_read_entry(sd_journal *journal, struct journal_entry *entry)
{
	const void *data;
	uint64_t usec;
	size_t len;

	if (sd_journal_get_realtime_usec(journal, &usec) < 0)
		return false;
	journal_entry_begin(entry, usec);
	sd_journal_restart_data(journal);
	while (sd_journal_enumerate_data(journal, &data, &len) > 0)
		journal_entry_field(entry, data, len);
	return true;
}

bool
journal_reader_ignores(struct journal_reader *r, const char *field, size_t len)
{
	static const char tag[] = "SYSLOG_IDENTIFIER=";
	const size_t before = sizeof(tag) - 1;

	return len > before && memcmp(field, tag, before) == 0 &&
	       r->spec->nwords == 0 &&
	       journal_tags_ignored(&r->tags, field + before, len - before);
}

/*
 * Reads no further than to a tag that is ignored, and returns false then. In a
 * file, what many entries have in common comes first, so that this saves half
 * of the fields.
 */
static bool
read_wanted(struct journal_reader *r, sd_journal *journal, uint64_t usec)
{
	const void *data;
	size_t len;

	journal_entry_begin(r->entry, usec);
	sd_journal_restart_data(journal);
	while (sd_journal_enumerate_data(journal, &data, &len) > 0) {
		if (journal_reader_ignores(r, data, len))
			return false;
		journal_entry_field(r->entry, data, len);
	}
	return true;
}

/*
 * Any local user may write to the journal under the name of dovecot. A
 * selection by a field that journald sets is the administrator's word for it.
 */
static bool
is_trusted(const struct journal_reader *r, struct journal_batch *b)
{
	const char *writer;

	if (r->spec->selected || journal_entry_is_server(r->entry))
		return true;
	/* Entries of the kernel have no user; they are no reason to warn. */
	if (b->untrusted[0] == '\0' &&
	    (writer = journal_entry_writer(r->entry)) != NULL)
		snprintf(b->untrusted, sizeof(b->untrusted), "%s", writer);
	return false;
}

/* A reader of blocks drops a line that is over-long, and a CR at its end. */
static bool
is_single(const struct journal_reader *r, const char *line, size_t len)
{
	return r->spec->nwords > 0 || len > LINEBUF_LINE_MAX ||
	       line[len - 1] == '\r';
}

static void
add_mark(const struct journal_reader *r, struct journal_batch *b, bool has_line,
	 const char *line, size_t len)
{
	struct journal_mark *mark = &b->marks[b->nmarks];

	mark->at = b->len;
	mark->len = has_line ? len : 0;
	mark->has_line = has_line;
	mark->single = has_line && is_single(r, line, len);
	mark->is_cut = journal_entry_is_cut(r->entry);
	/* The reader of what wraps a container's line joins its parts. */
	if ((r->spec->nwords > 0 && journal_entry_has_container(r->entry)) ||
	    !journal_entry_stream(r->entry, mark->stream))
		mark->stream[0] = '\0';
	if (mark->single || mark->stream[0] != '\0')
		b->nmarks++;
}

static void
add_line(struct journal_batch *b, const char *line, size_t len)
{
	memcpy(b->lines + b->len, line, len);
	b->len += len;
	b->lines[b->len++] = '\n';
	b->last_left_out = 0;
}

void
journal_batch_leave_out(struct journal_batch *b, uint64_t usec)
{
	b->entries++;
	b->left_out++;
	b->last_left_out = usec;
}

void
journal_reader_add(struct journal_reader *r, struct journal_batch *b)
{
	const char *line;
	size_t len;
	bool has_line =
	    journal_entry_line(r->entry, r->spec->nwords > 0, &line, &len);

	b->entries++;
	if (!is_trusted(r, b))
		return;
	add_mark(r, b, has_line, line, len);
	if (has_line)
		add_line(b, line, len);
}

void
journal_reader_take(struct journal_reader *r, sd_journal *journal,
		    uint64_t usec, struct journal_batch *b)
{
	if (read_wanted(r, journal, usec))
		journal_reader_add(r, b);
	else
		journal_batch_leave_out(b, usec);
}
