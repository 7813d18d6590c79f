/*
 * linebuf: takes bytes in pieces of any size, and hands out whole lines.
 *
 * A line is handed out once its newline has come, without the newline and
 * without a CR before it. A line longer than the limit is dropped and counted,
 * never cut in two: the rest would put a stranger's text at the beginning of a
 * line. So is one whose beginning was lost: linebuf_skip().
 *
 * After a crash, NUL bytes are in the place of what had not reached the disk. Of
 * those at the beginning of a line one is left, as a sign that the line may be
 * the rest of another: linebuf_is_rest().
 */
#ifndef BASE_LINEBUF_H
#define BASE_LINEBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { LINEBUF_LINE_MAX = 64 * 1024, LINEBUF_SECTOR = 512 };

struct linebuf;

/* line is borrowed until the callback returns. */
typedef void linebuf_line_fn(void *arg, const char *line, size_t len);

struct linebuf *linebuf_new(void);
void linebuf_free(struct linebuf **);

/* Takes len bytes and calls fn for each line that is complete now. Lines that
 * lie entirely within bytes are not copied. */
void linebuf_feed(struct linebuf *, const char *bytes, size_t len,
    linebuf_line_fn *, void *arg);

/*
 * Returns how many of the next bytes of a file belong to a hole with which it
 * begins, and are not to be fed: *hole is its size so far. If what follows may
 * be the rest of a line, unless that has begun in another file, one NUL of the
 * hole is counted to it.
 */
size_t linebuf_hole(struct linebuf *, uint64_t *hole, const char *bytes,
    size_t len);

/* Gets whole lines as they were fed, with their newlines, to be taken apart by
 * linebuf_next(). They are borrowed until the callback returns. */
typedef void linebuf_block_fn(void *arg, const char *lines, size_t len);

/* The same, for callers that handle many lines at once more efficiently: lines
 * that lie entirely within bytes go to block_fn together, in order. NULL: they
 * go to line_fn one by one. */
void linebuf_feed_blocks(struct linebuf *, const char *bytes, size_t len,
    linebuf_line_fn *, linebuf_block_fn *, void *arg);

/* What linebuf_feed() would hand out of a line that ends at its newline, end.
 * False: it is over-long. */
static inline bool
linebuf_trim(const char *p, const char *end, const char **line, size_t *len)
{
	while (p + 1 < end && p[0] == '\0' && p[1] == '\0')
		p++;
	if (p < end && end[-1] == '\r')
		end--;
	*line = p;
	*len = (size_t)(end - p);
	return *len <= LINEBUF_LINE_MAX;
}

/* Whether a line that was handed out may be the rest of one: nobody may be
 * authorized by it. */
static inline bool
linebuf_is_rest(const char *line, size_t len)
{
	return len > 0 && *line == '\0';
}

/*
 * Whether a line begins after a hole of that size, with which a file begins. The
 * file was truncated under a writer that does not use O_APPEND, whose next line
 * comes where the last one ended. But if it comes where a sector begins, it may
 * as well be the rest of a line whose beginning was lost in a crash.
 */
static inline bool
linebuf_begins_after(uint64_t hole)
{
	return hole == 0 || hole % LINEBUF_SECTOR != 0;
}

/*
 * Takes the next line from a block and advances *at. 1: *line and *len, as
 * linebuf_feed() would hand it out; -1: the line is over-long; 0: the block
 * ends. linebuf_dropped() does not count these lines.
 */
static inline int
linebuf_next(const char **at, const char *end, const char **line, size_t *len)
{
	const char *p = *at, *q;

	if (p == end)
		return 0;
	q = memchr(p, '\n', (size_t)(end - p));
	*at = q + 1;
	return linebuf_trim(p, q, line, len) ? 1 : -1;
}

/* The number of bytes fed of a line whose end has not come yet. The offset of
 * that line in a file is the read offset minus this. */
uint64_t linebuf_pending(const struct linebuf *);
/* So many bytes, which are not fed, are NULs, as the last that was fed. */
void linebuf_pass(struct linebuf *, uint64_t size);
void linebuf_reset(struct linebuf *); /* forgets the unfinished line */
/* Forgets the unfinished line, and drops all up to the next newline that is
 * fed, which may be the rest of it. linebuf_reset() does not change that. */
void linebuf_skip(struct linebuf *);
bool linebuf_skips(const struct linebuf *); /* the newline has not come yet */
uint64_t linebuf_dropped(const struct linebuf *); /* lines dropped so far */

/* Sets the function that linebuf_feed() calls for each line it drops, in order
 * with the lines that it hands out; size: its bytes with the newline, as far as
 * they were fed. NULL: none. */
typedef void linebuf_drop_fn(void *arg, uint64_t size);
void linebuf_on_drop(struct linebuf *, linebuf_drop_fn *, void *arg);

#endif
