/* Finds and opens the files of a log: at the start, and whenever something may
 * have changed. */
#include "daemon/source/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/filetime.h"
#include "base/log.h"
#include "daemon/source/follow_state.h"
#include "daemon/source/mark.h"
#include "daemon/source/pathwalk.h"
#include "daemon/source/resume.h"
#include "daemon/source/rotation.h"
#include "daemon/source/source.h"
#include "daemon/source/tail.h"

enum { TRIES = 8 };

/* ---- start ---- */

/* However quiet the newest file was, its writer may only now be told of the
 * rotation. */
static void
await_late_lines(struct follow *f, int64_t now)
{
	struct tail *newest = generations_newest(&f->open);

	if (newest != NULL)
		newest->changed = now;
}

/* Whether a file that matches a pattern was let go while others were written
 * to. */
static bool
is_left(const struct follow *f, const struct rotated *file)
{
	return file->live && rotation_is_pattern(f->spec) &&
	       generations_done_changed(&f->open, file) >= 0;
}

/*
 * Opens a file as the newest. False if that must wait, and with it all newer
 * files. A rotated file without read permission is skipped, since waiting for
 * it would hold up the log itself for ever.
 */
static bool
append(struct follow *f, const struct rotated *file, int64_t now)
{
	struct err err;
	struct tail *tail;

	if (!generations_make_room(&f->open)) {
		f->crowded = true;
		return false;
	}
	tail = follow_open_listed(f, file, &err);
	if (f->renamed)
		return false;
	if (tail == NULL) {
		bool skipped = !file->live && errno == EACCES;

		log_once_warning(&f->problem,
				 skipped ? "skipped" : "waiting for",
				 file->path, err.text);
		f->unopened = !skipped;
		return skipped;
	}
	if ((!file->live || is_left(f, file)) && tail_is_noise(tail)) {
		tail_close(&tail);
		return true;
	}
	tail->changed = now;
	tail->beside = is_left(f, file);
	await_late_lines(f, now);
	follow_skip_known(f, tail);
	generations_insert(&f->open, f->open.count, tail);
	return true;
}

static bool
has_live(const struct rotation *files)
{
	return files->count > 0 && files->list[files->count - 1].live;
}

/* Begins in the newest file. */
static void
begin_at(struct follow *f, const char *path, uint64_t offset)
{
	struct tail *tail = generations_newest(&f->open);

	if (tail_seek(tail, offset) != 0)
		log_once_warning(&f->problem, "truncated", path,
				 "began at its first byte");
	else if (f->sink.from == NULL)
		tail_deliver_past(tail, &f->sink);
}

/* Where to begin in file i, which is the newest that is open. */
static void
begin_in(struct follow *f, const struct resume_point *point, size_t i)
{
	const struct rotated *file = &point->files.list[i];
	struct tail *tail = generations_newest(&f->open);
	bool first = i == point->first, torn = point->torn;
	uint64_t offset = first ? point->offset : tail->offset;

	if (first && i > 0 && offset == 0)
		torn = resume_pass_over(file[-1].path, &f->sink) || torn;
	if (torn && offset == 0)
		tail_skip_line(tail, file->path);
	if (first)
		begin_at(f, file->path, offset);
}

static void
open_from(struct follow *f, const struct resume_point *point, int64_t now)
{
	const struct rotation *files = &point->files;

	for (size_t i = point->first; i < files->count; i++) {
		const struct tail *before = generations_newest(&f->open);

		if (!append(f, &files->list[i], now))
			return;
		if (generations_newest(&f->open) != before)
			begin_in(f, point, i);
	}
}

static void
note_presence(struct follow *f, const struct rotation *files, int64_t now)
{
	struct tail *tail = generations_newest(&f->open);
	bool missing = !has_live(files);

	if (missing && !f->missing)
		f->looked = now;
	if (missing && !rotation_is_pattern(f->spec) &&
	    pathwalk_may_exist(f->spec))
		f->unopened = true;
	if (missing && tail == NULL)
		log_once_warning(&f->problem, "waiting for", f->spec,
				 rotation_why_missing(f->spec));
	f->missing = missing;
	if (!missing && !f->unopened && log_once_is_logged(&f->problem) &&
	    (tail == NULL || !tail->failed)) {
		log_once_clear(&f->problem);
		log_info("following %s", tail ? tail->path : f->spec);
	}
}

/* The other files of a pattern that the last run knew. */
static void
know_others(struct follow *f, const struct resume_point *point,
	    const struct source_start *start)
{
	const struct logpos *own = point->own;
	const struct logpos *end = start->pos + start->npos;
	struct logpos other;

	while (own != NULL && ++own < end && !strcmp(own->path, f->spec)) {
		other = *own;
		other.torn = resume_is_torn(&point->files, own, &f->sink);
		generations_know(&f->open, &other);
	}
}

/*
 * Starts over if a file is renamed meanwhile, but not for ever. Only the second
 * reading of the directory shows that: resume_find() skips a file that has just
 * lost its name, and a newer one would be taken for the oldest to read.
 */
static void
find_and_open(struct follow *f, struct resume_point *point,
	      const struct source_start *start, int64_t now)
{
	for (int tries = TRIES; tries >= 0; tries--) {
		uint64_t changes = f->open.changes;

		f->renamed = f->unopened = f->crowded = false;
		f->accept_rename = tries == 0;
		resume_find(point, f->spec, start, &f->sink);
		know_others(f, point, start);
		open_from(f, point, now);
		if (rotation_is_pattern(f->spec) && !start->beginning)
			follow_open_beside(f, point, start->since, now);
		if (tries == 0 ||
		    rotation_is_current(&point->files, f->spec, point->own))
			return;
		generations_clear(&f->open);
		f->open.changes = changes;
		rotation_clear(&point->files);
	}
}

/* Nothing may come for long in a file that was opened at its end. */
static void
announce(struct follow *f)
{
	for (size_t i = 0; i < f->open.count; i++)
		if (f->open.tails[i]->offset > 0)
			tail_announce(f->open.tails[i], &f->sink);
}

static void
begin_reading(struct follow *f, const struct source_start *start, int64_t now)
{
	struct resume_point point;

	find_and_open(f, &point, start, now);
	announce(f);
	if (f->open.count > 0 && has_live(&point.files) && !f->unopened)
		log_info("following %s", generations_newest(&f->open)->path);
	note_presence(f, &point.files, now);
	/* A file that exists but cannot be opened is not new once it can:
	 * then it will be read from where this start asks. */
	if (f->open.count == 0 && point.files.count > 0 && !f->unstarted) {
		f->start = source_start_copy(start);
		f->unstarted = true;
	} else if (f->open.count > 0 || point.files.count == 0) {
		source_start_clear(&f->start);
		f->unstarted = false;
	}
	rotation_clear(&point.files);
	if (f->renamed) /* a later file than the first */
		follow_look(f, now);
}

int
follow_start(struct follow *f, const struct source_start *start, int64_t now,
	     struct err *err)
{
	struct stat st;

	if (start->once && !rotation_is_pattern(f->spec) &&
	    stat(f->spec, &st) != 0)
		return err_set(err, "%s: %s", f->spec, strerror(errno));
	begin_reading(f, start, now);
	if (start->once && (f->missing || f->unopened))
		return err_set(err, "%s",
			       log_once_is_logged(&f->problem)
				   ? log_once_reason(&f->problem)
				   : "a log cannot be read");
	return 0;
}

/* ---- changes ---- */

void
follow_recover(struct follow *f, size_t at, int64_t now)
{
	struct tail *tail = f->open.tails[at];
	struct timespec changed = tail_changed(tail);
	size_t found = generations_recover(&f->open, at, f->spec, now);

	log_info("truncated %s%s%s", tail->path,
		 found > 0 ? ", read its rest from " : "",
		 found > 0 ? f->open.tails[at]->path : "");
	tail_rewind(tail);
	tail->number = ++f->open.changes;
	tail->doubt.number = 0;
	tail->passed_on = tail->followed = 0;
	tail_skip_torn(tail, tail->path);
	if (found > 0) { /* they go on with what was read of it */
		tail->origin = tail->number;
		tail->announced = false;
	} else if (f->sink.lost != NULL) {
		tail_announce(tail, &f->sink);
		f->sink.lost(f->sink.arg, 0);
	}
	tail->mtime = changed;
}

/* The index in the list after the newest open file, which may have been
 * compressed since; -1 if it was deleted, or renamed to a name that is not
 * listed. A copy of it may have more lines, so the index is that of the copy.
 */
static ssize_t
after_newest(const struct follow *f, const struct rotation *files)
{
	struct tail *tail = generations_newest(&f->open);
	struct fingerprint print;
	ssize_t at;

	if (tail == NULL)
		return -1;
	at = rotation_find_inode(files, tail->device, tail->inode);
	if (at < 0) {
		tail_print_known(tail, &print);
		at = print.offset > 0 ? rotation_find(files, &print, 0, 0) : -1;
	}
	return at >= 0 && generations_has(&f->open, &files->list[at]) ? at + 1
								      : at;
}

/* Whether the file comes before the newest one, as its date or else its time
 * says. If the clock was set back since that was written to, the one that was
 * read last is older: its writer had not noticed the rotation. */
static bool
is_older(const struct follow *f, const struct rotated *file)
{
	const struct tail *tail = generations_newest(&f->open);
	int order = mark_compare_dates(file->path, tail->path);

	if (order != 0)
		return order < 0;
	return filetime_is_older(file->mtime, tail->mtime) &&
	       (f->written.tv_sec == 0 ||
		filetime_is_older(file->mtime, f->written));
}

/* The index in the list after all that was read, -1 if nothing of it is listed.
 * If the newest open file is not, an older one that was read still tells. */
static ssize_t
after_known(const struct follow *f, const struct rotation *files)
{
	ssize_t next = after_newest(f, files);
	size_t known;

	if (next >= 0)
		return next;
	known = generations_known(&f->open, files, files->count);
	return known > 0 ? (ssize_t)known : -1;
}

/*
 * The file that is the log now, NULL if nothing tells. With '*', that is the
 * newest open one as a rule. But if files of another device are listed in its
 * place, a disk was mounted or unmounted, and the log is the last of them,
 * however old it is.
 */
static const struct rotated *
find_log(const struct follow *f, const struct rotation *files)
{
	const struct tail *newest = generations_newest(&f->open);
	const struct rotated *last;

	if (!has_live(files))
		return NULL;
	last = &files->list[files->count - 1];
	if (!rotation_is_pattern(f->spec))
		return last;
	return newest != NULL && newest->device != last->device &&
		       after_newest(f, files) < 0
		   ? last
		   : NULL;
}

/*
 * Whether file i has not been read: the log, unless it is open; with '*', what
 * has come or changed since the last look. If that does not tell: what is after
 * all that was read, from `next` on; if none of that is listed, or with '*',
 * where that is a poor order, what has a later date or time than the newest had.
 */
static bool
is_unread(const struct follow *f, const struct rotation *files, size_t i,
	  ssize_t next, const struct rotated *log)
{
	const struct rotated *file = &files->list[i];
	const struct tail *tail = generations_newest(&f->open);
	int follows, changed = listed_changed(&f->listed, file);

	if (generations_has(&f->open, file) ||
	    (!file->live && generations_has_done(&f->open, file)))
		return false;
	if (file != log && is_left(f, file))
		return generations_done_changed(&f->open, file) > 0;
	follows = generations_follows_link(&f->open, files, i);
	if (follows >= 0)
		return follows > 0;
	if (tail == NULL || file == log)
		return true;
	if (rotation_is_pattern(f->spec) && changed >= 0)
		return changed > 0;
	if (next >= 0 && (ssize_t)i >= next)
		return true;
	if (rotation_is_pattern(f->spec))
		return !filetime_is_older(file->mtime, tail->mtime);
	return next < 0 && !is_older(f, file);
}

/* The file may have got its old name back, or a link may point to it again. */
static void
switch_back(struct follow *f, const struct rotated *log)
{
	if (generations_move_to_end(&f->open, log))
		log_info("following %s", log->path);
}

static void
open_newer(struct follow *f, const struct rotation *files, int64_t now)
{
	const struct tail *before = generations_newest(&f->open);
	bool pattern = rotation_is_pattern(f->spec);
	bool *unread = alloc_zero(files->count + 1, sizeof(*unread));
	const struct rotated *log = find_log(f, files);
	ssize_t next = after_known(f, files);
	bool new = false;

	for (size_t i = 0; i < files->count; i++)
		unread[i] = is_unread(f, files, i, next, log);
	for (size_t i = 0; i < files->count; i++) {
		if (unread[i] && !append(f, &files->list[i], now))
			break;
		new = new || (unread[i] && !is_left(f, &files->list[i]));
		unread[i] = false;
	}
	listed_note(&f->listed, files, unread);
	free(unread);
	if (before != NULL && before != generations_newest(&f->open) && new &&
	    !log_once_is_logged(&f->problem))
		log_info(pattern ? "following %s" : "rotated %s",
			 generations_newest(&f->open)->path);
	if (log != NULL)
		switch_back(f, log);
}

/*
 * If the newest open file is not in the list, it may have been rotated into
 * another directory, logrotate(8)'s olddir. There may also be newer ones there,
 * which were written and rotated before this process looked.
 */
static void
list(const struct follow *f, struct rotation *files)
{
	const struct tail *tail = generations_newest(&f->open);
	struct logpos lost = {0};

	rotation_list(files, f->spec, NULL);
	if (tail == NULL || after_newest(f, files) >= 0)
		return;
	rotation_clear(files);
	lost.device = tail->device;
	lost.inode = tail->inode;
	tail_print_known(tail, &lost.print);
	rotation_list(files, f->spec, &lost);
}

static void
list_and_open(struct follow *f, struct rotation *files, int64_t now)
{
	size_t count = f->open.count;

	/* First, or the copy of the newest would be taken for a newer file. */
	if (count > 0 &&
	    generations_can_recover(&f->open, count - 1, f->spec))
		follow_recover(f, count - 1, now);
	for (int tries = TRIES; tries >= 0; tries--) {
		f->renamed = false;
		f->accept_rename = tries == 0;
		list(f, files);
		open_newer(f, files, now);
		if (!f->renamed)
			return;
		rotation_clear(files);
	}
}

/* Recognizes the usual case without reading a directory. */
static bool
nothing_changed(const struct follow *f)
{
	struct tail *tail = generations_newest(&f->open);
	struct stat st;

	return tail != NULL && !rotation_is_pattern(f->spec) && !f->unopened &&
	       !f->crowded && !f->missing && stat(f->spec, &st) == 0 &&
	       st.st_ino == tail->inode && st.st_dev == tail->device;
}

void
follow_look(struct follow *f, int64_t now)
{
	struct rotation files;

	if (nothing_changed(f))
		return;
	f->unopened = f->crowded = false;
	f->looked = now;
	if (f->unstarted) {
		begin_reading(f, &f->start, now);
		return;
	}
	list_and_open(f, &files, now);
	note_presence(f, &files, now);
	rotation_clear(&files);
}
