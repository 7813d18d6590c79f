/*
 * linebuf: bytes in any portions, whole lines out.
 *
 * A line counts when its newline has come. It is handed out without the
 * newline, without a CR before it and without leading NUL bytes (copytruncate
 * leaves holes that read as NUL). A line longer than the limit is dropped
 * whole and counted, never cut in two: the tail of a cut line would be a
 * stranger's text at the beginning of a line.
 */
#ifndef BASE_LINEBUF_H
#define BASE_LINEBUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LINEBUF_LINE_MAX = 64 * 1024 };

struct linebuf;

/* line is borrowed, valid until the callback returns. */
typedef void linebuf_line_fn(void *arg, const char *line, size_t len);

struct linebuf *linebuf_new(void);
void linebuf_free(struct linebuf **);

/* Takes len bytes; calls fn for each line that is now whole. Lines that lie
 * whole within bytes are handed out without being copied. */
void linebuf_feed(struct linebuf *, const char *bytes, size_t len,
    linebuf_line_fn *, void *arg);

/* Whole lines as they stand in the bytes, with their ends: for linebuf_next().
 * Borrowed, valid until the callback returns. */
typedef void linebuf_block_fn(void *arg, const char *lines, size_t len);

/* The same, for who can do more with many lines at once: those that lie whole
 * within bytes go to block_fn together, in their turn. NULL: one by one. */
void linebuf_feed_blocks(struct linebuf *, const char *bytes, size_t len,
    linebuf_line_fn *, linebuf_block_fn *, void *arg);

/*
 * The next line of a block, which goes on at *at then. 1: *line and *len, as
 * linebuf_feed() would hand it out; -1: it was over-long; 0: the block ends.
 * linebuf_overlong() does not know of these.
 */
static inline int
linebuf_next(const char **at, const char *end, const char **line, size_t *len)
{
	const char *p = *at, *q;

	if (p == end)
		return 0;
	q = memchr(p, '\n', (size_t)(end - p));
	*at = q + 1;
	while (p < q && *p == '\0')
		p++;
	if (p < q && q[-1] == '\r')
		q--;
	*line = p;
	*len = (size_t)(q - p);
	return *len <= LINEBUF_LINE_MAX ? 1 : -1;
}

/* Bytes held of a line whose end has not come (of an over-long one: all that
 * were seen of it). The offset of the next line in a file is the read offset
 * minus this. */
uint64_t linebuf_pending(const struct linebuf *);
void linebuf_reset(struct linebuf *); /* forgets the torn line */
uint64_t linebuf_overlong(const struct linebuf *); /* lines dropped so far */

/* Has fn called for each line that linebuf_feed() drops, in its turn among the
 * others. NULL: nobody cares. */
typedef void linebuf_drop_fn(void *arg);
void linebuf_on_drop(struct linebuf *, linebuf_drop_fn *, void *arg);

#endif
