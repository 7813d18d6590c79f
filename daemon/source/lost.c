#include "daemon/source/lost.h"

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/fingerprint.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "daemon/source/generations.h"
#include "daemon/source/rotation.h"
#include "daemon/source/tail.h"

/*
 * Puts a rotated file, in which nobody writes any more, before the tail at *at:
 * it holds what that one should have read before it was truncated, from
 * offset on. The torn line goes on in it, and comes back at its end.
 */
static void
insert_lost(struct generations *row, size_t *at, const struct rotated *file,
	    uint64_t offset, int64_t now)
{
	struct tail *next = row->tails[*at], *tail;
	struct linebuf *torn = next->lines;
	struct err err;

	if (generations_has(row, file))
		return;
	tail = tail_open(file->path, &err);
	if (tail == NULL || tail_seek(tail, offset) != 0) {
		log_warning("passed over %s: %s", file->path,
			    tail ? "it was truncated" : err.text);
		tail_close(&tail);
		return;
	}
	if (offset > 0) {
		tail->place = next->place;
		tail->before_place = next->before_place;
	}
	if (linebuf_pending(torn) > 0) {
		next->lines = tail->lines;
		tail->lines = torn;
	}
	tail->finished = tail->continued = true;
	tail->changed = now;
	generations_insert(row, (*at)++, tail);
}

size_t
generations_recover(struct generations *row, size_t at, const char *spec, int64_t now)
{
	struct tail *tail = row->tails[at];
	struct rotation files;
	struct fingerprint print;
	ssize_t copy = -1;
	size_t first = at;

	rotation_list(&files, spec, NULL);
	if (tail->offset > 0) {
		tail_print_offset(tail, &print);
		copy = rotation_find(&files, &print, 0, 0);
	}
	if (copy >= 0)
		insert_lost(row, &at, &files.list[copy], tail->offset, now);
	for (size_t i = (size_t)(copy + 1); i < files.count; i++) {
		const struct rotated *file = &files.list[i];

		if (file->live || generations_has_done(row, file) ||
		    (copy < 0 &&
		     rotation_compare_times(file->mtime, tail->mtime) < 0))
			continue;
		insert_lost(row, &at, file, 0, now);
	}
	rotation_clear(&files);
	return at - first;
}
