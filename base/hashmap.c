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

/* Before each element. Nodes are known by number: half the size of pointers. */
struct node {
	uint32_t hash;
	uint32_t chain; /* the next of this bucket, or of the free ones */
	uint32_t newer, older;
};

/* Number 0 is no element: it ends the chains, and closes the order to a ring.
 * Its newer is the oldest element. */
struct hashmap {
	uint64_t seed;
	size_t key_size, stride;
	uint32_t count;
	uint32_t used;	   /* numbers given out so far, 0 included */
	uint32_t free;	   /* the first one that was given back, or 0 */
	uint32_t nbuckets; /* in use: a power of two, or 0 */
	uint32_t room;	   /* for so many buckets */
	uint32_t *buckets;
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
	free((*map)->buckets);
	free(*map);
	*map = NULL;
}

void
hashmap_clear(struct hashmap *map)
{
	map->count = map->used = map->free = map->nbuckets = 0;
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

/* The number of a node that is not in use. */
static uint32_t
take_number(struct hashmap *map)
{
	uint32_t number = map->free;
	unsigned int block = block_of(map->used);

	if (number != 0) {
		map->free = node_at(map, number)->chain;
		return number;
	}
	assert(map->used < INT32_MAX);
	if (map->blocks[block] == NULL)
		map->blocks[block] =
		    alloc_resize(NULL, (size_t)FIRST << block, map->stride);
	return map->used++;
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

static uint32_t *
bucket_of(const struct hashmap *map, uint32_t hash)
{
	return &map->buckets[hash & (map->nbuckets - 1)];
}

static void
chain(struct hashmap *map, struct node *node, uint32_t number)
{
	uint32_t *bucket = bucket_of(map, node->hash);

	node->chain = *bucket;
	*bucket = number;
}

/* The link in its chain that leads to a node. */
static uint32_t *
link_to(const struct hashmap *map, const struct node *node)
{
	uint32_t *link = bucket_of(map, node->hash);

	while (node_at(map, *link) != node)
		link = &node_at(map, *link)->chain;
	return link;
}

static void
grow(struct hashmap *map)
{
	uint32_t number;
	struct node *node;

	map->nbuckets = map->nbuckets == 0 ? FIRST : map->nbuckets * 2;
	if (map->nbuckets > map->room) {
		map->room = map->nbuckets;
		free(map->buckets);
		map->buckets = alloc_zero(map->room, sizeof(*map->buckets));
	} else {
		memset(map->buckets, 0, map->nbuckets * sizeof(*map->buckets));
	}
	if (map->used == 0) /* takes 0 for the ring */
		memset(node_at(map, take_number(map)), 0, map->stride);
	for (number = node_at(map, 0)->newer; number != 0;
	     number = node->newer) {
		node = node_at(map, number);
		chain(map, node, number);
	}
}

static void *
find(const struct hashmap *map, const void *key, uint32_t hash)
{
	uint32_t number = map->count > 0 ? *bucket_of(map, hash) : 0;
	struct node *node;

	for (; number != 0; number = node->chain) {
		node = node_at(map, number);
		if (node->hash == hash && has_key(map, node + 1, key))
			return node + 1;
	}
	return NULL;
}

void *
hashmap_find(const struct hashmap *map, const void *key)
{
	return map->count > 0 ? find(map, key, hash_key(map, key)) : NULL;
}

void *
hashmap_put(struct hashmap *map, const void *key)
{
	uint32_t number, hash = hash_key(map, key);
	void *element = find(map, key, hash);
	struct node *node;

	if (element != NULL)
		return element;
	if (map->count == map->nbuckets)
		grow(map);
	number = take_number(map);
	node = node_at(map, number);
	memset(node, 0, map->stride);
	node->hash = hash;
	memcpy(node + 1, key,
	       map->key_size ? map->key_size : sizeof(struct hashmap_key));
	chain(map, node, number);
	link_newest(map, node, number);
	map->count++;
	return node + 1;
}

void
hashmap_remove(struct hashmap *map, void *element)
{
	struct node *node = node_of(element);
	uint32_t *link = link_to(map, node), number = *link;

	*link = node->chain;
	unlink_node(map, node);
	node->chain = map->free;
	map->free = number;
	map->count--;
}

void
hashmap_touch(struct hashmap *map, void *element)
{
	struct node *node = node_of(element);

	if (node->newer == 0)
		return;
	unlink_node(map, node);
	link_newest(map, node, *link_to(map, node));
}
