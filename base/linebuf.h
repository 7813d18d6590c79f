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

/* Bytes held of a line whose end has not come (of an over-long one: all that
 * were seen of it). The offset of the next line in a file is the read offset
 * minus this. */
uint64_t linebuf_pending(const struct linebuf *);
void linebuf_reset(struct linebuf *); /* forgets the torn line */
uint64_t linebuf_overlong(const struct linebuf *); /* lines dropped so far */

#endif
