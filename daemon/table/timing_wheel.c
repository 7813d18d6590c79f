#include "daemon/table/timing_wheel.h"

#include <stdlib.h>

#include "base/alloc.h"

/* Costs 4 bytes for each second ahead. */
enum { SLOTS_MIN = 64, SLOTS_MAX = 128 * 1024, ROOM_MIN = 64 };

struct link {
	uint32_t before, after; /* in its slot */
	uint32_t slot;
};

struct timing_wheel {
	uint32_t width;	    /* of a slot, seconds */
	uint32_t nslots;    /* a power of two */
	uint32_t *slots;    /* the first item of each */
	uint64_t *busy;	    /* a bit for each slot that is not empty */
	struct link *links; /* by item */
	uint32_t room;
};

/* One slot more than longest needs, so that the latest item never shares a
 * slot with the earliest. */
struct timing_wheel *
timing_wheel_new(uint32_t longest)
{
	struct timing_wheel *wheel = alloc_zero(1, sizeof(*wheel));
	uint32_t needed;

	wheel->width = 1;
	while ((needed = longest / wheel->width + 2) > SLOTS_MAX)
		wheel->width *= 2;
	wheel->nslots = SLOTS_MIN;
	while (wheel->nslots < needed)
		wheel->nslots *= 2;
	wheel->slots = alloc_zero(wheel->nslots, sizeof(*wheel->slots));
	wheel->busy = alloc_zero(wheel->nslots / 64, sizeof(*wheel->busy));
	return wheel;
}

void
timing_wheel_free(struct timing_wheel **wheel)
{
	if (*wheel == NULL)
		return;
	free((*wheel)->slots);
	free((*wheel)->busy);
	free((*wheel)->links);
	free(*wheel);
	*wheel = NULL;
}

static uint32_t
slot_of(const struct timing_wheel *wheel, int64_t due)
{
	return (uint32_t)((uint64_t)due / wheel->width) & (wheel->nslots - 1);
}

static void
make_room(struct timing_wheel *wheel, uint32_t item)
{
	uint32_t room = wheel->room ? wheel->room : ROOM_MIN;

	if (item < wheel->room)
		return;
	while (room <= item)
		room *= 2;
	wheel->links = alloc_resize(wheel->links, room, sizeof(*wheel->links));
	wheel->room = room;
}

void
timing_wheel_add(struct timing_wheel *wheel, uint32_t item, int64_t due)
{
	uint32_t slot = slot_of(wheel, due), first = wheel->slots[slot];
	struct link *links, *link;

	make_room(wheel, item);
	links = wheel->links;
	link = &links[item];
	link->slot = slot;
	if (first == 0) {
		link->before = link->after = item;
		wheel->slots[slot] = item;
		wheel->busy[slot / 64] |= (uint64_t)1 << slot % 64;
		return;
	}
	link->after = first;
	link->before = links[first].before;
	links[link->before].after = item;
	links[first].before = item;
}

void
timing_wheel_remove(struct timing_wheel *wheel, uint32_t item)
{
	struct link *links = wheel->links, *link = &links[item];
	uint32_t slot = link->slot;

	if (link->after == item) {
		wheel->slots[slot] = 0;
		wheel->busy[slot / 64] &= ~((uint64_t)1 << slot % 64);
		return;
	}
	links[link->before].after = link->after;
	links[link->after].before = link->before;
	if (wheel->slots[slot] == item)
		wheel->slots[slot] = link->after;
}

uint32_t
timing_wheel_first(const struct timing_wheel *wheel, int64_t *from)
{
	uint32_t start = slot_of(wheel, *from), words = wheel->nslots / 64;
	uint32_t at = start / 64, slot;
	uint64_t bits = wheel->busy[at] & (UINT64_MAX << start % 64);

	/* Once round, and the first word again for the bits below the start. */
	for (uint32_t i = 0; i <= words; i++) {
		if (bits != 0) {
			slot = at * 64 + (uint32_t)__builtin_ctzll(bits);
			*from += (int64_t)wheel->width *
				 ((slot - start) & (wheel->nslots - 1));
			return wheel->slots[slot];
		}
		at = (at + 1) & (words - 1);
		bits = wheel->busy[at];
	}
	return 0;
}

uint32_t
timing_wheel_last_beside(const struct timing_wheel *wheel, uint32_t first)
{
	return wheel->links[first].before;
}

uint32_t
timing_wheel_after(const struct timing_wheel *wheel, uint32_t item)
{
	return wheel->links[item].after;
}

bool
timing_wheel_in_place(const struct timing_wheel *wheel, uint32_t item,
		      int64_t due)
{
	return wheel->links[item].slot == slot_of(wheel, due);
}

bool
timing_wheel_exact(const struct timing_wheel *wheel)
{
	return wheel->width == 1;
}
