/*
 * map_strings: keys that are strings, on their way into a map and out of it.
 */
#ifndef MAPS_MAP_STRINGS_H
#define MAPS_MAP_STRINGS_H

#include <stddef.h>

/* Hands out the keys one by one; NULL at the end. They must remain valid until
 * the map is built. Sorted by strcmp(3), an lmdb file is built faster and
 * smaller. */
struct map_strings {
	const char *(*next)(void *arg);
	void *arg;
	size_t count; /* a hint */
};

/* Takes a key that was read. It is borrowed until the callback returns, and
 * has no NUL. */
typedef void map_strings_fn(void *arg, const char *key, size_t len);

#endif
