#include "base/linebuf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	ROOM_MIN = 512,
	/* Just enough to tell that a line is too long; a CR does not count. */
	KEPT_MAX = LINEBUF_LINE_MAX + 2,
};

struct linebuf {
	char *held; /* the beginning of an unfinished line */
	size_t held_len, held_room;
	uint64_t pending; /* all bytes fed of that line */
	bool skips;	  /* it is dropped when its end comes */
	uint64_t dropped; /* lines */
	linebuf_drop_fn *drop;
	void *drop_arg;
};

struct linebuf *
linebuf_new(void)
{
	struct linebuf *buf = alloc_zero(1, sizeof(*buf));

	buf->held = alloc_zero(ROOM_MIN, 1);
	buf->held_room = ROOM_MIN;
	return buf;
}

void
linebuf_free(struct linebuf **buf)
{
	if (*buf == NULL)
		return;
	free((*buf)->held);
	free(*buf);
	*buf = NULL;
}

static size_t
count_nuls(const char *bytes, size_t len)
{
	size_t n = 0;

	while (n < len && bytes[n] == '\0')
		n++;
	return n;
}

/* How many of the bytes to leave out so that one NUL is left of those at the
 * beginning of a line: they may be more than any line has. */
static size_t
spare_nuls(const struct linebuf *buf, const char *bytes, size_t len)
{
	size_t n;

	if (buf->held_len > 1 || (buf->held_len == 1 && buf->held[0] != '\0'))
		return 0;
	n = count_nuls(bytes, len);
	return n > 0 && buf->held_len == 0 ? n - 1 : n;
}

/* Keeps a piece of a line. What exceeds the limit is only counted. */
static void
hold(struct linebuf *buf, const char *bytes, size_t len)
{
	size_t room = buf->held_room, spare = spare_nuls(buf, bytes, len);
	size_t limit = KEPT_MAX - buf->held_len;

	buf->pending += len;
	if (buf->skips)
		return;
	bytes += spare;
	len -= spare;
	if (len > limit)
		len = limit;
	if (len == 0)
		return;
	while (room < buf->held_len + len)
		room *= 2;
	if (room != buf->held_room)
		buf->held = alloc_resize(buf->held, room, 1);
	buf->held_room = room;
	memcpy(buf->held + buf->held_len, bytes, len);
	buf->held_len += len;
}

size_t
linebuf_hole(struct linebuf *buf, uint64_t *hole, const char *bytes, size_t len)
{
	size_t n = count_nuls(bytes, len);

	*hole += n;
	if (n == len || buf->pending > 0 || linebuf_begins_after(*hole))
		return n;
	hold(buf, "", 1);
	--*hole;
	return n;
}

static void
note_drop(struct linebuf *buf, uint64_t size)
{
	buf->dropped++;
	if (buf->drop != NULL)
		buf->drop(buf->drop_arg, size);
}

void
linebuf_on_drop(struct linebuf *buf, linebuf_drop_fn *drop, void *arg)
{
	buf->drop = drop;
	buf->drop_arg = arg;
}

/* Hands out the lines of a block. */
static void
hand_out(struct linebuf *buf, const char *at, const char *end,
	 linebuf_line_fn *fn, void *arg)
{
	const char *begin = at, *line;
	size_t len;
	int next;

	for (; (next = linebuf_next(&at, end, &line, &len)) != 0; begin = at)
		if (next > 0)
			fn(arg, line, len);
		else
			note_drop(buf, (uint64_t)(at - begin));
}

/* Hands out the held line, which is complete now. */
static void
hand_out_held(struct linebuf *buf, linebuf_line_fn *fn, void *arg)
{
	const char *line, *end = buf->held + buf->held_len;
	uint64_t size = buf->pending + 1;
	bool skipped = buf->skips;
	size_t len;

	/* Before fn is called, because it may reset or feed. */
	buf->held_len = 0;
	buf->pending = 0;
	buf->skips = false;
	if (linebuf_trim(buf->held, end, &line, &len) && !skipped)
		fn(arg, line, len);
	else
		note_drop(buf, size);
}

/* Completes the held line if its end has come. Returns where it ends in bytes,
 * or end. */
static const char *
feed_held(struct linebuf *buf, const char *bytes, const char *end,
	  linebuf_line_fn *fn, void *arg)
{
	const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));

	if (newline == NULL) {
		hold(buf, bytes, (size_t)(end - bytes));
		return end;
	}
	hold(buf, bytes, (size_t)(newline - bytes));
	hand_out_held(buf, fn, arg);
	return newline + 1;
}

void
linebuf_feed_blocks(struct linebuf *buf, const char *bytes, size_t len,
		    linebuf_line_fn *fn, linebuf_block_fn *block_fn, void *arg)
{
	const char *end = bytes + len, *last;

	if ((buf->pending > 0 || buf->skips) && len > 0)
		bytes = feed_held(buf, bytes, end, fn, arg);
	last = memrchr(bytes, '\n', (size_t)(end - bytes));
	if (last != NULL) {
		if (block_fn != NULL)
			block_fn(arg, bytes, (size_t)(last + 1 - bytes));
		else
			hand_out(buf, bytes, last + 1, fn, arg);
		bytes = last + 1;
	}
	if (bytes < end)
		hold(buf, bytes, (size_t)(end - bytes));
}

void
linebuf_feed(struct linebuf *buf, const char *bytes, size_t len,
	     linebuf_line_fn *fn, void *arg)
{
	linebuf_feed_blocks(buf, bytes, len, fn, NULL, arg);
}

uint64_t
linebuf_pending(const struct linebuf *buf)
{
	return buf->pending;
}

void
linebuf_pass(struct linebuf *buf, uint64_t size)
{
	buf->pending += size;
}

void
linebuf_reset(struct linebuf *buf)
{
	buf->held_len = 0;
	buf->pending = 0;
}

void
linebuf_skip(struct linebuf *buf)
{
	linebuf_reset(buf);
	buf->skips = true;
}

bool
linebuf_skips(const struct linebuf *buf)
{
	return buf->skips;
}

uint64_t
linebuf_dropped(const struct linebuf *buf)
{
	return buf->dropped;
}
