#include "daemon/source/seek.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/linebuf.h"
#include "daemon/source/tail.h"

/* Reads whole lines from some place on. */
struct reader {
	const struct tail *tail;
	seek_stamp_fn *stamp;
	void *arg;
	char *block;
	uint64_t begin; /* of the block in the file */
	size_t len;
};

enum { BLOCK = 2 * (LINEBUF_LINE_MAX + 2), FIRST_STAMP = 1024 * 1024 };

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
}

/* Where the newline at or behind offset stands; false: there is none. */
static bool
newline_from(struct reader *r, uint64_t offset, uint64_t *at)
{
	const char *from, *found;

	for (;;) {
		if (offset < r->begin || offset >= r->begin + r->len)
			fill(r, offset);
		if (r->len == 0)
			return false;
		from = r->block + (offset - r->begin);
		found = memchr(from, '\n', r->begin + r->len - offset);
		if (found != NULL)
			break;
		offset = r->begin + r->len;
	}
	*at = r->begin + (uint64_t)(found - r->block);
	return true;
}

/* The line that begins at offset, in the block. */
static const char *
line_at(struct reader *r, uint64_t offset, size_t len)
{
	if (offset < r->begin || offset + len > r->begin + r->len)
		fill(r, offset);
	return offset + len <= r->begin + r->len
		   ? r->block + (offset - r->begin)
		   : NULL;
}

/* Over a hole that copytruncate left: it belongs to no line. */
static uint64_t
skip_hole(struct reader *r, uint64_t offset)
{
	for (;; offset++) {
		if (offset < r->begin || offset >= r->begin + r->len)
			fill(r, offset);
		if (r->len == 0 || r->block[offset - r->begin] != '\0')
			return offset;
	}
}

static int
stamp_of(struct reader *r, const char *line, size_t len, time_t *when)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	return r->stamp(r->arg, line, len, when);
}

/* The first stamped line that begins at or behind offset, and before end.
 * offset is the beginning of a line. */
static bool
stamped_from(struct reader *r, uint64_t offset, uint64_t end,
	     struct stamped *found)
{
	uint64_t newline;
	const char *line;
	size_t len;

	for (; offset < end && newline_from(r, offset, &newline);
	     offset = newline + 1) {
		offset = skip_hole(r, offset);
		if (newline - offset > LINEBUF_LINE_MAX + 1)
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

/* Lowers [low, high) to the first stamped line not older than since; low is
 * always the beginning of a line, high a line not older, or the end. */
static uint64_t
bisect(struct reader *r, uint64_t low, uint64_t high, time_t since)
{
	struct stamped found;
	uint64_t middle, begin;

	while (low < high) {
		middle = low + (high - low) / 2;
		begin = low;
		if (middle > low) {
			if (!newline_from(r, middle - 1, &begin) ||
			    ++begin >= high)
				begin = low;
		}
		if (!stamped_from(r, begin, high, &found)) {
			if (begin == low)
				return low;
			high = begin;
		} else if (found.when >= since) {
			/* Never twice the same: begin == low ends it. */
			if (begin == low)
				return found.offset;
			high = begin;
		} else {
			low = found.next;
		}
	}
	return low;
}

/* From a place that is early enough to the first line that is young enough. */
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
	while (newline_from(r, offset, &newline))
		offset = newline + 1;
	return offset;
}

static void
begin_reading(struct reader *r, const struct tail *tail, seek_stamp_fn *stamp,
	      void *arg)
{
	*r = (struct reader){.tail = tail, .stamp = stamp, .arg = arg};
	r->block = alloc_zero(BLOCK, 1);
}

uint64_t
seek_since(const struct tail *tail, time_t since, seek_stamp_fn *stamp,
	   void *arg)
{
	struct reader r;
	uint64_t offset;

	begin_reading(&r, tail, stamp, arg);
	offset = bisect(&r, 0, tail_size(tail), since - SEEK_DISORDER);
	offset = walk(&r, offset, since);
	free(r.block);
	return offset;
}

int
seek_first(const struct tail *tail, seek_stamp_fn *stamp, void *arg,
	   time_t *when)
{
	struct reader r;
	struct stamped found;
	int result = -1;

	begin_reading(&r, tail, stamp, arg);
	if (stamped_from(&r, 0, FIRST_STAMP, &found)) {
		*when = found.when;
		result = 0;
	}
	free(r.block);
	return result;
}
