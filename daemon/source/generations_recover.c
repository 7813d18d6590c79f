/* Finds what a log that copytruncate emptied had not been read of. */
#include "daemon/source/generations.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/filetime.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "daemon/source/resume.h"
#include "daemon/source/rotation.h"
#include "daemon/source/source.h"
#include "daemon/source/tail.h"

enum { TRIES = 8 };

/*
 * Inserts a rotated file, to which nobody writes any more, before the tail at
 * *at. offset: if it is the copy of that tail's file, from there on it has what
 * the tail had not read when the file was truncated, and an incomplete line
 * goes on in it; else 0, and the end of such a line is lost. complete: nothing
 * is missing between the two, so that its own end goes on in the tail. False:
 * the file has been renamed since it was listed.
 */
static bool
insert_rotated(struct generations *g, size_t *at, const struct rotated *file,
	       uint64_t offset, bool complete, int64_t now)
{
	struct tail *next = g->tails[*at], *tail;
	struct linebuf *torn = next->lines;
	struct err err;

	if (generations_has(g, file))
		return true;
	tail = tail_open(file->path, &err);
	if (tail == NULL
		? errno == ENOENT
		: tail->inode != file->inode || tail->device != file->device) {
		tail_close(&tail);
		return false;
	}
	if (tail != NULL && tail_is_noise(tail)) {
		tail_close(&tail);
		return true;
	}
	if (tail == NULL || tail_seek(tail, offset) != 0) {
		log_warning("skipped %s: %s", file->path,
			    tail ? "it was truncated" : err.text);
		tail_close(&tail);
		return true;
	}
	next->lines = tail->lines;
	tail->lines = torn;
	if (offset > 0) {
		tail->place = next->place;
		tail->before_place = next->before_place;
	} else {
		tail_skip_torn(tail, next->path);
	}
	tail->finished = true;
	tail->continued = true;
	tail->doubtful = !complete;
	tail->changed = now;
	generations_insert(g, (*at)++, tail);
	return true;
}

/* The index of the open file in the list, where it may be compressed by now;
 * the count if it is not there. */
static size_t
index_of(const struct rotation *files, const struct tail *tail)
{
	ssize_t at = rotation_find_inode(files, tail->device, tail->inode);
	struct fingerprint now;

	if (at < 0 && !tail_has_name(tail)) {
		tail_print_contents(tail, &now);
		at = now.offset > 0 ? rotation_find(files, &now, 0, 0) : -1;
	}
	return at >= 0 ? (size_t)at : files->count;
}

/* Whether the file is a copy of the tail's that was made when that was shorter,
 * before the rest was read and then lost: there is nothing new in it. Less than
 * a line does not tell: what is logged later may begin with the same date. */
static bool
is_shorter_copy(struct tail *copy, const struct tail *tail)
{
	uint64_t size = tail_size(copy);
	size_t head = size < sizeof(tail->head) ? size : sizeof(tail->head);

	return copy->unpack == NULL && size <= tail->offset &&
	       (head == sizeof(tail->head) ||
		memchr(tail->head, '\n', head) != NULL) &&
	       tail_begins_like(copy, tail, head) && tail_seek(copy, size) == 0;
}

/* The same of a file that is listed. Then it counts as read from now on. */
static bool
was_read_before(struct generations *g, const struct tail *tail,
		const struct rotated *file)
{
	struct err err;
	struct tail *copy;
	bool read;

	if (tail->offset == 0)
		return false;
	copy = tail_open(file->path, &err);
	read = copy != NULL && is_shorter_copy(copy, tail);
	if (read)
		generations_remember(g, copy);
	tail_close(&copy);
	return read;
}

/* Whether a file between the copy and the truncated tail is to be read. seen:
 * when the tail's end was last seen, if times of change alone tell, or NULL. */
static bool
is_unread(struct generations *g, const struct tail *tail,
	  const struct rotated *file, const struct timespec *seen)
{
	return !file->live && !generations_has_done(g, file) &&
	       (seen == NULL || !filetime_is_older(file->mtime, *seen)) &&
	       !was_read_before(g, tail, file);
}

/* The file before the first that is inserted was not read: if that ends within a
 * line, what comes first is the rest. */
static void
doubt_first(struct tail *tail, const char *before)
{
	if (resume_pass_over(before, &(struct source_sink){.line = NULL}))
		tail_skip_line(tail, before);
}

/* Inserts what was rotated after the first `known` files of the list and before
 * the tail at *at. If none is known, only times of change tell. complete: the
 * last of the known is the copy. False as above. */
static bool
insert_newer(struct generations *g, size_t *at, const struct rotation *files,
	     size_t known, bool complete, int64_t now)
{
	struct tail *tail = g->tails[*at];
	struct timespec seen = tail->mtime;
	size_t end = index_of(files, tail), first = *at;

	for (size_t i = known; i < end; i++) {
		const struct rotated *file = &files->list[i];
		size_t before = *at;

		if (is_unread(g, tail, file, known == 0 ? &seen : NULL) &&
		    !insert_rotated(g, at, file, 0, complete, now))
			return false;
		if (known == 0 && i > 0 && *at > before && before == first)
			doubt_first(g->tails[before], files->list[i - 1].path);
		if (*at == before && before > 0) /* the next line is not there */
			g->tails[before - 1]->doubtful = true;
	}
	return true;
}

/* False as above; what was inserted before is open then. */
static bool
recover(struct generations *g, size_t *at, const char *spec, int64_t now)
{
	struct tail *tail = g->tails[*at];
	struct rotation files;
	struct logpos lost = {0};
	ssize_t copy = -1;
	size_t known;
	bool current;

	if (tail->offset > 0)
		tail_print_offset(tail, &lost.print);
	rotation_list(&files, spec, &lost);
	if (tail->offset > 0)
		copy = rotation_find(&files, &lost.print, 0, 0);
	known = copy >= 0
		    ? (size_t)copy + 1
		    : generations_known(g, &files, index_of(&files, tail));
	current = (copy < 0 || insert_rotated(g, at, &files.list[copy],
					      tail->offset, true, now)) &&
		  insert_newer(g, at, &files, known, copy >= 0, now);
	rotation_clear(&files);
	return current;
}

size_t
generations_recover(struct generations *g, size_t at, const char *spec,
		    int64_t now)
{
	size_t first = at;
	int tries = TRIES;

	while (!recover(g, &at, spec, now) && tries > 0)
		tries--;
	return at - first;
}

bool
generations_can_recover(const struct generations *g, size_t at,
			const char *spec)
{
	const struct tail *tail = g->tails[at];
	struct rotation files;
	struct logpos lost = {0};
	bool can;

	if (!tail_is_truncated(tail))
		return false;
	tail_print_offset(tail, &lost.print);
	rotation_list(&files, spec, &lost);
	can = rotation_find(&files, &lost.print, 0, 0) >= 0 &&
	      index_of(&files, tail) < files.count;
	rotation_clear(&files);
	return can;
}
