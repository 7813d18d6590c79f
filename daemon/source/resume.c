#include "daemon/source/resume.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "daemon/source/source.h"
#include "daemon/source/tail.h"

/* ---- by the position of the last run ---- */

/* An offset before the end of the first line proves nothing. */
static bool
is_proof(const struct logpos *pos)
{
	return pos->cursor == NULL && pos->print.offset > 0;
}

static const struct logpos *
find_own(const char *spec, const struct source_start *start)
{
	for (size_t i = 0; i < start->npos; i++)
		if (strcmp(start->pos[i].path, spec) == 0)
			return &start->pos[i];
	return NULL;
}

/* The index of the file of that position, or -1. */
static ssize_t
find_position(const struct rotation *files, const struct logpos *pos)
{
	return is_proof(pos)
		   ? rotation_find(files, &pos->print, pos->device, pos->inode)
		   : -1;
}

static bool
resume_at(struct resume_point *point, const struct logpos *pos)
{
	ssize_t found = find_position(&point->files, pos);

	if (found < 0)
		return false;
	point->first = (size_t)found;
	point->offset = pos->print.offset;
	log_info("resumed %s at byte %llu", point->files.list[found].path,
		 (unsigned long long)point->offset);
	return true;
}

static bool
resume(struct resume_point *point, const char *spec,
       const struct source_start *start, const struct logpos *own)
{
	if (own != NULL && resume_at(point, own))
		return true;
	/* The log may have had another name in the configuration. */
	for (size_t i = 0; own == NULL && i < start->npos; i++)
		if (resume_at(point, &start->pos[i]))
			return true;
	if (own != NULL && is_proof(own))
		log_warning(
		    "cannot find the position of the last run in %s%s%s; "
		    "going back by the grace period",
		    spec, point->files.unreadable ? ", cannot read " : "",
		    point->files.unreadable ? point->files.unreadable : "");
	return false;
}

/* ---- by time ---- */

/* Reads whole lines from an offset on. */
struct reader {
	const struct tail *tail;
	const struct source_sink *sink;
	char *block;
	uint64_t begin; /* of the block in the file */
	size_t len;
	bool nuls;     /* nothing else is in it, */
	uint64_t next; /* nor in the file up to this offset */
	uint64_t read; /* since searching() was called */
};

/* SIGN: so many bytes are read within a second. MUCH_OLDER: seconds; what another
 * host sends late is not as late. */
enum {
	BLOCK = 2 * (LINEBUF_LINE_MAX + 2),
	FIRST_STAMP = 1024 * 1024,
	SIGN = 16 * 1024 * 1024,
	MUCH_OLDER = 30 * 86400,
};

struct stamped {
	uint64_t offset, next; /* the line, and what follows it */
	time_t when;
};

static void
fill(struct reader *r, uint64_t offset)
{
	int64_t got =
	    tail_bytes((void *)(uintptr_t)r->tail, r->block, BLOCK, offset);

	r->begin = offset;
	r->len = got > 0 ? (size_t)got : 0;
	r->next = offset + r->len;
	r->nuls = tail_is_nuls(r->block, r->len);
	if (r->nuls)
		r->next = tail_end_of_hole(r->tail, r->next);
	r->read += r->len;
	if (r->read < SIGN || r->sink->searching == NULL)
		return;
	r->read = 0;
	r->sink->searching(r->sink->arg);
}

/* Whether there is anything at the offset, which then is in the block. */
static bool
fill_for(struct reader *r, uint64_t offset)
{
	if (offset < r->begin || offset >= r->begin + r->len)
		fill(r, offset);
	return r->len > 0;
}

/* Finds the next newline in [offset, end). */
static bool
newline_from(struct reader *r, uint64_t offset, uint64_t end, uint64_t *at)
{
	const char *from, *found;

	for (; offset < end && fill_for(r, offset); offset = r->next) {
		if (r->nuls)
			continue;
		from = r->block + (offset - r->begin);
		found = memchr(from, '\n', r->begin + r->len - offset);
		if (found == NULL)
			continue;
		*at = r->begin + (uint64_t)(found - r->block);
		return *at < end;
	}
	return false;
}

/* The line that begins at offset; NULL if the block cannot hold it. */
static const char *
line_at(struct reader *r, uint64_t offset, size_t len)
{
	if (offset < r->begin || offset + len > r->begin + r->len)
		fill(r, offset);
	return offset + len <= r->begin + r->len
		   ? r->block + (offset - r->begin)
		   : NULL;
}

/* Skips NULs, which are no part of a line. */
static uint64_t
skip_nuls(struct reader *r, uint64_t offset)
{
	for (; fill_for(r, offset); offset = r->next) {
		if (r->nuls)
			continue;
		while (offset < r->begin + r->len &&
		       r->block[offset - r->begin] == '\0')
			offset++;
		if (offset < r->begin + r->len)
			break;
	}
	return offset;
}

static int
stamp_of(struct reader *r, const char *line, size_t len, time_t *when)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	return r->sink->stamp(r->sink->arg, line, len, when);
}

/* Moves *offset, where a line begins, to its text. False: it may be the rest of
 * a line. */
static bool
find_text(struct reader *r, uint64_t *offset)
{
	uint64_t text = skip_nuls(r, *offset);
	bool whole =
	    text == *offset || (*offset == 0 && linebuf_begins_after(text));

	*offset = text;
	return whole;
}

/* Finds the first line with a stamp that begins in [offset, end). A line begins
 * at offset. */
static bool
stamped_from(struct reader *r, uint64_t offset, uint64_t end,
	     struct stamped *found)
{
	uint64_t newline;
	const char *line;
	bool whole;
	size_t len;

	for (; offset < end; offset = newline + 1) {
		whole = find_text(r, &offset);
		if (!newline_from(r, offset, UINT64_MAX, &newline))
			return false;
		if (!whole || newline - offset > LINEBUF_LINE_MAX + 1)
			continue;
		len = (size_t)(newline - offset);
		line = line_at(r, offset, len);
		if (line == NULL || stamp_of(r, line, len, &found->when) != 0)
			continue;
		found->offset = offset;
		found->next = newline + 1;
		return true;
	}
	return false;
}

/* Narrows [low, high) down to the first stamped line not older than since. A
 * line always begins at low; at high is the end, or a line that is not older.
 */
static uint64_t
bisect(struct reader *r, uint64_t low, uint64_t high, time_t since)
{
	struct stamped found;
	uint64_t middle, begin;

	while (low < high) {
		middle = low + (high - low) / 2;
		begin = low;
		if (middle > low) {
			if (!newline_from(r, middle - 1, high - 1, &begin)) {
				high = middle; /* no line begins after that */
				continue;
			}
			begin++;
		}
		if (!stamped_from(r, begin, high, &found)) {
			if (begin == low)
				return low;
			high = begin;
		} else if (found.when >= since) {
			/* Otherwise high, and the loop, would never change. */
			if (begin == low)
				return found.offset;
			high = begin;
		} else {
			low = found.next;
		}
	}
	return low;
}

/* Walks from an offset that is early enough to the first line that is not older
 * than since, or to the end of the last whole line. */
static uint64_t
walk(struct reader *r, uint64_t offset, time_t since)
{
	struct stamped found;
	uint64_t newline;

	while (stamped_from(r, offset, UINT64_MAX, &found)) {
		if (found.when >= since)
			return found.offset;
		offset = found.next;
	}
	while (newline_from(r, offset, UINT64_MAX, &newline))
		offset = newline + 1;
	return offset;
}

/* A compressed file is read as a whole. But its first line is too old, or the
 * rest of one that was cut, of which no time is believed. */
static uint64_t
second_line(struct reader *r)
{
	uint64_t newline;

	return newline_from(r, 0, UINT64_MAX, &newline) ? newline + 1 : 0;
}

/* The offset of the first line not older than since, in a file that begins with
 * an older one if it is compressed. */
static uint64_t
offset_since(struct reader *r, time_t since)
{
	uint64_t offset;

	if (r->tail->unpack != NULL)
		return second_line(r);
	offset = bisect(r, 0, tail_size(r->tail), since - RESUME_DISORDER);
	return walk(r, offset, since);
}

/* Stamps without a year are taken for those of the last twelve months. In a log
 * that has not been rotated for longer, what comes before a much older line is
 * of the year before. The offset after the last such line; or the same. */
static uint64_t
after_last_year(struct reader *r, uint64_t offset, time_t since)
{
	uint64_t after, end = tail_size(r->tail);
	struct stamped passed;

	if (r->tail->unpack != NULL)
		return offset;
	after = bisect(r, offset, end, since - MUCH_OLDER);
	if (!stamped_from(r, offset, after, &passed) || passed.offset >= after)
		return offset;
	return walk(r, after, since);
}

/* ---- which of the files ---- */

bool
resume_may_count(struct timespec changed, time_t since)
{
	return changed.tv_sec >= since - RESUME_DISORDER;
}

/* How old the first stamp of a file is, compared with since. */
enum age { OLDER, YOUNGER, UNKNOWN };

static enum age
age_of(struct reader *r, time_t since)
{
	struct stamped first;
	uint64_t newline;

	if (stamped_from(r, 0, skip_nuls(r, 0) + FIRST_STAMP, &first))
		return first.when < since ? OLDER : YOUNGER;
	/* What has no line yet is not too old. Its writer may go on with it
	 * after the rotation. */
	return tail_size(r->tail) <= LINEBUF_LINE_MAX &&
		       !newline_from(r, 0, UINT64_MAX, &newline)
		   ? YOUNGER
		   : UNKNOWN;
}

/* The offset of the first line that is not too old: none is if the file has not
 * been written to for as long. */
static uint64_t
first_that_counts(struct reader *r, enum age age, time_t since)
{
	uint64_t offset = age == OLDER ? offset_since(r, since) : 0;

	if (!resume_may_count(r->tail->mtime, since))
		return walk(r, offset, INT64_MAX);
	return after_last_year(r, offset, since);
}

/* Explains why few lines, or none, are read of a large log. */
static void
log_skipped(const struct tail *tail, uint64_t offset)
{
	if (offset > 0 && tail->unpack == NULL)
		log_info("skipped %llu of the %llu bytes of %s: too old to "
			 "authorize anybody",
			 (unsigned long long)offset,
			 (unsigned long long)tail_size(tail), tail->path);
}

/* Goes from the newest file back to the first that has lines older than since.
 * A file without a stamp does not tell how far back to go. */
static void
begin_since(struct resume_point *point, time_t since,
	    const struct source_sink *sink)
{
	struct reader r = {.sink = sink, .block = alloc_zero(BLOCK, 1)};
	enum age age = UNKNOWN;
	struct tail *tail;
	struct err err;

	for (size_t i = point->files.count; i-- > 0 && age != OLDER;) {
		tail = tail_open(point->files.list[i].path, &err);
		if (tail == NULL)
			continue;
		r.tail = tail;
		r.len = 0;
		age = age_of(&r, since);
		if (age != UNKNOWN || i + 1 == point->files.count) {
			point->first = i;
			point->offset = first_that_counts(&r, age, since);
		}
		if (point->offset > 0)
			age = OLDER;
		log_skipped(tail, point->offset);
		tail_close(&tail);
	}
	free(r.block);
}

/* If the last line has no end yet, its beginning is as old as the file. */
static void
seek_end(struct tail *tail)
{
	uint64_t size = tail_size(tail);
	const struct before *before = &tail->before_offset;

	if (tail_seek(tail, size) == 0 && before->len > 0 &&
	    before->bytes[before->len - 1] != '\n')
		linebuf_skip(tail->lines);
}

void
resume_seek(struct tail *tail, time_t since, const struct source_sink *sink)
{
	struct reader r = {.sink = sink, .tail = tail};
	enum age age;

	if (!resume_may_count(tail->mtime, since)) {
		seek_end(tail);
		return;
	}
	r.block = alloc_zero(BLOCK, 1);
	age = tail->unpack == NULL ? OLDER : age_of(&r, since);
	tail_seek(tail, first_that_counts(&r, age, since));
	free(r.block);
}

/* Of a compressed file, only reading it as a whole tells. */
static bool
ends_within_line(const struct tail *tail, const struct source_sink *sink)
{
	struct reader r = {
	    .sink = sink, .tail = tail, .block = alloc_zero(BLOCK, 1)};
	uint64_t offset = tail->offset > 0 ? tail->offset - 1 : 0, newline;
	bool torn;

	while (newline_from(&r, offset, UINT64_MAX, &newline))
		offset = newline + 1;
	torn = fill_for(&r, offset);
	free(r.block);
	return torn;
}

bool
resume_pass_over(const char *path, const struct source_sink *sink)
{
	struct err err;
	struct tail *tail = tail_open(path, &err);
	bool torn;

	if (tail == NULL)
		return false;
	if (tail->unpack == NULL && tail_seek(tail, tail_size(tail)) == 0)
		tail_deliver_past(tail, sink);
	torn = ends_within_line(tail, sink);
	tail_close(&tail);
	return torn;
}

/* ---- either ---- */

/* Logins in it are missing: it was still written to at a time that counts. */
static void
warn_unreadable(const struct rotation *files, time_t since)
{
	struct stat st;

	if (files->unreadable != NULL && stat(files->unreadable, &st) == 0 &&
	    st.st_mtime >= since)
		log_warning("skipped %s: its compression cannot be read here",
			    files->unreadable);
}

bool
resume_is_torn(const struct rotation *files, const struct logpos *pos,
	       const struct source_sink *sink)
{
	ssize_t found = pos->torn ? find_position(files, pos) : -1;
	struct reader r = {.sink = sink};
	uint64_t newline;
	struct tail *tail;
	struct err err;
	bool torn;

	if (found < 0)
		return pos->torn;
	r.tail = tail = tail_open(files->list[found].path, &err);
	if (tail == NULL)
		return true;
	r.block = alloc_zero(BLOCK, 1);
	torn = !newline_from(&r, pos->print.offset, UINT64_MAX, &newline);
	free(r.block);
	tail_close(&tail);
	return torn;
}

/* Whether another file of a pattern ended within a line. The rest may be in any
 * file that has come since. */
static bool
other_is_torn(const struct rotation *files, const char *spec,
	      const struct source_start *start, const struct logpos *own,
	      const struct source_sink *sink)
{
	const struct logpos *end = start->pos + start->npos;

	if (own == NULL || !rotation_is_pattern(spec))
		return false;
	while (++own < end && strcmp(own->path, spec) == 0)
		if (resume_is_torn(files, own, sink))
			return true;
	return false;
}

void
resume_find(struct resume_point *point, const char *spec,
	    const struct source_start *start, const struct source_sink *sink)
{
	const struct logpos *own = find_own(spec, start);

	memset(point, 0, sizeof(*point));
	point->own = own;
	rotation_list(&point->files, spec, own);
	point->torn = other_is_torn(&point->files, spec, start, own, sink);
	if (point->files.count == 0)
		return;
	point->first = point->files.count - 1;
	if (!start->beginning && resume(point, spec, start, own))
		return;
	point->torn = point->torn || (own != NULL && own->torn);
	warn_unreadable(&point->files, start->beginning ? 0 : start->since);
	if (!start->beginning)
		begin_since(point, start->since, sink);
}
