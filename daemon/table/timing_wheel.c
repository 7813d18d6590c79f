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

/* The ring must hold now .. now + longest without meeting itself. */
struct timing_wheel *
timing_wheel_new(uint32_t longest)
{
	struct timing_wheel *calendar = alloc_zero(1, sizeof(*calendar));
	uint32_t needed;

	calendar->width = 1;
	while ((needed = longest / calendar->width + 2) > SLOTS_MAX)
		calendar->width *= 2;
	calendar->nslots = SLOTS_MIN;
	while (calendar->nslots < needed)
		calendar->nslots *= 2;
	calendar->slots =
	    alloc_zero(calendar->nslots, sizeof(*calendar->slots));
	calendar->busy =
	    alloc_zero(calendar->nslots / 64, sizeof(*calendar->busy));
	return calendar;
}

void
timing_wheel_free(struct timing_wheel **calendar)
{
	if (*calendar == NULL)
		return;
	free((*calendar)->slots);
	free((*calendar)->busy);
	free((*calendar)->links);
	free(*calendar);
	*calendar = NULL;
}

static uint32_t
slot_of(const struct timing_wheel *calendar, int64_t due)
{
	return (uint32_t)((uint64_t)due / calendar->width) &
	       (calendar->nslots - 1);
}

static void
make_room(struct timing_wheel *calendar, uint32_t item)
{
	uint32_t room = calendar->room ? calendar->room : ROOM_MIN;

	if (item < calendar->room)
		return;
	while (room <= item)
		room *= 2;
	calendar->links =
	    alloc_resize(calendar->links, room, sizeof(*calendar->links));
	calendar->room = room;
}

void
timing_wheel_add(struct timing_wheel *calendar, uint32_t item, int64_t due)
{
	uint32_t slot = slot_of(calendar, due), first = calendar->slots[slot];
	struct link *links, *link;

	make_room(calendar, item);
	links = calendar->links;
	link = &links[item];
	link->slot = slot;
	if (first == 0) {
		link->before = link->after = item;
		calendar->slots[slot] = item;
		calendar->busy[slot / 64] |= (uint64_t)1 << slot % 64;
		return;
	}
	link->after = first;
	link->before = links[first].before;
	links[link->before].after = item;
	links[first].before = item;
}

void
timing_wheel_remove(struct timing_wheel *calendar, uint32_t item)
{
	struct link *links = calendar->links, *link = &links[item];
	uint32_t slot = link->slot;

	if (link->after == item) {
		calendar->slots[slot] = 0;
		calendar->busy[slot / 64] &= ~((uint64_t)1 << slot % 64);
		return;
	}
	links[link->before].after = link->after;
	links[link->after].before = link->before;
	if (calendar->slots[slot] == item)
		calendar->slots[slot] = link->after;
}

uint32_t
timing_wheel_first(const struct timing_wheel *calendar, int64_t from)
{
	uint32_t start = slot_of(calendar, from), words = calendar->nslots / 64;
	uint32_t at = start / 64;
	uint64_t bits = calendar->busy[at] & (UINT64_MAX << start % 64);

	/* Once round, and the beginning of the first word again. */
	for (uint32_t i = 0; i <= words; i++) {
		if (bits != 0)
			return calendar
			    ->slots[at * 64 + (uint32_t)__builtin_ctzll(bits)];
		at = (at + 1) & (words - 1);
		bits = calendar->busy[at];
	}
	return 0;
}

uint32_t
timing_wheel_last_beside(const struct timing_wheel *calendar, uint32_t first)
{
	return calendar->links[first].before;
}

uint32_t
timing_wheel_after(const struct timing_wheel *calendar, uint32_t item)
{
	return calendar->links[item].after;
}

bool
timing_wheel_in_place(const struct timing_wheel *calendar, uint32_t item, int64_t due)
{
	return calendar->links[item].slot == slot_of(calendar, due);
}

bool
timing_wheel_exact(const struct timing_wheel *calendar)
{
	return calendar->width == 1;
}
