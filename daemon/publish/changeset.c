#include "daemon/publish/changeset.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

enum { PLACES = 2 * CHANGESET_MAX, ROOM_MIN = 64 };

struct changeset {
	uint64_t seed;
	struct addr *list;
	size_t count, room;
	bool overflowed;
	uint16_t *places; /* by hash, probed linearly: index + 1, 0 = free */
};

_Static_assert(CHANGESET_MAX < UINT16_MAX, "an index must fit");

struct changeset *
changeset_new(void)
{
	struct changeset *changes = alloc_zero(1, sizeof(*changes));

	changes->seed = hash_seed();
	changes->places = alloc_zero(PLACES, sizeof(*changes->places));
	return changes;
}

void
changeset_free(struct changeset **changes)
{
	if (*changes == NULL)
		return;
	free((*changes)->places);
	free((*changes)->list);
	free(*changes);
	*changes = NULL;
}

/* The place of addr, or the free place where it belongs. */
static uint16_t *
find_place(const struct changeset *changes, const struct addr *addr)
{
	uint64_t at = hash_bytes(changes->seed, addr, sizeof(*addr));
	uint16_t *place;

	for (;; at++) {
		place = &changes->places[at % PLACES];
		if (*place == 0 || addr_equal(&changes->list[*place - 1], addr))
			return place;
	}
}

void
changeset_add(struct changeset *changes, const struct addr *addr)
{
	uint16_t *place = find_place(changes, addr);

	if (*place != 0 || changes->overflowed)
		return;
	if (changes->count == CHANGESET_MAX) {
		changes->overflowed = true;
		return;
	}
	if (changes->count == changes->room) {
		changes->room = changes->room ? changes->room * 2 : ROOM_MIN;
		changes->list = alloc_resize(changes->list, changes->room,
					     sizeof(*changes->list));
	}
	changes->list[changes->count++] = *addr;
	*place = (uint16_t)changes->count;
}

bool
changeset_overflowed(const struct changeset *changes)
{
	return changes->overflowed;
}

void
changeset_clear(struct changeset *changes)
{
	if (changes->count > 0)
		memset(changes->places, 0, PLACES * sizeof(*changes->places));
	changes->count = 0;
	changes->overflowed = false;
}

size_t
changeset_count(const struct changeset *changes)
{
	return changes->count;
}

const struct addr *
changeset_at(const struct changeset *changes, size_t index)
{
	return &changes->list[index];
}
