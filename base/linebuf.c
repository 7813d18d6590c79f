#include "base/linebuf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	ROOM_MIN = 512,
	/* Enough to know a line too long by, with a CR that does not count. */
	KEPT_MAX = LINEBUF_LINE_MAX + 2,
};

struct linebuf {
	char *held; /* the beginning of a line whose end has not come */
	size_t held_len, held_room;
	uint64_t pending;  /* all bytes seen of that line */
	uint64_t overlong; /* lines dropped */
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

/* A whole line without its newline. */
static void
hand_out(struct linebuf *buf, const char *line, size_t len, linebuf_line_fn *fn,
	 void *arg)
{
	while (len > 0 && line[0] == '\0') {
		line++;
		len--;
	}
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len > LINEBUF_LINE_MAX)
		buf->overlong++;
	else
		fn(arg, line, len);
}

/* Keeps a piece of a line; of one that is too long only the count. */
static void
hold(struct linebuf *buf, const char *bytes, size_t len)
{
	size_t room = buf->held_room;
	size_t limit = KEPT_MAX - buf->held_len;

	buf->pending += len;
	/* A hole left by copytruncate can be larger than any line. */
	while (buf->held_len == 0 && len > 0 && bytes[0] == '\0') {
		bytes++;
		len--;
	}
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

/* The end of the line that was held has come. */
static void
hand_out_held(struct linebuf *buf, linebuf_line_fn *fn, void *arg)
{
	size_t len = buf->held_len;

	/* Forgotten first: fn may reset or feed. */
	buf->held_len = 0;
	buf->pending = 0;
	hand_out(buf, buf->held, len, fn, arg);
}

void
linebuf_feed(struct linebuf *buf, const char *bytes, size_t len,
	     linebuf_line_fn *fn, void *arg)
{
	const char *end = bytes + len, *newline;

	while (bytes < end) {
		newline = memchr(bytes, '\n', (size_t)(end - bytes));
		if (newline == NULL) {
			hold(buf, bytes, (size_t)(end - bytes));
			return;
		}
		if (buf->pending == 0) {
			hand_out(buf, bytes, (size_t)(newline - bytes), fn,
				 arg);
		} else {
			hold(buf, bytes, (size_t)(newline - bytes));
			hand_out_held(buf, fn, arg);
		}
		bytes = newline + 1;
	}
}

uint64_t
linebuf_pending(const struct linebuf *buf)
{
	return buf->pending;
}

void
linebuf_reset(struct linebuf *buf)
{
	buf->held_len = 0;
	buf->pending = 0;
}

uint64_t
linebuf_overlong(const struct linebuf *buf)
{
	return buf->overlong;
}
