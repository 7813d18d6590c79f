#include "tests/model/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/linebuf.h"
#include "tests/model/reader.h"

/* Whether what is written now could be read. */
static bool
may_write(const struct world *w)
{
	return w->program->mode != PIPE || w->running;
}

/* The times of files follow the clock that programs set. */
void
writer_set_time(const struct world *w, int fd)
{
	struct timespec times[2];

	if (w->ahead == 0)
		return;
	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec += w->ahead;
	times[1] = times[0];
	futimens(fd, times);
}

/* Cuts the log down to nothing. */
void
writer_empty(struct world *w)
{
	int fd = open(world_path(w, world_log_name(w)), O_WRONLY);

	if (fd < 0 || ftruncate(fd, 0) != 0)
		world_fail(w, "cannot truncate: %s", strerror(errno));
	writer_set_time(w, fd);
	close(fd);
	/* The line that was left out may not have been read at all. */
	w->torn = w->torn || w->aside.len > 0;
	if (w->copied) /* nothing tells the copies apart any more */
		world_may_repeat(w);
}

static int
try_to_open(struct world *w)
{
	return open(world_path(w, world_log_name(w)),
		    O_WRONLY | O_CREAT | O_NONBLOCK |
			(w->program->holes ? 0 : O_APPEND),
		    0600);
}

void
writer_open(struct world *w)
{
	struct stat st;
	bool there;

	if (w->fd >= 0 || !may_write(w))
		return;
	there = stat(world_path(w, world_log_name(w)), &st) == 0;
	w->fd = try_to_open(w);
	if (w->fd < 0) { /* a FIFO whose reader does not know it yet */
		reader_settle(w);
		w->fd = try_to_open(w);
	}
	if (w->fd < 0) {
		world_fail(w, "cannot open the log: %s", strerror(errno));
		return;
	}
	lseek(w->fd, 0, SEEK_END);
	if (!there)
		writer_set_time(w, w->fd);
	if (!there || w->nfiles == 0 || w->made) {
		/* If nothing came in the last one, it may come in this. */
		w->doubted[w->nfiles] |= w->doubted[w->file];
		w->file = w->nfiles++;
	}
	w->made = false;
}

static void
put(struct world *w, const char *bytes, size_t len)
{
	if (write(w->fd, bytes, len) != (ssize_t)len)
		world_fail(w, "cannot write: %s", strerror(errno));
}

void
writer_finish(struct world *w)
{
	if (w->held_len == 0 || w->fd < 0)
		return;
	put(w, w->held, w->held_len);
	writer_set_time(w, w->fd);
	w->held_len = 0;
}

bool
writer_is_split(const struct world *w)
{
	return w->held_len > 0 && w->nsplit > 0 &&
	       w->split[w->nsplit - 1].line == w->held_line;
}

void
writer_split(struct world *w)
{
	if (w->held_len == 0 || writer_is_split(w))
		return;
	world_excuse(w, w->held_line);
	w->split[w->nsplit].line = w->held_line;
	w->split[w->nsplit].run = NEVER;
	w->split[w->nsplit++].rest = (uint32_t)w->held_len - 1;
}

/* Whether what is written now comes after a hole that may as well be lost
 * sectors. */
static bool
is_after_sectors(const struct world *w)
{
	off_t at = lseek(w->fd, 0, SEEK_CUR);
	struct stat st;

	return w->program->holes && at > 0 && fstat(w->fd, &st) == 0 &&
	       st.st_size == 0 && !linebuf_begins_after((uint64_t)at);
}

static uint32_t
new_line(struct world *w, enum state state, char *text, size_t *len)
{
	uint32_t n = w->nlines++;
	bool torn;
	struct stat st;

	*len = world_make_line(n, state, text);
	text[(*len)++] = '\n';
	w->lines[n] = (struct line){
	    .state = state,
	    .file = w->file,
	    .first = w->fd >= 0 && fstat(w->fd, &st) == 0 && st.st_size == 0};
	if (state == EXPECTED)
		w->nexpected++;
	torn = w->torn && !w->lost[w->file];
	if (w->gone[w->file] || w->torn || w->doubted[w->file] ||
	    is_after_sectors(w))
		world_excuse(w, n);
	w->torn = w->torn && !torn;
	w->doubted[w->file] = false;
	return n;
}

void
writer_append(struct world *w, uint32_t count, enum state state)
{
	static char text[LINE_MAX_LEN];
	size_t len;

	writer_open(w);
	writer_finish(w);
	for (uint32_t i = 0; i < count && w->nlines < LINES_MAX && w->fd >= 0;
	     i++) {
		new_line(w, state, text, &len);
		put(w, text, len);
	}
	if (w->fd >= 0)
		writer_set_time(w, w->fd);
}

void
writer_half(struct world *w, uint32_t arg)
{
	static char text[LINE_MAX_LEN];
	size_t len, first;

	writer_open(w);
	writer_finish(w);
	if (w->fd < 0 || w->nlines >= LINES_MAX)
		return;
	w->held_line = new_line(
	    w, arg % 16 || w->program->mode == PIPE ? EXPECTED : OVERLONG, text,
	    &len);
	first = 1 + arg % (len - 1);
	put(w, text, first);
	writer_set_time(w, w->fd);
	memcpy(w->held, text + first, len - first);
	w->held_len = len - first;
}

/* The rest of a half-written line never comes. */
void
writer_crash(struct world *w)
{
	if (w->held_len > 0)
		world_excuse(w, w->held_line);
	w->held_len = 0;
	writer_leave(w);
	reader_settle(w);
}

void
writer_leave(struct world *w)
{
	writer_finish(w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

void
writer_cut(struct world *w)
{
	writer_split(w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

bool
writer_has(struct world *w, const char *name)
{
	struct stat a, b;

	return w->fd >= 0 && stat(world_path(w, name), &a) == 0 &&
	       fstat(w->fd, &b) == 0 && a.st_ino == b.st_ino;
}
