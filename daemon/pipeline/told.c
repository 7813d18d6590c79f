#include "daemon/pipeline/told.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "base/hashmap.h"

enum { FORGET_SECONDS = 3600 };

/* Without padding: it is compared byte by byte. */
struct seen {
	struct addr addr;
	unsigned char about[8]; /* a hash */
};

struct told {
	struct hashmap *seen;
	size_t most;
	uint64_t seed;
	int64_t since; /* when the first of them was logged */
};

struct told *
told_new(size_t most)
{
	struct told *t = alloc_zero(1, sizeof(*t));

	t->seen = hashmap_new(sizeof(struct seen), sizeof(struct seen));
	t->most = most;
	t->seed = hash_seed();
	return t;
}

void
told_free(struct told **told)
{
	if (*told == NULL)
		return;
	hashmap_free(&(*told)->seen);
	free(*told);
	*told = NULL;
}

enum telling
told_next(struct told *t, const struct addr *addr, const char *about,
	  int64_t now)
{
	uint64_t hash =
	    about != NULL ? hash_bytes(t->seed, about, strlen(about)) : 0;
	struct seen seen = {.addr = *addr};

	memcpy(seen.about, &hash, sizeof(seen.about));
	if (hashmap_find(t->seen, &seen) != NULL)
		return TELL_NOT;
	if (hashmap_count(t->seen) == t->most) {
		if (now - t->since < FORGET_SECONDS)
			return TELL_NOT;
		hashmap_clear(t->seen);
	}
	if (hashmap_count(t->seen) == 0)
		t->since = now;
	hashmap_put(t->seen, &seen);
	return hashmap_count(t->seen) < t->most ? TELL : TELL_LAST;
}
