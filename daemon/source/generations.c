#include "daemon/source/generations.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/filetime.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "daemon/source/rotation.h"
#include "daemon/source/source.h"
#include "daemon/source/tail.h"

enum { TRIES = 8 };

void
generations_clear(struct generations *g)
{
	for (size_t i = 0; i < g->count; i++)
		tail_close(&g->tails[i]);
	free(g->tails);
	memset(g, 0, sizeof(*g));
}

struct tail *
generations_newest(const struct generations *g)
{
	return g->count > 0 ? g->tails[g->count - 1] : NULL;
}

/* The index of the file; the count if it is not open. */
static size_t
find(const struct generations *g, const struct rotated *file)
{
	size_t i = 0;

	while (i < g->count && (g->tails[i]->inode != file->inode ||
				g->tails[i]->device != file->device))
		i++;
	return i;
}

/* Whether the file was born when that one was; also if nothing tells either. */
static bool
has_same_birth(const struct generations_done *done, int directory,
	       const char *path)
{
	return filetime_compare(done->birth, filetime_birth(directory, path)) ==
	       0;
}

/* Whether inode and times tell that it is the file. A disk gives a new file the
 * inode of one that was just deleted, so that it must have been created at the
 * same time. If that is not known, its time of change must be the very same;
 * and if that is in whole seconds, it tells only if there is nothing else. */
static bool
is_same_inode(const struct generations_done *done, const struct rotated *file)
{
	if (done->inode != file->inode || done->device != file->device ||
	    filetime_compare(done->mtime, file->mtime) != 0)
		return false;
	if (done->birth.tv_sec != 0)
		return has_same_birth(done, AT_FDCWD, file->path);
	return done->mtime.tv_nsec != 0 || done->print.offset == 0;
}

/* Compressed or not: gzip(1), logrotate(8) and others keep the time of change,
 * bzip2(1) its seconds. */
static bool
is_same(const struct generations_done *done, const struct rotated *file)
{
	struct err err;
	struct tail *tail;
	bool same;

	if (done->inode == 0 || filetime_is_older(done->mtime, file->mtime) ||
	    filetime_is_older(file->mtime, done->mtime))
		return false;
	if (is_same_inode(done, file))
		return true;
	if (done->print.offset == 0)
		return false;
	tail = tail_open(file->path, &err);
	same = tail != NULL && tail_holds(tail, &done->print);
	tail_close(&tail);
	return same;
}

static bool
has_size(const struct rotated *file, uint64_t size)
{
	struct err err;
	struct tail *tail = tail_open(file->path, &err);
	char next;
	bool ends = tail != NULL && tail_bytes(tail, &next, 1, size) == 0;

	tail_close(&tail);
	return ends;
}

/* Whether the file is what became of an open one, which lost its name when it
 * was compressed. If it was truncated before, it has not what was read. A copy
 * of it may have more. */
static bool
was_compressed_to(struct tail *tail, const struct rotated *file)
{
	struct generations_done open = {.device = tail->device,
					.inode = tail->inode,
					.mtime = tail_changed(tail)};

	if (tail_has_name(tail))
		return false;
	tail_print_known(tail, &open.print);
	if (!tail_holds(tail, &open.print))
		tail_print_contents(tail, &open.print);
	return is_same(&open, file) && has_size(file, tail_size(tail));
}

bool
generations_has(const struct generations *g, const struct rotated *file)
{
	if (find(g, file) < g->count)
		return true;
	for (size_t i = 0; i < g->count && !file->live; i++)
		if (was_compressed_to(g->tails[i], file))
			return true;
	return false;
}

bool
generations_has_done(const struct generations *g, const struct rotated *file)
{
	for (size_t i = 0; i < g->ndone; i++)
		if (is_same(&g->done[i], file))
			return true;
	return false;
}

int
generations_done_changed(const struct generations *g,
			 const struct rotated *file)
{
	for (size_t i = g->ndone; i-- > 0;) {
		const struct generations_done *done = &g->done[i];

		if (done->inode != file->inode ||
		    done->device != file->device || done->mtime.tv_sec == 0 ||
		    !has_same_birth(done, AT_FDCWD, file->path))
			continue;
		return filetime_compare(done->mtime, file->mtime) != 0;
	}
	return -1;
}

size_t
generations_known(const struct generations *g, const struct rotation *files,
		  size_t end)
{
	while (end > 0 && !generations_has(g, &files->list[end - 1]) &&
	       !generations_has_done(g, &files->list[end - 1]))
		end--;
	return end;
}

int
generations_follows_link(const struct generations *g,
			 const struct rotation *files, size_t i)
{
	const struct rotated *file = &files->list[i];
	unsigned int link = file->link;
	int follows = -1;

	if (link != 0 && generations_has_done(g, file))
		return 0;
	for (size_t k = 0; link != 0 && k < files->count; k++) {
		const struct rotated *other = &files->list[k];

		if (k == i || other->link != link ||
		    (!generations_has(g, other) &&
		     !generations_has_done(g, other)))
			continue;
		if (k < i)
			return 1;
		follows = file->live ? -1 : 0;
	}
	return follows;
}

/* The newest that was read of a file of this inode; NULL: no such was. */
static const struct generations_done *
find_done(const struct generations *g, const struct tail *tail)
{
	size_t i = g->ndone;

	while (i > 0 && g->done[i - 1].inode != tail->inode)
		i--;
	return i > 0 ? &g->done[i - 1] : NULL;
}

/* A device may have another number after a boot, so only the contents prove
 * that it is the file. */
void
generations_seek_done(const struct generations *g, struct tail *tail)
{
	const struct generations_done *last = find_done(g, tail);

	for (size_t i = 0; i < g->ndone; i++) {
		const struct generations_done *done = &g->done[i];

		if (done->inode != tail->inode ||
		    done->print.offset <= tail->offset ||
		    !tail_holds(tail, &done->print))
			continue;
		tail_seek(tail, done->print.offset);
		tail->passed_on = done->passed_on;
	}
	if (tail->offset == 0 && last != NULL && last->torn &&
	    last->device == tail->device &&
	    (last->birth.tv_sec == 0 ||
	     has_same_birth(last, tail->fd, "")))
		tail_skip_line(tail, tail->path);
}

void
generations_insert(struct generations *g, size_t at, struct tail *tail)
{
	g->tails = alloc_resize(g->tails, g->count + 1, sizeof(*g->tails));
	memmove(&g->tails[at + 1], &g->tails[at],
		(g->count - at) * sizeof(*g->tails));
	g->tails[at] = tail;
	g->count++;
	g->changes++;
}

/* Takes the tail at `at` out of the list; the caller keeps it. */
static void
take_out(struct generations *g, size_t at)
{
	g->count--;
	memmove(&g->tails[at], &g->tails[at + 1],
		(g->count - at) * sizeof(*g->tails));
	g->changes++;
}

/* Makes room for one more: by what was known before of the same file, which may
 * come and go often, or by the oldest. */
static struct generations_done *
add_done(struct generations *g, const struct tail *tail)
{
	struct generations_done *done = g->done, *end = done + g->ndone;

	while (tail != NULL && done < end &&
	       (done->inode != tail->inode || done->device != tail->device ||
		(done->print.offset > 0 && !tail_holds(tail, &done->print))))
		done++;
	if (tail == NULL || done == end)
		done = g->ndone < GENERATIONS_DONE_MAX ? end : g->done;
	if (done < end)
		memmove(done, done + 1,
			(size_t)(end - done - 1) * sizeof(*done));
	else
		g->ndone++;
	return &g->done[g->ndone - 1];
}

/* Remembers that the file was read up to its place. */
static void
remember(struct generations *g, const struct tail *tail)
{
	struct generations_done *done = add_done(g, tail);

	*done = (struct generations_done){.device = tail->device,
					  .inode = tail->inode,
					  .mtime = tail->mtime,
					  .birth = filetime_birth(tail->fd, ""),
					  .torn = tail_rest_may_come(tail),
					  .passed_on = tail->passed_on};
	tail_print_place(tail, &done->print);
}

void
generations_know(struct generations *g, const struct logpos *pos)
{
	*add_done(g, NULL) = (struct generations_done){.device = pos->device,
						       .inode = pos->inode,
						       .print = pos->print,
						       .torn = pos->torn};
}

bool
generations_left(const struct generations *g, size_t i, struct logpos *pos)
{
	const struct generations_done *done;

	if (i >= g->ndone)
		return false;
	done = &g->done[i];
	*pos = (struct logpos){.device = done->device,
			       .inode = done->inode,
			       .print = done->print,
			       .torn = done->torn};
	return true;
}

void
generations_drop(struct generations *g, size_t at)
{
	struct tail *tail = g->tails[at];

	log_debug("closed %s", tail->path);
	remember(g, tail);
	take_out(g, at);
	tail_close(&tail);
}

bool
generations_move_to_end(struct generations *g, const struct rotated *file)
{
	size_t at = find(g, file);
	struct tail *tail;

	if (at + 1 >= g->count)
		return false;
	tail = g->tails[at];
	take_out(g, at);
	tail->passed_on = 0; /* another file will be the next one */
	generations_insert(g, g->count, tail);
	return true;
}

bool
generations_make_room(struct generations *g)
{
	if (g->count < GENERATIONS_MAX)
		return true;
	if (!g->tails[0]->at_end)
		return false;
	generations_drop(g, 0);
	return true;
}

/* ---- copytruncate ---- */

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
		remember(g, copy);
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

/* Inserts what was rotated after the first `known` files of the list and before
 * the tail at *at. If none is known, only times of change tell. complete: the
 * last of the known is the copy. False as above. */
static bool
insert_newer(struct generations *g, size_t *at, const struct rotation *files,
	     size_t known, bool complete, int64_t now)
{
	struct tail *tail = g->tails[*at];
	struct timespec seen = tail->mtime;
	size_t end = index_of(files, tail);

	for (size_t i = known; i < end; i++) {
		const struct rotated *file = &files->list[i];
		size_t before = *at;

		if (is_unread(g, tail, file, known == 0 ? &seen : NULL) &&
		    !insert_rotated(g, at, file, 0, complete, now))
			return false;
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
