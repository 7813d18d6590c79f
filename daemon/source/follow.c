#include "daemon/source/follow.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/filetime.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "daemon/source/doubt.h"
#include "daemon/source/follow_state.h"
#include "daemon/source/rotation.h"
#include "daemon/source/tail.h"

/* So many files that ended within a line are kept open; TOLD_MAX: of those of
 * which a file of another name was told. */
enum { TORN_MAX = GENERATIONS_MAX / 2, TOLD_MAX = GENERATIONS_MAX / 4 };

/* ---- life ---- */

struct follow *
follow_new(const char *spec, const struct source_sink *sink)
{
	struct follow *f = alloc_zero(1, sizeof(*f));

	f->spec = alloc_string(spec);
	f->sink = *sink;
	if (!rotation_is_pattern(spec)) /* each file goes on with another */
		f->sink.from = NULL;
	f->buffer = alloc_zero(TAIL_BUFFER, 1);
	return f;
}

void
follow_free(struct follow **follow)
{
	struct follow *f = *follow;

	*follow = NULL;
	if (f == NULL)
		return;
	generations_clear(&f->open);
	listed_clear(&f->listed);
	source_start_clear(&f->start);
	free(f->buffer);
	free(f->lent);
	log_once_clear(&f->problem);
	free(f->spec);
	free(f);
}

/* ---- reading ---- */

/*
 * A read cannot tell that a log was truncated if nothing had been read from it.
 * But if that log has changed, it may have had lines that are now in a copy.
 */
static bool
was_emptied(struct follow *f, size_t at, int64_t now)
{
	struct tail *tail = f->open.tails[at];
	struct timespec changed = tail_changed(tail);
	size_t found;

	if (tail->offset > 0 || tail->finished ||
	    rotation_is_pattern(f->spec) ||
	    filetime_compare(tail->mtime, changed) == 0)
		return false;
	found = generations_recover(&f->open, at, f->spec, now);
	tail->mtime = changed;
	for (size_t i = at; i < at + found; i++)
		if (tail->begun > 0 &&
		    tail_begins_like(f->open.tails[i], tail, tail->begun))
			tail->begun = tail->forgotten = 0; /* read again */
	return found > 0;
}

/* Closes a file. What comes after half a line in it is not known then. */
static void
drop(struct follow *f, size_t at, int64_t now)
{
	doubt_after(&f->open, at, rotation_is_pattern(f->spec), now);
	generations_drop(&f->open, at);
}

/* Closes a file that was read to its end and that nobody writes to any more. */
static void
finish(struct follow *f, size_t at, int64_t now)
{
	struct tail *tail = f->open.tails[at], *next = f->open.tails[at + 1];
	struct linebuf *torn = tail->lines;

	if (tail->continued && linebuf_pending(next->lines) == 0) {
		tail->lines = next->lines;
		next->lines = torn;
		if (tail->doubtful)
			tail_skip_torn(next, tail->path);
	}
	drop(f, at, now);
}

/* logrotate(8) may overwrite a rotated file, shred(1), whose lines were read. */
static bool
was_shredded(const struct follow *f, size_t at)
{
	struct tail *tail = f->open.tails[at];

	return at + 1 < f->open.count && tail->at_end &&
	       tail_size(tail) >= tail->offset && tail_is_noise(tail);
}

/* Reads on in a file, or another, after what was read of it is gone. */
static void
read_on(struct follow *f, size_t at, int64_t now)
{
	if (!was_shredded(f, at)) {
		follow_recover(f, at, now);
		return;
	}
	log_info("closed %s: it was overwritten", f->open.tails[at]->path);
	drop(f, at, now);
}

static void
log_failed(struct follow *f, size_t at, const struct err *err, int64_t now)
{
	struct tail *tail = f->open.tails[at];

	if (tail->unpack != NULL) {
		log_warning("gave up %s", err->text);
		tail->at_end = true;
		return;
	}
	log_once_warning(&f->problem, "waiting for", tail->path, err->text);
	tail->failed = true;
	f->unopened = true;
	f->looked = now;
}

static void
log_recovered(struct follow *f, struct tail *tail)
{
	tail->failed = false;
	log_once_clear(&f->problem);
	log_info("following %s", tail->path);
}

/* The lines in the buffer are the sink's until it is asked to settle, which
 * comes before it gets any others. */
static void
lend_buffer(struct follow *f)
{
	char *back = f->lent;

	f->lent = f->buffer;
	f->buffer = back != NULL ? back : alloc_zero(TAIL_BUFFER, 1);
}

/* Only a backlog needs two. */
static void
free_lent(struct follow *f)
{
	free(f->lent);
	f->lent = NULL;
}

/* Reads one block of the tail at `at'; others may follow at once, of about so
 * many bytes together. */
static enum tail_result
read_block(struct follow *f, size_t at, size_t ahead, size_t *got, int64_t now)
{
	struct tail *tail = f->open.tails[at];
	bool reached = tail->at_end;
	enum tail_result result;
	struct err err;

	*got = 0;
	if (was_emptied(f, at, now))
		return TAIL_TRUNCATED;
	doubt_beginning(&f->open, at, rotation_is_pattern(f->spec), now);
	tail_note_unseen(tail, f->caught_up ? FOLLOW_QUIET_MS : 0, now,
			 &f->sink);
	result = tail_read(tail, f->buffer, ahead, &f->sink, got, &err);
	if (result != TAIL_MORE) /* the file may be closed now */
		source_read_end(&f->sink);
	f->bytes += *got;
	if (*got > TAIL_BUFFER / 2)
		lend_buffer(f);
	else
		source_settle(&f->sink);
	if (*got > 0) {
		tail->changed = now;
		tail->grown = tail->grown || reached;
		f->written = tail->mtime;
	}
	if (tail->failed && result != TAIL_FAILED)
		log_recovered(f, tail);
	if (result == TAIL_TRUNCATED)
		read_on(f, at, now);
	else if (result == TAIL_FAILED)
		log_failed(f, at, &err, now);
	return result;
}

/* There may be room now for files that could not be opened before. */
static bool
find_room(struct follow *f, int64_t now)
{
	uint64_t before = f->open.changes;

	follow_look(f, now);
	return f->open.changes != before;
}

/* Whether a line in which the older file ended when it was read has got more
 * since: that must be read before it is called torn. */
static bool
older_goes_on(const struct follow *f, size_t at)
{
	const struct tail *tail = f->open.tails[at], *older;

	if (at == 0 || tail->offset > 0)
		return false;
	older = f->open.tails[at - 1];
	return tail_ends_torn(older) && !older->finished && !older->failed &&
	       tail_size(older) >
		       (older->offset > 0 ? older->offset : older->forgotten);
}

/* True if there may be more. */
static bool
read_blocks(struct follow *f, size_t budget, int64_t now)
{
	enum tail_result result;
	size_t got = 0, at = 0, done = 0;

	while (at < f->open.count) {
		if (done >= budget)
			return true;
		if (older_goes_on(f, at))
			at--;
		result = read_block(f, at, budget - done, &got, now);
		done += got;
		if (result == TAIL_MORE || result == TAIL_TRUNCATED)
			continue; /* what was recovered is at `at` now */
		if (f->open.tails[at]->finished && f->open.tails[at]->at_end &&
		    at + 1 < f->open.count)
			finish(f, at, now);
		else
			at++;
	}
	return false;
}

bool
follow_read(struct follow *f, size_t budget, int64_t now)
{
	bool more = read_blocks(f, budget, now);

	source_settle(&f->sink);
	source_read_end(&f->sink);
	doubt_settle(&f->open, &f->sink);
	if (!more)
		free_lent(f);
	f->caught_up = f->caught_up || !more;
	return more || (f->crowded && find_room(f, now));
}

/* ---- timers ---- */

static int64_t
sooner(int64_t a, int64_t b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/*
 * Whether another file is written to in place of this one. With '*', what was
 * opened last may be an old file that was copied or touched. The log must not
 * be closed for that, or its next lines would not be noticed.
 */
static bool
is_replaced(const struct follow *f, size_t at)
{
	if (!rotation_is_pattern(f->spec) || f->open.tails[at]->deleted)
		return true;
	for (size_t i = at + 1; i < f->open.count; i++)
		if (f->open.tails[i]->grown)
			return true;
	return false;
}

/* Whether a file of a pattern ended within a line. Closed, it would not be known
 * as the one whose rest comes first in a file of its name, or of the next. */
static bool
is_torn(const struct follow *f, const struct tail *tail)
{
	return rotation_is_pattern(f->spec) && tail_rest_may_follow(tail);
}

/* How many too many are open that ended so, although another file was told. */
static size_t
count_excess(const struct follow *f)
{
	size_t told = 0;

	for (size_t i = 0; i < f->open.count; i++)
		told += is_torn(f, f->open.tails[i]) &&
			!tail_rest_may_come(f->open.tails[i]);
	return told > TOLD_MAX ? told - TOLD_MAX : 0;
}

/* Whether a file that is quiet is kept open. */
static bool
is_kept(const struct follow *f, const struct tail *tail, size_t *torn,
	size_t *excess)
{
	if (!is_torn(f, tail))
		return false;
	if (tail_rest_may_come(tail))
		return (*torn)++ < TORN_MAX;
	if (*excess == 0)
		return true;
	(*excess)--;
	return false;
}

/* However quiet the file was, its writer may not know that it was deleted. */
static void
note_deletion(struct tail *tail, int64_t now)
{
	if (tail->deleted || tail_has_name(tail))
		return;
	tail->deleted = true;
	tail->changed = now;
}

static int64_t
quiet_until(const struct tail *tail)
{
	int64_t quiet = tail->changed + FOLLOW_QUIET_MS;

	return quiet > tail->doubted ? quiet : tail->doubted;
}

static int64_t
close_quiet(struct follow *f, int64_t now)
{
	int64_t next = -1, left;
	size_t torn = 0, excess = count_excess(f);

	for (size_t i = 0; i + 1 < f->open.count;) {
		note_deletion(f->open.tails[i], now);
		if (!is_replaced(f, i)) {
			i++;
			continue;
		}
		left = quiet_until(f->open.tails[i]) - now;
		if (left > 0 || !f->open.tails[i]->at_end) {
			next = sooner(next, left > 0 ? left : 1);
			i++;
		} else if (is_kept(f, f->open.tails[i], &torn, &excess)) {
			f->open.tails[i++]->beside = true;
		} else {
			drop(f, i, now);
		}
	}
	return next;
}

static int64_t
log_missing(struct follow *f, int64_t now)
{
	int64_t left = f->looked + FOLLOW_GONE_MS - now;

	if (!f->missing || log_once_is_logged(&f->problem))
		return -1;
	if (left > 0)
		return left;
	log_once_warning(&f->problem, "waiting for", f->spec,
			 rotation_why_missing(f->spec));
	return -1;
}

int64_t
follow_tend(struct follow *f, int64_t now)
{
	if (f->unopened && now >= f->looked + FOLLOW_RETRY_MS)
		follow_look(f, now);
	return sooner(sooner(close_quiet(f, now), log_missing(f, now)),
		      f->unopened ? FOLLOW_RETRY_MS : -1);
}

/* ---- state ---- */

uint64_t
follow_changes(const struct follow *f)
{
	return f->open.changes;
}

uint64_t
follow_bytes(const struct follow *f)
{
	return f->bytes;
}

size_t
follow_count(const struct follow *f)
{
	return f->open.count;
}

int
follow_fd(const struct follow *f, size_t i)
{
	return f->open.tails[i]->finished ? -1 : f->open.tails[i]->fd;
}

uint64_t
follow_lag(const struct follow *f)
{
	uint64_t size, lag = 0;

	for (size_t i = 0; i < f->open.count; i++) {
		const struct tail *tail = f->open.tails[i];

		size = tail->unpack == NULL ? tail_size(tail) : 0;
		if (size > tail->offset)
			lag += size - tail->offset;
	}
	return lag;
}

/* The oldest file that has a name and of which a line was read: only a line
 * that was read proves a position. If no file is both, the oldest that has a
 * name; otherwise the newest. What is between a file beside and the log was not
 * read in this run, and is not to be read in the next. */
static const struct tail *
oldest(const struct follow *f)
{
	const struct tail *named = NULL;

	for (size_t i = 0; i < f->open.count; i++) {
		const struct tail *tail = f->open.tails[i];

		if (tail->beside || !tail_has_name(tail))
			continue;
		if (tail->place > 0)
			return tail;
		if (named == NULL)
			named = tail;
	}
	return named != NULL ? named : generations_newest(&f->open);
}

static void
fill_position(const struct tail *tail, struct logpos *pos)
{
	pos->device = tail->device;
	pos->inode = tail->inode;
	tail_print_place(tail, &pos->print);
	pos->torn = tail_rest_may_come(tail);
}

/* Of the other files that match a pattern, number i: first those that are open,
 * of which one without a name may have been compressed, then those that were let
 * go. */
static bool
other_position(const struct follow *f, size_t i, struct logpos *pos)
{
	const struct tail *first = oldest(f);

	for (size_t k = 0; k < f->open.count; k++) {
		const struct tail *tail = f->open.tails[k];

		if (tail == first || i-- > 0)
			continue;
		fill_position(tail, pos);
		return true;
	}
	return generations_left(&f->open, i, pos);
}

/* The position in the oldest file that may still grow. Resuming there reads
 * newer files again, but loses nothing that a late writer adds to this. If no
 * line was read, the inode still shows to which directory the file was moved.
 */
int
follow_position(const struct follow *f, size_t i, struct logpos *pos)
{
	const struct tail *tail = oldest(f);

	memset(pos, 0, sizeof(*pos));
	if (tail == NULL || (i > 0 && (!rotation_is_pattern(f->spec) ||
				       !other_position(f, i - 1, pos))))
		return -1;
	if (i == 0) {
		fill_position(tail, pos);
		pos->torn =
		    (pos->torn && rotation_is_pattern(f->spec)) ||
		    tail_place_is_torn(generations_newest(&f->open));
	}
	pos->path = alloc_string(f->spec);
	return 0;
}
