#include "daemon/source/tail.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/readahead.h"
#include "daemon/source/pathwalk.h"
#include "daemon/source/source.h"
#include "daemon/unpack/unpack.h"

/* A line in parts has at most as many, with what is printed between them. */
enum { PAST_BYTES = 4 * LINEBUF_LINE_MAX };

static size_t
min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Without O_NONBLOCK, opening a FIFO would wait until it has a writer. */
static int
open_regular(const char *path, struct stat *st, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_set(err, "%s", pathwalk_why_denied(path));
	if (fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	close(fd);
	errno = EINVAL;
	return err_set(err, "not a regular file");
}

struct tail *
tail_open(const char *path, struct err *err)
{
	struct tail *tail;
	struct stat st;
	int fd = open_regular(path, &st, err);

	if (fd < 0)
		return NULL;
	tail = alloc_zero(1, sizeof(*tail));
	tail->path = alloc_string(path);
	tail->fd = fd;
	tail->device = st.st_dev;
	tail->inode = st.st_ino;
	tail->mtime = st.st_mtim;
	tail->lines = linebuf_new();
	tail->blank = true;
	tail->unpack = unpack_open(fd);
	tail->finished = tail->unpack != NULL;
	return tail;
}

void
tail_close(struct tail **tail_p)
{
	struct tail *tail = *tail_p;

	if (tail == NULL)
		return;
	unpack_close(&tail->unpack);
	close(tail->fd);
	linebuf_free(&tail->lines);
	free(tail->path);
	free(tail);
	*tail_p = NULL;
}

int64_t
tail_bytes(void *arg, void *buf, uint64_t len, uint64_t offset)
{
	const struct tail *tail = arg;
	int fd = tail->fd;

	return tail->unpack ? unpack_read(tail->unpack, buf, len, offset)
			    : fingerprint_pread(&fd, buf, len, offset);
}

/* ---- the offset ---- */

static void
set_place(struct tail *tail, uint64_t offset)
{
	tail->offset = tail->place = offset;
	tail->at_end = false;
}

int
tail_seek(struct tail *tail, uint64_t offset)
{
	size_t head = min_size(offset, sizeof(tail->head));
	struct before *before = &tail->before_offset;

	before->len = min_size(offset, sizeof(before->bytes));
	if (tail_bytes(tail, tail->head, head, 0) != (int64_t)head ||
	    tail_bytes(tail, before->bytes, before->len,
		       offset - before->len) != (int64_t)before->len)
		return -1;
	if (offset > 0 && linebuf_skips(tail->lines)) {
		linebuf_free(&tail->lines);
		tail->lines = linebuf_new();
	}
	tail->before_place = *before;
	set_place(tail, offset);
	tail->blank = offset == 0;
	tail->hole = 0;
	return 0;
}

static void
deliver_past(const char *lines, const char *end, const struct source_sink *sink)
{
	const char *line;
	size_t len;
	int next;

	while ((next = linebuf_next(&lines, end, &line, &len)) != 0)
		if (next > 0)
			sink->past(sink->arg, line, len);
		else if (sink->lost != NULL)
			sink->lost(sink->arg, 0);
}

void
tail_deliver_past(struct tail *tail, const struct source_sink *sink)
{
	uint64_t len = tail->offset < PAST_BYTES ? tail->offset : PAST_BYTES;
	char *past, *lines, *end;

	if (len == 0 || sink->past == NULL)
		return;
	past = lines = alloc_zero(1, PAST_BYTES);
	end = past + len;
	if (tail_bytes(tail, past, len, tail->offset - len) != (int64_t)len)
		lines = NULL;
	else if (len < tail->offset) /* it begins within a line, here skipped */
		lines = memchr(past, '\n', len);
	if (lines != NULL)
		deliver_past(len < tail->offset ? lines + 1 : lines, end, sink);
	free(past);
}

void
tail_announce(struct tail *tail, const struct source_sink *sink)
{
	bool first = !tail->announced;

	if (sink->from == NULL)
		return;
	tail->announced = true;
	sink->from(sink->arg, tail->origin, first && tail->offset == 0);
	if (first)
		tail_deliver_past(tail, sink);
}

void
tail_rewind(struct tail *tail)
{
	tail->before_offset.len = tail->before_place.len = 0;
	set_place(tail, 0);
	tail->blank = true;
	tail->hole = 0;
}

void
tail_skip_line(struct tail *tail, const char *path)
{
	log_warning("lost a line of %s: its end is missing", path);
	linebuf_skip(tail->lines);
}

void
tail_skip_torn(struct tail *tail, const char *path)
{
	if (linebuf_pending(tail->lines) > 0)
		tail_skip_line(tail, path);
}

bool
tail_place_is_torn(const struct tail *tail)
{
	return linebuf_skips(tail->lines) ||
	       (tail->place > 0 && linebuf_pending(tail->lines) > 0);
}

bool
tail_ends_torn(const struct tail *tail)
{
	return linebuf_pending(tail->lines) > 0 || tail->forgotten > 0 ||
	       linebuf_skips(tail->lines);
}

bool
tail_rest_may_come(const struct tail *tail)
{
	return tail_ends_torn(tail) && tail->passed_on != tail->place + 1;
}

bool
tail_rest_may_follow(const struct tail *tail)
{
	return tail_ends_torn(tail) && tail->followed != tail->place + 1;
}

bool
tail_begins_like(const struct tail *copy, const struct tail *tail, size_t len)
{
	char bytes[sizeof(tail->head)];

	return tail_bytes((void *)(uintptr_t)copy, bytes, len, 0) ==
		       (int64_t)len &&
	       memcmp(bytes, tail->head, len) == 0;
}

/* Sets *before to the last bytes before block + k; *prior is before block. */
static void
keep_before(struct before *before, const struct before *prior,
	    const char *block, size_t k)
{
	size_t new = min_size(k, sizeof(before->bytes));
	size_t old = min_size(prior->len, sizeof(before->bytes) - new);

	memmove(before->bytes, prior->bytes + prior->len - old, old);
	memcpy(before->bytes + old, block + k - new, new);
	before->len = old + new;
}

/* Moves `place` to the end of the last complete line. A line has ended in this
 * block unless the pending bytes are those pending before plus this block,
 * which is what the caller passes as `before`. */
static void
move_place(struct tail *tail, const char *block, size_t len, uint64_t before)
{
	uint64_t pending = linebuf_pending(tail->lines);

	if (pending == before)
		return;
	tail->place = tail->offset + len - pending;
	assert(tail->place > tail->offset);
	keep_before(&tail->before_place, &tail->before_offset, block,
		    (size_t)(tail->place - tail->offset));
}

static void
advance(struct tail *tail, const char *block, size_t len)
{
	if (tail->offset < sizeof(tail->head))
		memcpy(tail->head + tail->offset, block,
		       min_size(len, sizeof(tail->head) - tail->offset));
	keep_before(&tail->before_offset, &tail->before_offset, block, len);
	tail->offset += len;
}

/* ---- reading ---- */

/*
 * When a log is truncated under a writer that does not use O_APPEND, its next
 * line comes after a hole as large as the old log. Returns how many bytes of
 * the block belong to such a hole.
 */
static size_t
skip_hole(struct tail *tail, const char *block, size_t len)
{
	size_t n;

	if (!tail->blank)
		return 0;
	n = linebuf_hole(tail->lines, &tail->hole, block, len);
	tail->blank = n == len;
	return n;
}

bool
tail_is_nuls(const char *bytes, size_t len)
{
	return len > 0 && bytes[0] == '\0' && bytes[len - 1] == '\0' &&
	       memcmp(bytes, bytes + 1, len - 1) == 0;
}

/* Skips the rest of a hole, which may be gigabytes, at once. A block of NULs is
 * before it, and enough of them in before_offset. */
static void
skip_to_data(struct tail *tail)
{
	uint64_t size = tail_end_of_hole(tail, tail->offset) - tail->offset;

	if (size == 0 ||
	    tail->before_offset.len < sizeof(tail->before_offset.bytes))
		return;
	if (tail->blank)
		tail->hole += size;
	else
		linebuf_pass(tail->lines, size);
	tail->offset += size;
}

/*
 * A few bytes of a first line prove nothing, since another file may begin with
 * the same date. Forgets them; they will be read again with the rest of the
 * line, unless the log has been emptied by then. If nobody writes to the file
 * any more, that may come in the next one.
 */
static void
forget_beginning(struct tail *tail)
{
	if (tail->finished || tail->place > 0 ||
	    linebuf_pending(tail->lines) > sizeof(tail->head) ||
	    linebuf_pending(tail->lines) + tail->hole != tail->offset)
		return;
	if (linebuf_pending(tail->lines) > 0)
		tail->forgotten = tail->offset;
	if (tail->hole == 0)
		tail->begun = tail->offset;
	linebuf_reset(tail->lines);
	tail_rewind(tail);
}

/* Whether the beginning of a line that was forgotten is there again. If not,
 * the line is lost. */
static void
check_beginning(struct tail *tail, const char *block, size_t len)
{
	if (tail->begun > 0 &&
	    (len < tail->begun || memcmp(block, tail->head, tail->begun) != 0))
		tail_skip_line(tail, tail->path);
	tail->begun = tail->forgotten = 0;
}

static enum tail_result
take(struct tail *tail, const char *block, size_t len, bool end,
     const struct source_sink *sink, size_t *got)
{
	size_t hole = skip_hole(tail, block, len);
	uint64_t torn = linebuf_pending(tail->lines);
	struct stat st;

	check_beginning(tail, block, len);
	source_settle(sink);
	if (len > 0)
		tail_announce(tail, sink);
	linebuf_on_drop(tail->lines, sink->lost, sink->arg);
	linebuf_feed_blocks(tail->lines, block + hole, len - hole, sink->line,
			    sink->lines, sink->arg);
	move_place(tail, block, len, torn + len - hole);
	advance(tail, block, len);
	if (!end && tail_is_nuls(block, len))
		skip_to_data(tail);
	if (end)
		forget_beginning(tail);
	*got = len;
	tail->at_end = end;
	if (end && fstat(tail->fd, &st) == 0)
		tail->mtime = st.st_mtim;
	return end ? TAIL_END : TAIL_MORE;
}

/* How many bytes before the offset a read compares. Going back in a compressed
 * file is expensive, and not needed: such files are not truncated. */
static size_t
compared(const struct tail *tail)
{
	return tail->unpack ? 0 : tail->before_offset.len;
}

static bool
are_gone(const struct tail *tail, const char *bytes, int64_t len)
{
	size_t again = compared(tail);

	return (uint64_t)len < again ||
	       memcmp(bytes, tail->before_offset.bytes, again) != 0;
}

bool
tail_is_truncated(const struct tail *tail)
{
	char bytes[FINGERPRINT_TAIL_MAX];
	size_t again = compared(tail);
	int64_t len = tail_bytes((void *)(uintptr_t)tail, bytes, again,
				 tail->offset - again);

	return len >= 0 && are_gone(tail, bytes, len);
}

/*
 * Lets the sink read a block, whose threads may have done so before; but not
 * the last ones, for only a read of now can tell where the end is. False: it
 * has none.
 */
static bool
read_by_sink(struct tail *tail, size_t ahead, const struct source_sink *sink,
	     const char **bytes)
{
	uint64_t size = tail_size(tail);
	uint64_t until = tail->offset + ahead + READAHEAD_BLOCK - 1;

	return compared(tail) == READAHEAD_AGAIN && !tail->blank &&
	       size >= tail->offset + TAIL_BUFFER &&
	       source_read(sink,
			   &(struct readahead){
			       .fn = tail_bytes,
			       .file = tail,
			       .offset = tail->offset - READAHEAD_AGAIN,
			       .until = until < size ? until : size},
			   bytes);
}

void
tail_note_unseen(struct tail *tail, int64_t soon_ms, int64_t now,
		 const struct source_sink *sink)
{
	if (tail->offset == 0 && !tail->at_end)
		tail->seen = now + soon_ms;
	if (sink->unseen != NULL)
		sink->unseen(sink->arg, !tail->at_end || now < tail->seen);
}

enum tail_result
tail_read(struct tail *tail, char buffer[TAIL_BUFFER], size_t ahead,
	  const struct source_sink *sink, size_t *got, struct err *err)
{
	size_t again = compared(tail);
	const char *block;
	int64_t len;

	*got = 0;
	if (read_by_sink(tail, ahead, sink, &block)) {
		if (are_gone(tail, block, READAHEAD_BLOCK))
			return TAIL_TRUNCATED;
		return take(tail, block + again, READAHEAD_BLOCK - again,
			    false, sink, got);
	}
	len = tail_bytes(tail, buffer, TAIL_BUFFER, tail->offset - again);
	if (len < 0) {
		err_set(err, "%s: read: %s", tail->path, strerror(errno));
		return TAIL_FAILED;
	}
	if (are_gone(tail, buffer, len))
		return TAIL_TRUNCATED;
	return take(tail, buffer + again, (size_t)len - again,
		    tail->unpack ? len == 0 : len < TAIL_BUFFER, sink, got);
}

/* ---- the file as it is now ---- */

bool
tail_has_name(const struct tail *tail)
{
	struct stat st;

	return fstat(tail->fd, &st) == 0 && st.st_nlink > 0;
}

bool
tail_is_empty(const struct tail *tail)
{
	char byte;

	return tail_size(tail) == 0 ||
	       (tail->unpack != NULL &&
		tail_bytes((void *)(uintptr_t)tail, &byte, 1, 0) == 0);
}

bool
tail_is_noise(const struct tail *tail)
{
	return tail->unpack == NULL &&
	       fingerprint_is_noise(tail_bytes, (void *)(uintptr_t)tail);
}

uint64_t
tail_size(const struct tail *tail)
{
	struct stat st;

	return fstat(tail->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

uint64_t
tail_end_of_hole(const struct tail *tail, uint64_t offset)
{
	uint64_t size = tail_size(tail); /* first, as it may grow by data */
	off_t data;

	if (tail->unpack != NULL || offset >= size)
		return offset;
	data = lseek(tail->fd, (off_t)offset, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? size : offset;
	return (uint64_t)data;
}

struct timespec
tail_changed(const struct tail *tail)
{
	struct stat st;

	return fstat(tail->fd, &st) == 0 ? st.st_mtim : tail->mtime;
}
