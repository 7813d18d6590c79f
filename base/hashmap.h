/*
 * hashmap: elements of one size, found by their key and kept in an order.
 *
 * An element is a struct of the caller whose first member is its key. It is
 * not moved while it is in the map, so pointers to it remain valid until it is
 * removed. The order is that in which the elements were added, the oldest
 * first, except for those that hashmap_touch() made the newest again.
 *
 * The hash is seeded (base/hash.h), so keys may be chosen by strangers. Each
 * call is O(1); when the map grows, only its index is rewritten. An element
 * takes 19 to 30 bytes beyond its own size.
 */
#ifndef BASE_HASHMAP_H
#define BASE_HASHMAP_H

#include <stddef.h>

struct hashmap;

/* A key outside of its element. The map borrows the bytes until it has removed
 * the element. */
struct hashmap_key {
	const void *bytes;
	size_t len;
};
enum { HASHMAP_KEY_OUTSIDE = 0 };

/*
 * The first key_size bytes of an element are its key, compared byte by byte.
 * HASHMAP_KEY_OUTSIDE: an element begins with a struct hashmap_key, and the
 * bytes that it points to are the key. Functions that take a key take a pointer
 * to what an element begins with.
 */
struct hashmap *hashmap_new(size_t element_size, size_t key_size);
void hashmap_free(struct hashmap **);

size_t hashmap_count(const struct hashmap *);

/* NULL: there is no element with this key. */
void *hashmap_find(const struct hashmap *, const void *key);
/* The element with this key. Without one, adds it as the newest; zeros follow
 * the key in it. */
void *hashmap_put(struct hashmap *, const void *key);

void hashmap_remove(struct hashmap *, void *element);
/* Removes all elements, and keeps their memory for new ones. */
void hashmap_clear(struct hashmap *);

/* Makes an element the newest. */
void hashmap_touch(struct hashmap *, void *element);
/* The next newer element; the oldest for NULL. NULL: the end. To remove an
 * element during a walk, ask for the next one first. */
void *hashmap_next(const struct hashmap *, const void *element);

#endif
