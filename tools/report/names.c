#include "tools/report/names.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hashmap.h"

struct name {
	struct hashmap_key key;
	uint32_t number; /* from 1; 0: it is new */
};

struct names {
	struct hashmap *map;
	const struct name **list; /* by number */
	size_t room;
};

struct names *
names_new(void)
{
	struct names *names = alloc_zero(1, sizeof(*names));

	names->map = hashmap_new(sizeof(struct name), HASHMAP_KEY_OUTSIDE);
	return names;
}

void
names_free(struct names **np)
{
	struct names *names = *np;

	*np = NULL;
	if (names == NULL)
		return;
	for (size_t i = 0; i < hashmap_count(names->map); i++)
		free((void *)(uintptr_t)names->list[i]->key.bytes);
	hashmap_free(&names->map);
	free(names->list);
	free(names);
}

/* Of the caller's bytes, which were the key to look for it with, only a copy
 * outlives the call. */
static void
keep(struct names *names, struct name *name)
{
	size_t count = hashmap_count(names->map);

	name->key.bytes = alloc_bytes(name->key.bytes, name->key.len);
	name->number = (uint32_t)count;
	if (count > names->room) {
		names->room = 2 * count;
		names->list = alloc_resize(names->list, names->room,
					   sizeof(*names->list));
	}
	names->list[count - 1] = name;
}

uint32_t
names_number(struct names *names, const char *bytes, size_t len)
{
	const struct hashmap_key key = {bytes, len};
	struct name *name = hashmap_put(names->map, &key);

	if (name->number == 0)
		keep(names, name);
	return name->number - 1;
}

size_t
names_count(const struct names *names)
{
	return hashmap_count(names->map);
}

const char *
names_text(const struct names *names, uint32_t number, size_t *len)
{
	const struct hashmap_key *key = &names->list[number]->key;

	*len = key->len;
	return key->bytes;
}
