#include "daemon/source/generations.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/source/rotation.h"
#include "daemon/source/tail.h"

void
generations_clear(struct generations *row)
{
	for (size_t i = 0; i < row->count; i++)
		tail_close(&row->tails[i]);
	free(row->tails);
	memset(row, 0, sizeof(*row));
}

struct tail *
generations_newest(const struct generations *row)
{
	return row->count > 0 ? row->tails[row->count - 1] : NULL;
}

/* Its index, or the count. */
static size_t
find(const struct generations *row, const struct rotated *file)
{
	size_t i = 0;

	while (i < row->count && (row->tails[i]->inode != file->inode ||
				  row->tails[i]->device != file->device))
		i++;
	return i;
}

bool
generations_has(const struct generations *row, const struct rotated *file)
{
	return find(row, file) < row->count;
}

/* gzip(1) and logrotate(8) leave a compressed file its time of change. */
static bool
is_same(const struct generations_done *done, const struct rotated *file)
{
	struct err err;
	struct tail *tail;
	bool same;

	if (done->inode == 0 ||
	    rotation_compare_times(done->mtime, file->mtime) != 0)
		return false;
	if (done->inode == file->inode && done->device == file->device)
		return true;
	if (done->print.offset == 0)
		return false;
	tail = tail_open(file->path, &err);
	same = tail != NULL && tail_holds(tail, &done->print);
	tail_close(&tail);
	return same;
}

bool
generations_has_done(const struct generations *row, const struct rotated *file)
{
	for (size_t i = 0; i < GENERATIONS_DONE_MAX; i++)
		if (is_same(&row->done[i], file))
			return true;
	return false;
}

void
generations_insert(struct generations *row, size_t at, struct tail *tail)
{
	row->tails =
	    alloc_resize(row->tails, row->count + 1, sizeof(*row->tails));
	memmove(&row->tails[at + 1], &row->tails[at],
		(row->count - at) * sizeof(*row->tails));
	row->tails[at] = tail;
	row->count++;
	row->changes++;
}

/* Closes the gap that the tail at `at` leaves. */
static void
take_out(struct generations *row, size_t at)
{
	row->count--;
	memmove(&row->tails[at], &row->tails[at + 1],
		(row->count - at) * sizeof(*row->tails));
	row->changes++;
}

void
generations_drop(struct generations *row, size_t at)
{
	struct tail *tail = row->tails[at];
	struct generations_done *done;

	log_debug("closed %s", tail->path);
	done = &row->done[row->ndone++ % GENERATIONS_DONE_MAX];
	*done = (struct generations_done){
	    .device = tail->device, .inode = tail->inode, .mtime = tail->mtime};
	tail_print_offset(tail, &done->print);
	take_out(row, at);
	tail_close(&tail);
}

bool
generations_move_to_end(struct generations *row, const struct rotated *file)
{
	size_t at = find(row, file);
	struct tail *tail;

	if (at + 1 >= row->count)
		return false;
	tail = row->tails[at];
	take_out(row, at);
	generations_insert(row, row->count, tail);
	return true;
}

bool
generations_make_room(struct generations *row)
{
	if (row->count < GENERATIONS_MAX)
		return true;
	if (!row->tails[0]->at_end)
		return false;
	generations_drop(row, 0);
	return true;
}
