/* Opens single files of a log where reading goes on in them. Several files that
 * match a pattern may be written to at the same time, and the log is only the
 * one that was written to last: a start begins there, and opens others beside
 * it. */
#include <errno.h>
#include <stdbool.h>
#include <time.h>

#include "base/err.h"
#include "daemon/source/follow_state.h"
#include "daemon/source/resume.h"
#include "daemon/source/rotation.h"
#include "daemon/source/tail.h"

/* So many of the files may be written to. */
enum { LIVE_MAX = 16 };

struct tail *
follow_open_listed(struct follow *f, const struct rotated *file,
		   struct err *err)
{
	struct tail *tail = tail_open(file->path, err);

	if (f->accept_rename)
		return tail;
	if (tail == NULL) {
		f->renamed = errno == ENOENT;
	} else if (tail->inode != file->inode || tail->device != file->device) {
		f->renamed = true;
		tail_close(&tail);
	}
	return tail;
}

void
follow_skip_known(const struct follow *f, struct tail *tail)
{
	struct fingerprint print;

	for (size_t i = f->open.count; i > 0; i--) {
		tail_print_place(f->open.tails[i - 1], &print);
		if (print.offset == 0 || !tail_holds(tail, &print))
			continue;
		tail_seek(tail, print.offset);
		return;
	}
	generations_seek_done(&f->open, tail);
}

/* Whether nothing is left to be read, as of most files that were rotated while
 * the last run read them. */
static bool
is_read(struct tail *tail)
{
	char next;

	return tail_bytes(tail, &next, 1, tail->offset) == 0;
}

static void
open_beside(struct follow *f, const struct resume_point *point,
	    const struct rotated *file, bool live, time_t since, int64_t now)
{
	struct err err;
	struct tail *tail = follow_open_listed(f, file, &err);

	if (tail == NULL)
		return;
	tail->changed = now;
	tail->beside = true;
	follow_skip_known(f, tail);
	if (tail->offset == 0)
		resume_seek(tail, since, &f->sink);
	if (!live && (is_read(tail) || tail_is_noise(tail))) {
		tail_close(&tail);
		return;
	}
	if (tail->offset == 0 && point->torn)
		tail_skip_line(tail, file->path);
	generations_insert(&f->open, 0, tail);
}

/* From the newest back. What nobody may write to is left out if there is no
 * room for it. */
void
follow_open_beside(struct follow *f, const struct resume_point *point,
		   time_t since, int64_t now)
{
	const struct rotation *files = &point->files;

	if (f->open.count == 0)
		return;
	for (size_t i = point->first; i-- > 0;) {
		const struct rotated *file = &files->list[i];
		bool live = file->live && i + LIVE_MAX >= files->count;

		if (live || (resume_may_count(file->mtime, since) &&
			     f->open.count < GENERATIONS_MAX))
			open_beside(f, point, file, live, since, now);
	}
}
