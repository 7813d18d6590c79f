#include "daemon/table/removals.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hashmap.h"

struct removal {
	struct addr addr;
	time_t stamp;
	bool noted;
	int64_t steady; /* when it was made, if noted */
};

struct removals {
	struct hashmap *map;
	long longest;
};

struct removals *
removals_new(long longest)
{
	struct removals *r = alloc_zero(1, sizeof(*r));

	r->map = hashmap_new(sizeof(struct removal), sizeof(struct addr));
	r->longest = longest;
	return r;
}

void
removals_free(struct removals **removals)
{
	if (*removals == NULL)
		return;
	hashmap_free(&(*removals)->map);
	free(*removals);
	*removals = NULL;
}

void
removals_set_longest(struct removals *r, long longest)
{
	r->longest = longest;
}

/* False: one that was not old was forgotten, to make room. */
static bool
forget_old(struct removals *r, time_t now)
{
	struct removal *oldest;
	bool in_time = true;

	while ((oldest = hashmap_next(r->map, NULL)) != NULL &&
	       (oldest->stamp + r->longest <= now ||
		hashmap_count(r->map) > REMOVALS_MAX)) {
		if (oldest->stamp + r->longest > now)
			in_time = false;
		hashmap_remove(r->map, oldest);
	}
	return in_time;
}

bool
removals_add(struct removals *r, const struct addr *addr, time_t stamp,
	     time_t now)
{
	struct removal *removal = hashmap_put(r->map, addr);

	if (stamp > removal->stamp)
		removal->stamp = stamp;
	hashmap_touch(r->map, removal);
	return forget_old(r, now);
}

void
removals_note(struct removals *r, const struct addr *addr, int64_t steady)
{
	struct removal *removal = hashmap_find(r->map, addr);

	if (removal == NULL)
		return;
	removal->noted = true;
	removal->steady = steady;
}

bool
removals_steady(const struct removals *r, const struct addr *addr,
		int64_t *steady)
{
	const struct removal *removal = hashmap_find(r->map, addr);

	if (removal == NULL || !removal->noted)
		return false;
	*steady = removal->steady;
	return true;
}

bool
removals_cover(const struct removals *r, const struct addr *addr, time_t when)
{
	const struct removal *removal;

	if (hashmap_count(r->map) == 0)
		return false;
	removal = hashmap_find(r->map, addr);
	return removal != NULL && when <= removal->stamp;
}

bool
removals_next(const struct removals *r, const void **at, struct addr *addr,
	      time_t *stamp)
{
	const struct removal *removal = hashmap_next(r->map, *at);

	*at = removal;
	if (removal == NULL)
		return false;
	*addr = removal->addr;
	*stamp = removal->stamp;
	return true;
}
