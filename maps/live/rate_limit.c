#include "maps/live/rate_limit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashmap.h"

enum { STEPS = RATE_LIMIT_SLOTS - 1 };

struct counter {
	uint64_t who;
	int64_t step;			   /* the newest step with a slot */
	uint32_t counts[RATE_LIMIT_SLOTS]; /* per step: [step % SLOTS] */
};

struct rate_limit {
	uint32_t step_length; /* seconds */
	size_t max;
	struct hashmap *counters; /* by their last use */
};

struct rate_limit *
rate_limit_new(uint32_t window, size_t max)
{
	struct rate_limit *limit = alloc_zero(1, sizeof(*limit));

	assert(window >= STEPS && max > 0);
	limit->step_length = (window + STEPS - 1) / STEPS;
	limit->max = max;
	limit->counters = hashmap_new(sizeof(struct counter), sizeof(uint64_t));
	return limit;
}

void
rate_limit_free(struct rate_limit **limit)
{
	if (*limit == NULL)
		return;
	hashmap_free(&(*limit)->counters);
	free(*limit);
	*limit = NULL;
}

/* The counter of a client that is active now. A new one takes the place of the
 * one that has been quiet for longest, if all are in use. */
static struct counter *
take_counter(struct rate_limit *limit, uint64_t who)
{
	struct hashmap *counters = limit->counters;
	struct counter *c = hashmap_find(counters, &who);

	if (c != NULL) {
		hashmap_touch(counters, c);
		return c;
	}
	if (hashmap_count(counters) == limit->max)
		hashmap_remove(counters, hashmap_next(counters, NULL));
	return hashmap_put(counters, &who);
}

static int64_t
step_of(const struct rate_limit *limit, int64_t now)
{
	assert(now >= 0);
	return now / limit->step_length;
}

/* Clears the slots of the oldest steps for those up to `step'. */
static void
advance(struct counter *c, int64_t step)
{
	int64_t from = c->step + 1;

	if (step - c->step >= RATE_LIMIT_SLOTS)
		memset(c->counts, 0, sizeof(c->counts));
	else
		for (; from <= step; from++)
			c->counts[from % RATE_LIMIT_SLOTS] = 0;
	if (step > c->step)
		c->step = step;
}

void
rate_limit_add(struct rate_limit *limit, uint64_t who, uint32_t count,
	       int64_t now)
{
	struct counter *c = take_counter(limit, who);
	uint32_t *slot;

	advance(c, step_of(limit, now));
	slot = &c->counts[c->step % RATE_LIMIT_SLOTS];
	*slot = *slot > UINT32_MAX - count ? UINT32_MAX : *slot + count;
}

uint64_t
rate_limit_sum(const struct rate_limit *limit, uint64_t who, int64_t now)
{
	const struct counter *c = hashmap_find(limit->counters, &who);
	int64_t step = step_of(limit, now);
	uint64_t sum = 0;

	if (c == NULL)
		return 0;
	for (int64_t s = c->step; s >= 0 && s > c->step - RATE_LIMIT_SLOTS; s--)
		if (s > step - RATE_LIMIT_SLOTS)
			sum += c->counts[s % RATE_LIMIT_SLOTS];
	return sum;
}
