#include "tools/gateway/string_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

struct slot {
	uint32_t hash;
	uint32_t place; /* the offset of the string + 1; 0: free */
};

struct string_set {
	char *bytes; /* all strings, each with its NUL */
	size_t used, room;
	uint32_t *order; /* offsets */
	size_t count, order_room;
	struct slot *slots; /* a power of two, at most three quarters in use */
	size_t nslots;
	uint64_t seed;
};

enum { SLOTS_MIN = 64, ROOM_MIN = 1024 };

struct string_set *
string_set_new(void)
{
	struct string_set *set = alloc_zero(1, sizeof(*set));

	set->seed = hash_seed();
	set->nslots = SLOTS_MIN;
	set->slots = alloc_zero(set->nslots, sizeof(*set->slots));
	return set;
}

void
string_set_free(struct string_set **setp)
{
	struct string_set *set = *setp;

	if (set == NULL)
		return;
	free(set->bytes);
	free(set->order);
	free(set->slots);
	free(set);
	*setp = NULL;
}

/* The slot of this string, or the free one in which it belongs. */
static struct slot *
find(const struct string_set *set, uint32_t hash, const char *bytes, size_t len)
{
	size_t mask = set->nslots - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct slot *slot = &set->slots[i];
		const char *known;

		if (slot->place == 0)
			return slot;
		known = set->bytes + slot->place - 1;
		if (slot->hash == hash && strncmp(known, bytes, len) == 0 &&
		    known[len] == '\0')
			return slot;
	}
}

static void
grow_slots(struct string_set *set)
{
	struct slot *old = set->slots;
	size_t n = set->nslots, mask = 2 * n - 1;

	set->nslots = 2 * n;
	set->slots = alloc_zero(set->nslots, sizeof(*set->slots));
	for (size_t i = 0; i < n; i++) {
		size_t at = old[i].hash & mask;

		if (old[i].place == 0)
			continue;
		while (set->slots[at].place != 0)
			at = (at + 1) & mask;
		set->slots[at] = old[i];
	}
	free(old);
}

static uint32_t
append(struct string_set *set, const char *bytes, size_t len)
{
	uint32_t offset = (uint32_t)set->used;

	assert(len < STRING_SET_BYTES - set->used);
	if (set->used + len + 1 > set->room) {
		set->room = 2 * set->room + len + ROOM_MIN;
		set->bytes = alloc_resize(set->bytes, set->room, 1);
	}
	memcpy(set->bytes + offset, bytes, len);
	set->bytes[offset + len] = '\0';
	set->used += len + 1;
	return offset;
}

bool
string_set_add(struct string_set *set, const char *bytes, size_t len)
{
	uint32_t hash = (uint32_t)hash_bytes(set->seed, bytes, len);
	struct slot *slot = find(set, hash, bytes, len);

	if (slot->place != 0)
		return false;
	if (set->count == set->order_room) {
		set->order_room = 2 * set->order_room + ROOM_MIN;
		set->order = alloc_resize(set->order, set->order_room,
					  sizeof(*set->order));
	}
	set->order[set->count] = append(set, bytes, len);
	slot->hash = hash;
	slot->place = set->order[set->count++] + 1;
	if (set->count > set->nslots / 4 * 3)
		grow_slots(set);
	return true;
}

bool
string_set_has(const struct string_set *set, const char *bytes, size_t len)
{
	uint32_t hash = (uint32_t)hash_bytes(set->seed, bytes, len);

	return find(set, hash, bytes, len)->place != 0;
}

size_t
string_set_count(const struct string_set *set)
{
	return set->count;
}

const char *
string_set_at(const struct string_set *set, size_t i)
{
	assert(i < set->count);
	return set->bytes + set->order[i];
}

/* ---- sorting ---- */

/* Eight bytes of the string as a number that compares as they do. To compare
 * the strings themselves would mean to wait for memory each time. */
struct item {
	uint64_t word;
	uint32_t offset;
};

enum { WORD = 8 };

static uint64_t
word_at(const char *s)
{
	uint64_t word = 0;

	for (int i = 0; i < WORD; i++) {
		word = word << 8 | (unsigned char)*s;
		s += *s != '\0';
	}
	return word;
}

static int
by_word(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->word > y->word) - (x->word < y->word);
}

/* Items that have the first `depth` bytes in common. Those that have the next
 * eight in common, too, are sorted by the eight after these. */
static void
sort_items(const char *bytes, struct item *items, size_t n, size_t depth)
{
	size_t end;

	for (size_t i = 0; i < n; i++)
		items[i].word = word_at(bytes + items[i].offset + depth);
	qsort(items, n, sizeof(*items), by_word);
	for (size_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n; end++)
			if (items[end].word != items[i].word)
				break;
		if (end - i > 1)
			sort_items(bytes, items + i, end - i, depth + WORD);
	}
}

static bool
is_sorted(const struct string_set *set)
{
	for (size_t i = 1; i < set->count; i++)
		if (strcmp(set->bytes + set->order[i - 1],
			   set->bytes + set->order[i]) > 0)
			return false;
	return true;
}

void
string_set_sort(struct string_set *set)
{
	struct item *items;

	if (is_sorted(set))
		return;
	items = alloc_zero(set->count, sizeof(*items));
	for (size_t i = 0; i < set->count; i++)
		items[i].offset = set->order[i];
	sort_items(set->bytes, items, set->count, 0);
	for (size_t i = 0; i < set->count; i++)
		set->order[i] = items[i].offset;
	free(items);
}
