#include "base/hashmap.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

/* Block b holds FIRST << b nodes. Blocks are never moved: elements stay where
 * they are, and growing copies nothing but the index. */
enum { FIRST_BITS = 4, FIRST = 1 << FIRST_BITS, BLOCKS = 32 - FIRST_BITS };

/* Precedes each element: its neighbours in the order. Nodes are known by
 * number, which is half the size of a pointer. */
struct node {
	uint32_t newer, older;
};

/* The index, probed linearly. It holds the hash, so that a lookup reads only
 * the node that it finds: most of its time is waiting for memory. */
struct slot {
	uint32_t hash;
	uint32_t number; /* 0 = free */
};

/* Number 0 is not an element: it closes the order to a ring, and its newer is
 * the oldest element. */
struct hashmap {
	uint64_t seed;
	size_t key_size, stride;
	uint32_t count;
	uint32_t used;	 /* numbers given out so far, 0 included */
	uint32_t free;	 /* the first one that was given back, or 0 */
	uint32_t nslots; /* a power of two, or 0 */
	struct slot *slots;
	unsigned char *blocks[BLOCKS];
};

struct hashmap *
hashmap_new(size_t element_size, size_t key_size)
{
	struct hashmap *map = alloc_zero(1, sizeof(*map));

	assert(element_size >= key_size);
	map->seed = hash_seed();
	map->key_size = key_size;
	map->stride = (sizeof(struct node) + element_size + 7) / 8 * 8;
	return map;
}

void
hashmap_free(struct hashmap **map)
{
	if (*map == NULL)
		return;
	for (size_t b = 0; b < BLOCKS; b++)
		free((*map)->blocks[b]);
	free((*map)->slots);
	free(*map);
	*map = NULL;
}

size_t
hashmap_count(const struct hashmap *map)
{
	return map->count;
}

/* ---- nodes ---- */

static unsigned int
block_of(uint32_t number)
{
	return 31 - (unsigned int)__builtin_clz(number + FIRST) - FIRST_BITS;
}

static struct node *
node_at(const struct hashmap *map, uint32_t number)
{
	unsigned int block = block_of(number);
	size_t within = number + FIRST - ((size_t)FIRST << block);

	return (struct node *)(map->blocks[block] + within * map->stride);
}

static struct node *
node_of(const void *element)
{
	return (struct node *)element - 1;
}

/* The number of a node that is not in use, all of it zero. */
static uint32_t
take_number(struct hashmap *map)
{
	uint32_t number = map->free;
	unsigned int block = block_of(map->used);

	if (number != 0) {
		map->free = node_at(map, number)->newer;
	} else {
		assert(map->used < INT32_MAX);
		number = map->used++;
		if (map->blocks[block] == NULL)
			map->blocks[block] = alloc_resize(
			    NULL, (size_t)FIRST << block, map->stride);
	}
	memset(node_at(map, number), 0, map->stride);
	return number;
}

/* ---- the order ---- */

static void
link_newest(struct hashmap *map, struct node *node, uint32_t number)
{
	struct node *ring = node_at(map, 0);

	node->newer = 0;
	node->older = ring->older;
	node_at(map, ring->older)->newer = number;
	ring->older = number;
}

static void
unlink_node(struct hashmap *map, const struct node *node)
{
	node_at(map, node->older)->newer = node->newer;
	node_at(map, node->newer)->older = node->older;
}

void *
hashmap_next(const struct hashmap *map, const void *element)
{
	uint32_t number;

	if (map->count == 0)
		return NULL;
	number = (element ? node_of(element) : node_at(map, 0))->newer;
	return number != 0 ? node_at(map, number) + 1 : NULL;
}

/* ---- the index ---- */

static uint32_t
hash_key(const struct hashmap *map, const void *key)
{
	const struct hashmap_key *outside = key;

	if (map->key_size != HASHMAP_KEY_OUTSIDE)
		return (uint32_t)hash_bytes(map->seed, key, map->key_size);
	return (uint32_t)hash_bytes(map->seed, outside->bytes, outside->len);
}

static bool
has_key(const struct hashmap *map, const void *element, const void *key)
{
	const struct hashmap_key *a = element, *b = key;

	if (map->key_size != HASHMAP_KEY_OUTSIDE)
		return memcmp(element, key, map->key_size) == 0;
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* The slot of the element with this key, or the free one where it belongs. */
static struct slot *
find_slot(const struct hashmap *map, const void *key, uint32_t hash)
{
	uint32_t mask = map->nslots - 1, at = hash & mask;
	struct slot *slot;

	for (;; at = (at + 1) & mask) {
		slot = &map->slots[at];
		if (slot->number == 0 ||
		    (slot->hash == hash &&
		     has_key(map, node_at(map, slot->number) + 1, key)))
			return slot;
	}
}

static struct slot *
slot_of(const struct hashmap *map, const void *element)
{
	return find_slot(map, element, hash_key(map, element));
}

static void
insert(struct hashmap *map, struct slot slot)
{
	uint32_t mask = map->nslots - 1, at = slot.hash & mask;

	while (map->slots[at].number != 0)
		at = (at + 1) & mask;
	map->slots[at] = slot;
}

static void
grow(struct hashmap *map)
{
	struct slot *old = map->slots;
	uint32_t nold = map->nslots;

	map->nslots = nold != 0 ? nold * 2 : FIRST;
	map->slots = alloc_zero(map->nslots, sizeof(*map->slots));
	for (uint32_t i = 0; i < nold; i++)
		if (old[i].number != 0)
			insert(map, old[i]);
	free(old);
}

/* Moves elements into a freed slot that their lookups would otherwise stop at.
 */
static void
close_gap(struct hashmap *map, uint32_t gap)
{
	uint32_t mask = map->nslots - 1, at = (gap + 1) & mask, home;

	for (; map->slots[at].number != 0; at = (at + 1) & mask) {
		home = map->slots[at].hash & mask;
		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		map->slots[gap] = map->slots[at];
		gap = at;
	}
	map->slots[gap].number = 0;
}

/* ---- elements ---- */

void *
hashmap_find(const struct hashmap *map, const void *key)
{
	uint32_t number;

	if (map->count == 0)
		return NULL;
	number = find_slot(map, key, hash_key(map, key))->number;
	return number != 0 ? node_at(map, number) + 1 : NULL;
}

void *
hashmap_put(struct hashmap *map, const void *key)
{
	uint32_t hash = hash_key(map, key);
	struct slot *slot;
	struct node *node;

	if (map->count >= map->nslots / 4 * 3)
		grow(map);
	if (map->used == 0)
		take_number(map); /* 0, the ring */
	slot = find_slot(map, key, hash);
	if (slot->number != 0)
		return node_at(map, slot->number) + 1;
	*slot = (struct slot){hash, take_number(map)};
	node = node_at(map, slot->number);
	memcpy(node + 1, key,
	       map->key_size ? map->key_size : sizeof(struct hashmap_key));
	link_newest(map, node, slot->number);
	map->count++;
	return node + 1;
}

void
hashmap_remove(struct hashmap *map, void *element)
{
	struct slot *slot = slot_of(map, element);
	struct node *node = node_of(element);

	unlink_node(map, node);
	node->newer = map->free;
	map->free = slot->number;
	close_gap(map, (uint32_t)(slot - map->slots));
	map->count--;
}

void
hashmap_clear(struct hashmap *map)
{
	/* Do not keep emptying an index that was large only once. */
	if (map->count < map->nslots / 8) {
		free(map->slots);
		map->slots = NULL;
		map->nslots = 0;
	} else if (map->nslots > 0) {
		memset(map->slots, 0, map->nslots * sizeof(*map->slots));
	}
	map->count = map->used = map->free = 0;
}

void
hashmap_touch(struct hashmap *map, void *element)
{
	struct node *node = node_of(element);

	if (node->newer == 0)
		return;
	unlink_node(map, node);
	link_newest(map, node, slot_of(map, element)->number);
}
