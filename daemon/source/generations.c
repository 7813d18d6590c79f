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
find(const struct generations *g, uint64_t device, uint64_t inode)
{
	size_t i = 0;

	while (i < g->count &&
	       (g->tails[i]->inode != inode || g->tails[i]->device != device))
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
	if (find(g, file->device, file->inode) < g->count)
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

/* Whether it is not a copy, which may go on in another way. */
static bool
is_it(const struct generations *g, const struct generations_done *done,
      const struct tail *tail)
{
	return done->inode == tail->inode && done->device == tail->device &&
	       find(g, tail->device, tail->inode) == g->count;
}

/* A device may have another number after a boot, and what was compressed or
 * copied has another inode, so only the contents prove that it is the file. */
void
generations_seek_done(const struct generations *g, struct tail *tail)
{
	const struct generations_done *last = find_done(g, tail);

	for (size_t i = 0; i < g->ndone; i++) {
		const struct generations_done *done = &g->done[i];

		if (done->print.offset <= tail->offset ||
		    !tail_holds(tail, &done->print))
			continue;
		tail_seek(tail, done->print.offset);
		tail->passed_on = done->passed_on;
		tail->followed = done->followed;
		tail->origin = is_it(g, done, tail) ? done->origin : 0;
		tail->announced = tail->origin > 0;
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
	tail->number = ++g->changes;
	if (tail->origin == 0)
		tail->origin = tail->number;
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

/* The oldest, but rather one that ended with a whole line: of the others, the
 * rest of a line may still come. */
static struct generations_done *
least_needed(struct generations *g)
{
	size_t i = 0;

	while (i < g->ndone && g->done[i].torn)
		i++;
	return &g->done[i < g->ndone ? i : 0];
}

/* Makes room for one more: by what was known before of the same file, which may
 * come and go often, or by what is needed least. */
static struct generations_done *
add_done(struct generations *g, const struct tail *tail)
{
	struct generations_done *done = g->done, *end = done + g->ndone;

	while (tail != NULL && done < end &&
	       (done->inode != tail->inode || done->device != tail->device ||
		(done->print.offset > 0 && !tail_holds(tail, &done->print))))
		done++;
	if (tail == NULL || done == end)
		done = g->ndone < GENERATIONS_DONE_MAX ? end : least_needed(g);
	if (done < end)
		memmove(done, done + 1,
			(size_t)(end - done - 1) * sizeof(*done));
	else
		g->ndone++;
	return &g->done[g->ndone - 1];
}

void
generations_remember(struct generations *g, const struct tail *tail)
{
	struct generations_done *done = add_done(g, tail);

	*done = (struct generations_done){.device = tail->device,
					  .inode = tail->inode,
					  .mtime = tail->mtime,
					  .birth = filetime_birth(tail->fd, ""),
					  .torn = tail_rest_may_come(tail),
					  .passed_on = tail->passed_on,
					  .followed = tail->followed,
					  .origin = tail->origin};
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

/* Not another one that was given its inode when it was compressed. */
static bool
is_open_again(const struct generations *g, const struct generations_done *done)
{
	size_t at = find(g, done->device, done->inode);

	if (at == g->count || done->print.offset == 0)
		return at < g->count;
	return done->birth.tv_sec != 0
		   ? has_same_birth(done, g->tails[at]->fd, "")
		   : tail_holds(g->tails[at], &done->print);
}

bool
generations_left(const struct generations *g, size_t i, struct logpos *pos)
{
	for (size_t k = 0; k < g->ndone; k++) {
		const struct generations_done *done = &g->done[k];

		if (is_open_again(g, done) || i-- > 0)
			continue;
		*pos = (struct logpos){.device = done->device,
				       .inode = done->inode,
				       .print = done->print,
				       .torn = done->torn};
		return true;
	}
	return false;
}

void
generations_drop(struct generations *g, size_t at)
{
	struct tail *tail = g->tails[at];

	log_debug("closed %s", tail->path);
	generations_remember(g, tail);
	take_out(g, at);
	tail_close(&tail);
}

bool
generations_move_to_end(struct generations *g, const struct rotated *file)
{
	size_t at = find(g, file->device, file->inode);
	struct tail *tail;

	if (at + 1 >= g->count)
		return false;
	tail = g->tails[at];
	take_out(g, at);
	tail->passed_on = tail->followed = 0; /* another will be the next */
	generations_insert(g, g->count, tail);
	return true;
}

/* Whether there is nothing more in it now; it may have come since the last
 * read. */
static bool
is_read(const struct tail *tail)
{
	uint64_t read = tail->offset > 0 ? tail->offset : tail->forgotten;

	return tail->at_end &&
	       (tail->finished || tail->failed || tail_size(tail) == read);
}

bool
generations_make_room(struct generations *g)
{
	size_t at = 0;

	if (g->count < GENERATIONS_MAX)
		return true;
	while (at + 1 < g->count && !is_read(g->tails[at]))
		at++;
	if (at + 1 == g->count)
		return false;
	generations_drop(g, at);
	return true;
}
