#include "maps/live/rate_limit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { NONE = 0, FIRST_SIZE = 64, STEPS = RATE_LIMIT_SLOTS - 1 };

/* Row 0 is the head of the list by time: its next is the newest, its prev the
 * one that goes first. */
struct generations {
	uint64_t who;
	int64_t step;		      /* the newest one that has a slot */
	uint32_t next, prev;	      /* by time */
	uint32_t chain;		      /* of the same bucket */
	uint32_t counts[RATE_LIMIT_SLOTS]; /* of a step: [step % SLOTS] */
};

struct rate_limit {
	uint32_t step_length; /* seconds */
	uint32_t max, count, size;
	struct generations *rows;  /* 0 .. count of `size' */
	uint32_t *buckets; /* `size', a power of two */
};

struct rate_limit *
rate_limit_new(uint32_t window, size_t max)
{
	struct rate_limit *tally = alloc_zero(1, sizeof(*tally));

	assert(window >= STEPS && max > 0 && max < UINT32_MAX / 4);
	tally->step_length = (window + STEPS - 1) / STEPS;
	tally->max = (uint32_t)max;
	tally->size = FIRST_SIZE;
	tally->rows = alloc_zero(tally->size, sizeof(*tally->rows));
	tally->buckets = alloc_zero(tally->size, sizeof(*tally->buckets));
	return tally;
}

void
rate_limit_free(struct rate_limit **tally)
{
	if (*tally == NULL)
		return;
	free((*tally)->rows);
	free((*tally)->buckets);
	free(*tally);
	*tally = NULL;
}

size_t
rate_limit_count(const struct rate_limit *tally)
{
	return tally->count;
}

/* ---- the buckets ---- */

static uint32_t *
bucket(const struct rate_limit *tally, uint64_t who)
{
	return &tally->buckets[who & (tally->size - 1)];
}

static uint32_t
find(const struct rate_limit *tally, uint64_t who)
{
	uint32_t at = *bucket(tally, who);

	while (at != NONE && tally->rows[at].who != who)
		at = tally->rows[at].chain;
	return at;
}

static void
chain(struct rate_limit *tally, uint32_t at)
{
	uint32_t *first = bucket(tally, tally->rows[at].who);

	tally->rows[at].chain = *first;
	*first = at;
}

static void
unchain(struct rate_limit *tally, uint32_t at)
{
	uint32_t *link = bucket(tally, tally->rows[at].who);

	while (*link != at)
		link = &tally->rows[*link].chain;
	*link = tally->rows[at].chain;
}

static void
grow(struct rate_limit *tally)
{
	uint32_t size = tally->size * 2;

	tally->rows = alloc_resize(tally->rows, size, sizeof(*tally->rows));
	free(tally->buckets);
	tally->buckets = alloc_zero(size, sizeof(*tally->buckets));
	tally->size = size;
	for (uint32_t at = 1; at <= tally->count; at++)
		chain(tally, at);
}

/* ---- the list by time ---- */

static void
link_newest(struct rate_limit *tally, uint32_t at)
{
	struct generations *rows = tally->rows;

	rows[at].prev = 0;
	rows[at].next = rows[0].next;
	rows[rows[0].next].prev = at;
	rows[0].next = at;
}

static void
unlink_row(struct rate_limit *tally, uint32_t at)
{
	struct generations *row = &tally->rows[at];

	tally->rows[row->prev].next = row->next;
	tally->rows[row->next].prev = row->prev;
}

/* A row for one who has none: a new one, or that of the quietest. */
static uint32_t
take_row(struct rate_limit *tally, uint64_t who)
{
	uint32_t at;

	if (tally->count == tally->max) {
		at = tally->rows[0].prev;
		unlink_row(tally, at);
		unchain(tally, at);
	} else {
		if (tally->count + 1 == tally->size)
			grow(tally);
		at = ++tally->count;
	}
	memset(&tally->rows[at], 0, sizeof(tally->rows[at]));
	tally->rows[at].who = who;
	chain(tally, at);
	link_newest(tally, at);
	return at;
}

/* ---- counting ---- */

static int64_t
step_of(const struct rate_limit *tally, int64_t now)
{
	assert(now >= 0);
	return now / tally->step_length;
}

/* Slots that no step has any more become those of the steps up to `step'. */
static void
turn(struct generations *row, int64_t step)
{
	int64_t from = row->step + 1;

	if (step - row->step >= RATE_LIMIT_SLOTS)
		memset(row->counts, 0, sizeof(row->counts));
	else
		for (; from <= step; from++)
			row->counts[from % RATE_LIMIT_SLOTS] = 0;
	if (step > row->step)
		row->step = step;
}

void
rate_limit_add(struct rate_limit *tally, uint64_t who, uint32_t count, int64_t now)
{
	int64_t step = step_of(tally, now);
	uint32_t at = find(tally, who), *slot;
	struct generations *row;

	if (at == NONE) {
		at = take_row(tally, who);
	} else {
		unlink_row(tally, at);
		link_newest(tally, at);
	}
	row = &tally->rows[at];
	turn(row, step);
	slot = &row->counts[row->step % RATE_LIMIT_SLOTS];
	*slot = *slot > UINT32_MAX - count ? UINT32_MAX : *slot + count;
}

uint64_t
rate_limit_sum(const struct rate_limit *tally, uint64_t who, int64_t now)
{
	int64_t step = step_of(tally, now);
	uint32_t at = find(tally, who);
	const struct generations *row = &tally->rows[at];
	uint64_t sum = 0;

	if (at == NONE)
		return 0;
	for (int64_t s = row->step; s >= 0 && s > row->step - RATE_LIMIT_SLOTS; s--)
		if (s > step - RATE_LIMIT_SLOTS)
			sum += row->counts[s % RATE_LIMIT_SLOTS];
	return sum;
}
