#include "daemon/keeper/row_table.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

enum { ROOM_MIN = 16 };

void
row_table_clear(struct row_table *shelf)
{
	free(shelf->rows);
	free(shelf->index);
	memset(shelf, 0, sizeof(*shelf));
}

static size_t
start_of(const struct row_table *shelf, const struct addr *addr)
{
	return hash_bytes(shelf->seed, addr, sizeof(*addr)) &
	       (shelf->slots - 1);
}

/* The slot that holds addr, or the empty one where it belongs. */
static size_t
slot_of(const struct row_table *shelf, const struct addr *addr)
{
	size_t slot = start_of(shelf, addr);

	while (shelf->index[slot] != 0 &&
	       !addr_equal(&shelf->rows[shelf->index[slot] - 1].addr, addr))
		slot = (slot + 1) & (shelf->slots - 1);
	return slot;
}

/* Never more than half full, so that the walks stay short. */
static void
grow(struct row_table *shelf)
{
	if (shelf->seed == 0)
		shelf->seed = hash_seed() | 1;
	shelf->room = shelf->room != 0 ? shelf->room * 2 : ROOM_MIN;
	shelf->rows =
	    alloc_resize(shelf->rows, shelf->room, sizeof(*shelf->rows));
	free(shelf->index);
	shelf->slots = shelf->room * 2;
	shelf->index = alloc_zero(shelf->slots, sizeof(*shelf->index));
	for (size_t i = 0; i < shelf->count; i++)
		shelf->index[slot_of(shelf, &shelf->rows[i].addr)] =
		    (uint32_t)i + 1;
}

struct row_table_row *
row_table_find(const struct row_table *shelf, const struct addr *addr)
{
	uint32_t at;

	if (shelf->count == 0)
		return NULL;
	at = shelf->index[slot_of(shelf, addr)];
	return at != 0 ? &shelf->rows[at - 1] : NULL;
}

void
row_table_put(struct row_table *shelf, const struct row_table_row *row)
{
	struct row_table_row *there = row_table_find(shelf, &row->addr);

	if (there != NULL) {
		*there = *row;
		return;
	}
	if (shelf->count == shelf->room)
		grow(shelf);
	shelf->index[slot_of(shelf, &row->addr)] = (uint32_t)shelf->count + 1;
	shelf->rows[shelf->count++] = *row;
}

/* A row after an emptied slot may have been put there because that one was
 * used: moves it back. */
static void
close_gap(struct row_table *shelf, size_t gap)
{
	size_t mask = shelf->slots - 1, at = gap, home;

	for (;;) {
		at = (at + 1) & mask;
		if (shelf->index[at] == 0)
			break;
		home = start_of(shelf, &shelf->rows[shelf->index[at] - 1].addr);
		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		shelf->index[gap] = shelf->index[at];
		gap = at;
	}
	shelf->index[gap] = 0;
}

bool
row_table_remove(struct row_table *shelf, const struct addr *addr)
{
	size_t slot, row, last;

	if (shelf->count == 0)
		return false;
	slot = slot_of(shelf, addr);
	if (shelf->index[slot] == 0)
		return false;
	row = shelf->index[slot] - 1;
	close_gap(shelf, slot);
	last = --shelf->count;
	if (row != last) {
		/* The last row takes its place. */
		shelf->index[slot_of(shelf, &shelf->rows[last].addr)] =
		    (uint32_t)row + 1;
		shelf->rows[row] = shelf->rows[last];
	}
	return true;
}

int64_t
row_table_first_expiry(const struct row_table *shelf)
{
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < shelf->count; i++)
		if (shelf->rows[i].expires < first)
			first = shelf->rows[i].expires;
	return first;
}
