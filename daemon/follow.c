#include "daemon/follow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "daemon/begin.h"
#include "daemon/lost.h"
#include "daemon/rotation.h"
#include "daemon/row.h"
#include "daemon/source.h"
#include "daemon/tail.h"

enum { TRIES = 8 };

struct follow {
	char *spec;
	struct source_sink sink;
	struct row row;
	char *buffer;
	uint64_t bytes; /* read so far */

	struct source_start start; /* while nothing could be opened yet */
	bool unstarted;

	char *trouble;	/* what was last said to be wrong, or NULL */
	size_t reason;	/* where in it the path begins, and why */
	bool missing;	/* the name; an older file may be open */
	bool unopened;	/* it is there, but cannot be opened or read */
	bool crowded;	/* there was no room for a newer file */
	bool renamed;	/* a name was another file's than it had been listed */
	bool hasty;	/* which is put up with */
	int64_t looked; /* steady ms: when that was found */
};

/* ---- life ---- */

struct follow *
follow_new(const char *spec, const struct source_sink *sink)
{
	struct follow *f = alloc_zero(1, sizeof(*f));

	f->spec = alloc_string(spec);
	f->sink = *sink;
	f->buffer = alloc_zero(TAIL_BUFFER, 1);
	return f;
}

static void
forget_start(struct follow *f)
{
	struct logpos *pos = (struct logpos *)(uintptr_t)f->start.pos;

	for (size_t i = 0; i < f->start.npos; i++)
		logpos_clear(&pos[i]);
	free(pos);
	f->start.pos = NULL;
	f->start.npos = 0;
	f->unstarted = false;
}

/* The caller's positions do not live as long as it may take. */
static void
remember_start(struct follow *f, const struct source_start *start)
{
	struct logpos *pos = alloc_zero(start->npos + 1, sizeof(*pos));

	for (size_t i = 0; i < start->npos; i++) {
		pos[i] = start->pos[i];
		pos[i].path = alloc_string(pos[i].path);
		if (pos[i].cursor != NULL)
			pos[i].cursor = alloc_string(pos[i].cursor);
	}
	f->start = *start;
	f->start.pos = pos;
	f->unstarted = true;
}

void
follow_free(struct follow **follow)
{
	struct follow *f = *follow;

	*follow = NULL;
	if (f == NULL)
		return;
	row_clear(&f->row);
	forget_start(f);
	free(f->buffer);
	free(f->trouble);
	free(f->spec);
	free(f);
}

/* ---- what there is to say, once ---- */

static void
say_trouble(struct follow *f, const char *verb, const char *path,
	    const char *why)
{
	char *text = alloc_format("%s %s: %s", verb, path, why);

	if (f->trouble == NULL || strcmp(f->trouble, text) != 0) {
		log_warning("%s", text);
		free(f->trouble);
		f->trouble = text;
		f->reason = strlen(verb) + 1;
	} else {
		free(text);
	}
}

static void
forget_trouble(struct follow *f)
{
	free(f->trouble);
	f->trouble = NULL;
}

/* ---- the beginning ---- */

/* NULL and f->renamed: the list is out of date. */
static struct tail *
open_listed(struct follow *f, const struct rotated *file, struct err *err)
{
	struct tail *tail = tail_open(file->path, err);

	if (f->hasty)
		return tail;
	if (tail == NULL) {
		f->renamed = errno == ENOENT;
	} else if (tail->inode != file->inode || tail->device != file->device) {
		f->renamed = true;
		tail_close(&tail);
	}
	return tail;
}

/*
 * Opens a file as the newest of the row. false: not now, and nothing newer
 * before it. A rotated file that may not be read is passed over, as it would
 * hold up the log itself for ever.
 */
static bool
append(struct follow *f, const struct rotated *file, int64_t now)
{
	struct err err;
	struct tail *tail;

	if (!row_make_room(&f->row)) {
		f->crowded = true;
		return false;
	}
	tail = open_listed(f, file, &err);
	if (f->renamed)
		return false;
	if (tail == NULL) {
		bool passed = !file->live && errno == EACCES;

		say_trouble(f, passed ? "passed over" : "waiting for",
			    file->path, err.text);
		f->unopened = !passed;
		return passed;
	}
	tail->changed = now;
	row_insert(&f->row, f->row.count, tail);
	return true;
}

static bool
has_live(const struct rotation *files)
{
	return files->count > 0 && files->list[files->count - 1].live;
}

/* Why the log is not there, for a person. */
static const char *
why_missing(const struct follow *f)
{
	struct stat st;

	if (rotation_is_pattern(f->spec))
		return "no such file yet";
	return stat(f->spec, &st) == 0 ? "not a regular file" : strerror(errno);
}

/* The log is not in the list, but nobody has said that there is none: a disk
 * with errors, a directory that may not be searched. No event tells its end. */
static bool
is_in_doubt(const struct follow *f)
{
	struct stat st;

	if (rotation_is_pattern(f->spec))
		return false;
	if (stat(f->spec, &st) == 0)
		return S_ISREG(st.st_mode);
	return errno != ENOENT && errno != ENOTDIR;
}

static void
open_from(struct follow *f, const struct beginning *begin, int64_t now)
{
	const struct rotation *files = &begin->files;

	for (size_t i = begin->first; i < files->count; i++) {
		size_t before = f->row.count;

		if (!append(f, &files->list[i], now))
			return;
		if (i == begin->first && f->row.count > before &&
		    tail_seek(row_newest(&f->row), begin->offset) != 0)
			say_trouble(f, "truncated", files->list[i].path,
				    "began at its first byte");
	}
}

static void
note_presence(struct follow *f, const struct rotation *files, int64_t now)
{
	struct tail *tail = row_newest(&f->row);
	bool missing = !has_live(files);

	if (missing && !f->missing)
		f->looked = now;
	if (missing && is_in_doubt(f))
		f->unopened = true;
	if (missing && tail == NULL)
		say_trouble(f, "waiting for", f->spec, why_missing(f));
	f->missing = missing;
	if (!missing && !f->unopened && f->trouble != NULL &&
	    (tail == NULL || !tail->failed)) {
		forget_trouble(f);
		log_info("following %s", tail ? tail->path : f->spec);
	}
}

/* The names may change meanwhile: then once more, but not for ever. */
static void
find_and_open(struct follow *f, struct beginning *begin,
	      const struct source_start *start, int64_t now)
{
	for (int tries = TRIES; tries >= 0; tries--) {
		f->renamed = false;
		f->hasty = tries == 0;
		begin_find(begin, f->spec, start, &f->sink);
		open_from(f, begin, now);
		if (!f->renamed || f->row.count > 0)
			return;
		rotation_clear(&begin->files);
	}
}

static void
begin_reading(struct follow *f, const struct source_start *start, int64_t now)
{
	struct beginning begin;

	find_and_open(f, &begin, start, now);
	if (f->row.count > 0 && has_live(&begin.files) && !f->unopened)
		log_info("following %s", row_newest(&f->row)->path);
	note_presence(f, &begin.files, now);
	/* What is there, but could not be opened, is not new when it can. */
	if (f->row.count == 0 && begin.files.count > 0 && !f->unstarted)
		remember_start(f, start);
	else if (f->row.count > 0 || begin.files.count == 0)
		forget_start(f);
	rotation_clear(&begin.files);
	if (f->renamed) /* behind the first */
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
			       f->trouble ? f->trouble + f->reason
					  : "a log cannot be read");
	return 0;
}

/* ---- looking ---- */

/* Where the newest file that we have stands in the list; -1: it was renamed
 * out of sight or deleted. It may have been compressed since. */
static ssize_t
find_newest(const struct follow *f, const struct rotation *files)
{
	struct tail *tail = row_newest(&f->row);
	struct fingerprint print;
	ssize_t at;

	if (tail == NULL)
		return -1;
	at = rotation_find_inode(files, tail->device, tail->inode);
	if (at < 0 && tail->offset > 0) {
		tail_print_offset(tail, &print);
		at = rotation_find(files, &print, 0, 0);
	}
	return at;
}

/*
 * Files behind the newest that we have are unread. If it is not in the list,
 * what was changed after we last saw its end may be; with '*' that goes also
 * for files before it, as the time of change is a poor order.
 */
static bool
is_unread(const struct follow *f, const struct rotation *files, size_t i,
	  ssize_t known)
{
	const struct rotated *file = &files->list[i];
	const struct tail *tail = row_newest(&f->row);
	bool pattern = rotation_is_pattern(f->spec);

	if (row_has(&f->row, file) ||
	    (!file->live && row_has_done(&f->row, file)))
		return false;
	if (tail == NULL || (known >= 0 && (ssize_t)i > known) ||
	    (known < 0 && file->live && !pattern))
		return true;
	return (known < 0 || pattern) &&
	       rotation_compare_times(file->mtime, tail->mtime) >= 0;
}

/* A file that has its name back, or a link that was switched back to it. */
static void
follow_back(struct follow *f, const struct rotated *live)
{
	if (row_move_to_end(&f->row, live))
		log_info("following %s", live->path);
}

static void
open_newer(struct follow *f, const struct rotation *files, int64_t now)
{
	const struct tail *before = row_newest(&f->row);
	bool pattern = rotation_is_pattern(f->spec);
	bool *unread = alloc_zero(files->count + 1, sizeof(*unread));
	ssize_t known = find_newest(f, files);

	for (size_t i = 0; i < files->count; i++)
		unread[i] = is_unread(f, files, i, known);
	for (size_t i = 0; i < files->count; i++)
		if (unread[i] && !append(f, &files->list[i], now))
			break;
	free(unread);
	if (before != NULL && before != row_newest(&f->row) &&
	    f->trouble == NULL)
		log_info(pattern ? "following %s" : "rotated %s",
			 row_newest(&f->row)->path);
	if (!pattern && has_live(files))
		follow_back(f, &files->list[files->count - 1]);
}

static void
list_and_open(struct follow *f, struct rotation *files, int64_t now)
{
	for (int tries = TRIES; tries >= 0; tries--) {
		f->renamed = false;
		f->hasty = tries == 0;
		rotation_list(files, f->spec, NULL);
		open_newer(f, files, now);
		if (!f->renamed)
			return;
		rotation_clear(files);
	}
}

/* The usual case, without reading a directory. */
static bool
nothing_changed(const struct follow *f)
{
	struct tail *tail = row_newest(&f->row);
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

/* ---- reading ---- */

static void
recover(struct follow *f, size_t at, int64_t now)
{
	struct tail *tail = f->row.tails[at];
	struct timespec changed = tail_changed(tail);
	size_t found = lost_insert(&f->row, at, f->spec, now);

	log_info("truncated %s%s%s", tail->path,
		 found > 0 ? ", read its rest from " : "",
		 found > 0 ? f->row.tails[at]->path : "");
	tail_rewind(tail);
	tail->mtime = changed;
}

/*
 * A log of which nothing was read yet proves nothing about what was in it: if
 * it has changed, there may have been lines that were moved to a copy.
 */
static bool
was_emptied(struct follow *f, size_t at, int64_t now)
{
	struct tail *tail = f->row.tails[at];
	struct timespec changed = tail_changed(tail);
	size_t found;

	if (tail->offset > 0 || tail->finished ||
	    rotation_is_pattern(f->spec) ||
	    rotation_compare_times(tail->mtime, changed) == 0)
		return false;
	found = lost_insert(&f->row, at, f->spec, now);
	tail->mtime = changed;
	return found > 0;
}

/* A file that nobody writes to any more is at its end. */
static void
finish(struct follow *f, size_t at)
{
	struct tail *tail = f->row.tails[at], *next = f->row.tails[at + 1];
	struct linebuf *torn = tail->lines;

	if (tail->continued && linebuf_pending(next->lines) == 0) {
		tail->lines = next->lines;
		next->lines = torn;
	}
	row_drop(&f->row, at);
}

static void
say_failed(struct follow *f, size_t at, const struct err *err, int64_t now)
{
	struct tail *tail = f->row.tails[at];

	if (tail->old != NULL) {
		log_warning("gave up %s", err->text);
		tail->at_end = true;
		return;
	}
	say_trouble(f, "waiting for", tail->path, err->text);
	tail->failed = true;
	f->unopened = true;
	f->looked = now;
}

static void
say_recovered(struct follow *f, struct tail *tail)
{
	tail->failed = false;
	forget_trouble(f);
	log_info("following %s", tail->path);
}

/* One block of the tail at `at`. */
static enum tail_result
read_block(struct follow *f, size_t at, size_t *got, int64_t now)
{
	struct tail *tail = f->row.tails[at];
	enum tail_result result;
	struct err err;

	*got = 0;
	if (was_emptied(f, at, now))
		return TAIL_TRUNCATED;
	result = tail_read(tail, f->buffer, &f->sink, got, &err);
	f->bytes += *got;
	if (*got > 0)
		tail->changed = now;
	if (tail->failed && result != TAIL_FAILED)
		say_recovered(f, tail);
	if (result == TAIL_TRUNCATED)
		recover(f, at, now);
	else if (result == TAIL_FAILED)
		say_failed(f, at, &err, now);
	return result;
}

/* Files that there was no room for before: now there may be. */
static bool
find_room(struct follow *f, int64_t now)
{
	uint64_t before = f->row.changes;

	follow_look(f, now);
	return f->row.changes != before;
}

bool
follow_read(struct follow *f, size_t budget, int64_t now)
{
	enum tail_result result;
	size_t got = 0, at = 0, done = 0;

	while (at < f->row.count) {
		if (done >= budget)
			return true;
		result = read_block(f, at, &got, now);
		done += got;
		if (result == TAIL_MORE || result == TAIL_TRUNCATED)
			continue; /* what was found stands here now */
		if (f->row.tails[at]->finished && f->row.tails[at]->at_end &&
		    at + 1 < f->row.count)
			finish(f, at);
		else
			at++;
	}
	return f->crowded && find_room(f, now);
}

/* ---- in due time ---- */

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int64_t
close_quiet(struct follow *f, int64_t now)
{
	int64_t next = -1, left;

	for (size_t i = 0; i + 1 < f->row.count;) {
		left = f->row.tails[i]->changed + FOLLOW_QUIET_MS - now;
		if (left <= 0 && f->row.tails[i]->at_end) {
			row_drop(&f->row, i);
			continue;
		}
		next = sooner(next, left > 0 ? left : 1);
		i++;
	}
	return next;
}

static int64_t
say_missing(struct follow *f, int64_t now)
{
	int64_t left = f->looked + FOLLOW_GONE_MS - now;

	if (!f->missing || f->trouble != NULL)
		return -1;
	if (left > 0)
		return left;
	say_trouble(f, "waiting for", f->spec, why_missing(f));
	return -1;
}

int64_t
follow_tend(struct follow *f, int64_t now)
{
	if (f->unopened && now >= f->looked + FOLLOW_RETRY_MS)
		follow_look(f, now);
	return sooner(sooner(close_quiet(f, now), say_missing(f, now)),
		      f->unopened ? FOLLOW_RETRY_MS : -1);
}

/* ---- what others see ---- */

uint64_t
follow_changes(const struct follow *f)
{
	return f->row.changes;
}

uint64_t
follow_bytes(const struct follow *f)
{
	return f->bytes;
}

size_t
follow_count(const struct follow *f)
{
	return f->row.count;
}

int
follow_fd(const struct follow *f, size_t i)
{
	return f->row.tails[i]->finished ? -1 : f->row.tails[i]->fd;
}

/* The oldest file that may still grow: whoever begins there reads the newer
 * ones again, and loses nothing that a late writer adds to the old one. */
int
follow_position(const struct follow *f, struct logpos *pos)
{
	size_t i = 0;

	memset(pos, 0, sizeof(*pos));
	while (i + 1 < f->row.count &&
	       (f->row.tails[i]->place == 0 || !tail_has_name(f->row.tails[i])))
		i++;
	if (i >= f->row.count)
		return -1;
	pos->path = alloc_string(f->spec);
	pos->device = f->row.tails[i]->device;
	pos->inode = f->row.tails[i]->inode;
	tail_print_place(f->row.tails[i], &pos->print);
	return 0;
}
