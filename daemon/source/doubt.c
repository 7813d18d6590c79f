#include "daemon/source/doubt.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/linebuf.h"
#include "base/log.h"
#include "daemon/source/generations.h"
#include "daemon/source/mark.h"
#include "daemon/source/source.h"
#include "daemon/source/tail.h"

/* A rest that is longer is not recognized. */
enum { REST_MAX = 1024, DOUBT_MS = 60 * 1000 };

/* ---- doubted ---- */

/* With a pattern, a compressed file may be older than that one before it, unless
 * its date is later; and one with an older date is: it may not have the rest of
 * the line before. */
static bool
may_be_older(const struct tail *tail, const struct tail *other, bool pattern)
{
	int order = mark_compare_dates(tail->path, other->path);

	return pattern && (order < 0 || (order == 0 && tail->unpack != NULL));
}

static const struct tail *
find_number(const struct generations *g, uint64_t number)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->tails[i]->number == number)
			return g->tails[i];
	return NULL;
}

/* Whether it may come before the one that was told of the line in which `tail`
 * ends, though it was opened later: it may be that which has the rest. */
static bool
may_be_late(const struct generations *g, const struct tail *next,
	    const struct tail *tail, bool pattern)
{
	const struct tail *told = find_number(g, tail->told);

	if (!pattern || next->unpack == NULL)
		return may_be_older(next, tail, pattern);
	return told == NULL ||
	       mark_compare_dates(next->path, told->path) <= 0;
}

/* With a pattern, another file that was told need not be of the same log; nor
 * need one of the same name be, in which a number that is no date may tell several
 * logs apart. */
static bool
may_follow(const struct tail *tail, const struct tail *next, int64_t now)
{
	return mark_is_family(tail->path, next->path) &&
	       (tail_rest_may_follow(tail) ||
		(now < tail->doubted &&
		 mark_compare_dates(tail->path, next->path) == 0));
}

/* Whether the rest of the line in which a file ended may come in the next one. */
static bool
may_go_on(const struct generations *g, const struct tail *tail,
	  const struct tail *next, bool pattern, int64_t now)
{
	return tail_ends_torn(tail) &&
	       (tail_rest_may_come(tail) ||
		may_be_late(g, next, tail, pattern) ||
		(pattern && may_follow(tail, next, now)));
}

static bool
has_anything(const struct tail *tail)
{
	return tail_ends_torn(tail) || !tail_is_empty(tail);
}

/* Whether another of the first `end` files came after it on its device: that has
 * the rest of its line. */
static bool
is_passed(const struct generations *g, size_t at, size_t end)
{
	for (size_t i = at + 1; i < end; i++)
		if (g->tails[i]->device == g->tails[at]->device &&
		    has_anything(g->tails[i]))
			return true;
	return false;
}

/*
 * Of the first `end` files, the last that has anything in it, if it ends within a
 * line, which may go on at the beginning of the next one: whoever rotates a log
 * by its size may cut a line in two, and a copy of the log has the end that it
 * had. Of files that match a pattern, any may be the one before; else the last of
 * each device, since one may have been mounted over the log for a while. NULL:
 * none ends so, or its rest was taken for the beginning of another file already.
 */
static struct tail *
cut_before(const struct generations *g, size_t end, const struct tail *next,
	   bool pattern, int64_t now)
{
	for (size_t i = end; i-- > 0;) {
		struct tail *tail = g->tails[i];

		if (may_go_on(g, tail, next, pattern, now) &&
		    (pattern || !is_passed(g, i, end)))
			return tail;
		if (!pattern && tail->device == next->device &&
		    has_anything(tail))
			return NULL;
	}
	return NULL;
}

/* The first line of the tail was dropped for that other one. A few bytes of a
 * first line are no place at which to look again. And a writer may go on in a
 * file with another date in its name. */
static void
note(struct tail *tail, const struct tail *other)
{
	if (other->offset == 0 || other->unpack != NULL ||
	    mark_compare_dates(tail->path, other->path) != 0)
		return;
	tail->doubt.number = other->number;
	tail->doubt.end = other->offset;
}

/* For a minute more, the rest may come in yet another file of the name. */
static void
note_followed(struct tail *older, int64_t now)
{
	if (tail_rest_may_follow(older))
		older->doubted = now + DOUBT_MS;
	older->followed = older->place + 1;
}

static void
pass_on(struct tail *older, struct tail *tail, bool pattern, int64_t now)
{
	if (tail->offset > 0 || linebuf_skips(tail->lines))
		return;
	if (!may_be_older(tail, older, pattern)) {
		older->passed_on = older->place + 1;
		older->told = tail->number;
		if (!pattern || mark_is_family(older->path, tail->path))
			note_followed(older, now);
	}
	tail_skip_line(tail, older->path);
	note(tail, older);
}

void
doubt_beginning(struct generations *g, size_t at, bool pattern, int64_t now)
{
	struct tail *tail = g->tails[at], *older;

	if (tail->offset > 0 || tail_is_empty(tail))
		return;
	older = cut_before(g, at, tail, pattern, now);
	if (older != NULL)
		pass_on(older, tail, pattern, now);
}

/* Of files that match a pattern, those that were read before do not go on with
 * it. */
void
doubt_after(struct generations *g, size_t at, bool pattern, int64_t now)
{
	struct tail *tail = g->tails[at], *next;
	size_t i = at + 1;

	while (pattern && i < g->count && g->tails[i]->offset > 0)
		i++;
	next = i < g->count ? g->tails[i] : NULL;
	if (next != NULL && cut_before(g, at + 1, next, pattern, now) == tail)
		pass_on(tail, next, pattern, now);
}

/* ---- believed after all ---- */

static bool
has_its_name(const struct tail *tail)
{
	struct stat st;

	return stat(tail->path, &st) == 0 && st.st_ino == tail->inode &&
	       st.st_dev == tail->device;
}

/* Of what was read of the file since: 1: it is the rest of its line; 0: it may
 * have come from another writer; -1: its end has not come yet. */
static int
has_its_rest(const struct tail *other, uint64_t end,
	     const struct source_sink *sink)
{
	char rest[REST_MAX];
	uint64_t len = other->offset - end;
	const char *newline;
	time_t when;

	if (len > sizeof(rest))
		len = sizeof(rest);
	if (len == 0)
		return -1;
	if (tail_bytes((void *)(uintptr_t)other, rest, len, end) !=
		(int64_t)len ||
	    tail_is_truncated(other) || !has_its_name(other))
		return 0;
	newline = memchr(rest, '\n', len);
	if (newline == NULL)
		return len < sizeof(rest) ? -1 : 0;
	return sink->stamp(sink->arg, rest, (size_t)(newline - rest), &when) !=
	       0;
}

/* What was read first is still in memory. */
static void
hand_out(struct tail *tail, const struct source_sink *sink)
{
	size_t len = tail->offset < sizeof(tail->head) ? tail->offset
						       : sizeof(tail->head);
	const char *line, *end = memchr(tail->head, '\n', len);

	if (end == NULL || !linebuf_trim(tail->head, end, &line, &len) ||
	    linebuf_is_rest(line, len))
		return;
	log_info("read the first line of %s after all", tail->path);
	if (sink->unseen != NULL)
		sink->unseen(sink->arg, true);
	tail_announce(tail, sink);
	sink->line(sink->arg, line, len);
}

void
doubt_settle(const struct generations *g, const struct source_sink *sink)
{
	for (size_t i = 0; i < g->count; i++) {
		struct tail *tail = g->tails[i];
		const struct tail *other;
		int rest = 0;

		if (tail->doubt.number == 0 || linebuf_skips(tail->lines))
			continue;
		other = find_number(g, tail->doubt.number);
		if (other != NULL && other->offset >= tail->doubt.end)
			rest = has_its_rest(other, tail->doubt.end, sink);
		if (rest < 0)
			continue;
		if (rest > 0)
			hand_out(tail, sink);
		tail->doubt.number = 0;
	}
}
