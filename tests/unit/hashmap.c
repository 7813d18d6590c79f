/* One hash table for all: keys within and outside of the elements, the order,
 * and a long random run against a model. */
#include "base/hashmap.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "tests/tap.h"

struct number {
	uint32_t key;
	uint32_t value;
};

static struct number *
put(struct hashmap *map, uint32_t key, uint32_t value)
{
	struct number *n = hashmap_put(map, &key);

	n->value = value;
	return n;
}

/* The values in their order, as decimal digits. */
static long long
digits(const struct hashmap *map)
{
	long long all = 0;

	for (const struct number *n = hashmap_next(map, NULL); n != NULL;
	     n = hashmap_next(map, n))
		all = all * 10 + n->value;
	return all;
}

static void
finds(void)
{
	struct hashmap *map =
	    hashmap_new(sizeof(struct number), sizeof(uint32_t));
	struct number *n;
	uint32_t key = 7;

	ok(hashmap_find(map, &key) == NULL, "nothing in an empty map");
	ok(hashmap_next(map, NULL) == NULL, "nor on a walk");
	n = hashmap_put(map, &key);
	ok(n->key == 7 && n->value == 0, "a new element: its key, then zeros");
	n->value = 1;
	ok(hashmap_find(map, &key) == n, "is found");
	ok(hashmap_put(map, &key) == n && n->value == 1, "and put once only");
	is_int((long long)hashmap_count(map), 1, "counted once");
	hashmap_remove(map, n);
	ok(hashmap_find(map, &key) == NULL, "removed");
	is_int((long long)hashmap_count(map), 0, "counted no longer");
	ok(put(map, 7, 2)->value == 2, "and put again");
	hashmap_clear(map);
	is_int((long long)hashmap_count(map), 0, "all removed");
	ok(hashmap_find(map, &key) == NULL, "and none found");
	is_int(put(map, 8, 3)->value, 3, "a map that was cleared can be used");
	hashmap_free(&map);
	ok(map == NULL, "free clears the pointer");
	hashmap_free(&map);
}

static void
ordered(void)
{
	struct hashmap *map =
	    hashmap_new(sizeof(struct number), sizeof(uint32_t));
	struct number *first, *n, *next;

	first = put(map, 900, 1);
	for (uint32_t i = 2; i <= 5; i++)
		put(map, i * 1000, i);
	is_int(digits(map), 12345, "in the order in which they came");
	hashmap_touch(map, first);
	is_int(digits(map), 23451, "one touched is the newest");
	hashmap_touch(map, first);
	is_int(digits(map), 23451, "also the second time");
	put(map, 3000, 9);
	is_int(digits(map), 29451, "one found stays where it was");
	for (n = hashmap_next(map, NULL); n != NULL; n = next) {
		next = hashmap_next(map, n);
		if (n->value % 2 != 0)
			hashmap_remove(map, n);
	}
	is_int(digits(map), 24, "removed on the way");
	put(map, 1, 6);
	is_int(digits(map), 246, "the place of another is not its order");
	hashmap_free(&map);
}

struct word {
	struct hashmap_key key;
	int value;
};

static void
keys_outside(void)
{
	struct hashmap *map =
	    hashmap_new(sizeof(struct word), HASHMAP_KEY_OUTSIDE);
	char text[] = "ann ann@example.org";
	struct hashmap_key ann = {text, 3}, none = {"", 0}, whole = {text, 19};
	struct word *w = hashmap_put(map, &ann);

	w->value = 1;
	((struct word *)hashmap_put(map, &whole))->value = 2;
	((struct word *)hashmap_put(map, &none))->value = 3;
	ok(w->key.bytes == text, "the bytes are borrowed");
	ann.bytes = text + 4;
	ok(hashmap_find(map, &ann) == w, "equal bytes elsewhere are the key");
	is_int(((struct word *)hashmap_find(map, &whole))->value, 2,
	       "a longer one is another");
	is_int(((struct word *)hashmap_find(map, &none))->value, 3,
	       "a key may be empty");
	ann.len = 2;
	ok(hashmap_find(map, &ann) == NULL, "a shorter one is not found");
	hashmap_free(&map);
}

/* ---- against a model: when a key was last touched; 0 = not there ---- */

enum { KEYS = 5000, STEPS = 400000 };

struct model {
	uint64_t touched[KEYS];
	struct number *where[KEYS];
	uint64_t now;
	size_t count;
};

static long
step(struct hashmap *map, struct model *m, uint32_t key)
{
	struct number *n = hashmap_find(map, &key);
	long wrong = n != m->where[key] || (n != NULL && n->value != ~key);

	m->now++;
	switch (random() % 8) {
	case 0:
	case 1:
	case 2:
		m->count += n == NULL;
		m->touched[key] = n == NULL ? m->now : m->touched[key];
		m->where[key] = put(map, key, ~key);
		break;
	case 3:
	case 4:
		if (n == NULL)
			break;
		hashmap_remove(map, n);
		m->count--;
		m->touched[key] = 0;
		m->where[key] = NULL;
		break;
	case 5:
		if (n == NULL)
			break;
		hashmap_touch(map, n);
		m->touched[key] = m->now;
		break;
	}
	return wrong + (hashmap_count(map) != m->count);
}

/* Whether a walk meets each element once, and in the order. */
static long
walk(const struct hashmap *map, const struct model *m)
{
	uint64_t last = 0;
	size_t met = 0;
	long wrong = 0;

	for (const struct number *n = hashmap_next(map, NULL); n != NULL;
	     n = hashmap_next(map, n)) {
		wrong += m->touched[n->key] <= last;
		last = m->touched[n->key];
		met++;
	}
	return wrong + (met != m->count);
}

static void
like_the_model(void)
{
	struct hashmap *map =
	    hashmap_new(sizeof(struct number), sizeof(uint32_t));
	struct model *m = calloc(1, sizeof(*m));
	long wrong = 0;

	srandom(1);
	for (int i = 0; i < STEPS; i++) {
		/* Few keys, then many: it grows, and is used again. */
		uint32_t key =
		    (uint32_t)random() % (i < STEPS / 4 ? 50 : (uint32_t)KEYS);

		wrong += step(map, m, key);
		if (i % 1000 == 0)
			wrong += walk(map, m);
		if (i == STEPS / 2) {
			hashmap_clear(map);
			memset(m, 0, sizeof(*m));
		}
	}
	is_int(wrong, 0, "%d random steps as in the model", STEPS);
	ok(m->count > KEYS / 4, "which held %zu at the end", m->count);
	hashmap_free(&map);
	free(m);
}

/* As with 128 bits, which this machine may not have. Keys of one byte repeated
 * read the same in either byte order. */
static void
hashes(void)
{
	static const struct {
		size_t len;
		uint64_t hash;
	} known[] = {
	    {0, 0x638da7f68c44f2ab},  {4, 0x3ad940d16c823523},
	    {8, 0x28ba006298d96ecf},  {16, 0x0b4be147a180818e},
	    {48, 0xa19d45444c28eb29},
	};
	char key[48];

	memset(key, 0xa5, sizeof(key));
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		ok(hash_bytes(UINT64_MAX - 1, key, known[i].len) ==
		       known[i].hash,
		   "the hash of %zu bytes is the same on all machines",
		   known[i].len);
}

int
main(void)
{
	hashes();
	finds();
	ordered();
	keys_outside();
	like_the_model();
	return tap_done();
}
