#include "daemon/changes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

enum { PLACES = 2 * CHANGES_MAX, ROOM_MIN = 64 };

struct changes {
	uint64_t seed;
	struct addr *list;
	size_t count, room;
	bool overflowed;
	uint16_t *places; /* by hash, probed linearly: index + 1, 0 = free */
};

_Static_assert(CHANGES_MAX < UINT16_MAX, "an index must fit");

struct changes *
changes_new(void)
{
	struct changes *changes = alloc_zero(1, sizeof(*changes));

	changes->seed = hash_seed();
	changes->places = alloc_zero(PLACES, sizeof(*changes->places));
	return changes;
}

void
changes_free(struct changes **changes)
{
	if (*changes == NULL)
		return;
	free((*changes)->places);
	free((*changes)->list);
	free(*changes);
	*changes = NULL;
}

/* Where addr stands, or the free place where it belongs. */
static uint16_t *
find_place(const struct changes *changes, const struct addr *addr)
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
changes_add(struct changes *changes, const struct addr *addr)
{
	uint16_t *place = find_place(changes, addr);

	if (*place != 0 || changes->overflowed)
		return;
	if (changes->count == CHANGES_MAX) {
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
changes_overflowed(const struct changes *changes)
{
	return changes->overflowed;
}

void
changes_clear(struct changes *changes)
{
	if (changes->count > 0)
		memset(changes->places, 0, PLACES * sizeof(*changes->places));
	changes->count = 0;
	changes->overflowed = false;
}

size_t
changes_count(const struct changes *changes)
{
	return changes->count;
}

const struct addr *
changes_at(const struct changes *changes, size_t index)
{
	return &changes->list[index];
}
