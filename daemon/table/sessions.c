#include "daemon/table/sessions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/hashmap.h"

struct session {
	struct session_key key;
	struct addr addr;
	unsigned int count;
	time_t when;
	struct session *newer, *older; /* of the same address */
};

struct client {
	struct addr addr;
	struct session *newest;
};

/* The end of a session whose beginning is still to come. */
struct early_end {
	struct session_key key;
	time_t when;
};

struct sessions {
	uint64_t seeds[2];
	uint32_t longest;
	size_t max;
	struct hashmap *open;	 /* struct session, as they began */
	struct hashmap *clients; /* struct client */
	struct hashmap *ended;	 /* struct early_end */
};

/* ---- birth and end ---- */

struct sessions *
sessions_new(uint32_t longest, size_t max)
{
	struct sessions *h = alloc_zero(1, sizeof(*h));
	const size_t key_size = sizeof((struct session_key){0}.bits);

	assert(max > 0);
	h->seeds[0] = hash_seed();
	h->seeds[1] = hash_seed();
	h->longest = longest;
	h->max = max;
	h->open = hashmap_new(sizeof(struct session), key_size);
	h->clients = hashmap_new(sizeof(struct client), sizeof(struct addr));
	h->ended = hashmap_new(sizeof(struct early_end), key_size);
	return h;
}

void
sessions_free(struct sessions **hp)
{
	struct sessions *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	hashmap_free(&h->open);
	hashmap_free(&h->clients);
	hashmap_free(&h->ended);
	free(h);
}

void
sessions_set_longest(struct sessions *h, uint32_t longest)
{
	h->longest = longest;
}

size_t
sessions_count(const struct sessions *h)
{
	return hashmap_count(h->open);
}

/* ---- keys ---- */

static uint64_t
hash_part(uint64_t hash, const void *bytes, size_t len)
{
	hash = hash_bytes(hash, &len, sizeof(len));
	return len > 0 ? hash_bytes(hash, bytes, len) : hash;
}

static enum session_kind
kind_of(const struct session_id *id)
{
	if (id->session != NULL)
		return SESSION_NAMED;
	return id->pid != 0 ? SESSION_PROCESS : SESSION_COUNTED;
}

struct session_key
sessions_key(const struct sessions *h, const struct session_id *id)
{
	struct session_key key = {.kind = kind_of(id)};

	for (int i = 0; i < 2; i++) {
		uint64_t hash = h->seeds[i];

		hash = hash_part(hash, id->server, strlen(id->server));
		hash = hash_part(hash, id->host, id->host_len);
		if (id->session != NULL)
			hash = hash_part(hash, id->session, id->session_len);
		else
			hash = hash_part(hash, &id->pid, sizeof(id->pid));
		if (id->addr != NULL)
			hash = hash_part(hash, id->addr, sizeof(*id->addr));
		key.bits[i] = hash;
	}
	return key;
}

/* ---- open sessions ---- */

static void
put(struct sessions *h, const struct session_row *row)
{
	struct session *s = hashmap_put(h->open, &row->key);
	struct client *client = hashmap_put(h->clients, &row->addr);

	s->key = row->key;
	s->addr = row->addr;
	s->count = row->count;
	s->when = row->when;
	s->older = client->newest;
	if (s->older != NULL)
		s->older->newer = s;
	client->newest = s;
}

static void
drop(struct sessions *h, struct session *s)
{
	struct client *client = hashmap_find(h->clients, &s->addr);

	*(s->newer ? &s->newer->older : &client->newest) = s->older;
	if (s->older != NULL)
		s->older->newer = s->newer;
	if (client->newest == NULL)
		hashmap_remove(h->clients, client);
	hashmap_remove(h->open, s);
}

static struct session *
oldest(const struct sessions *h)
{
	return hashmap_next(h->open, NULL);
}

/* Drops those that have lasted as long as any may. The table releases their
 * addresses by itself. */
static void
drop_old(struct sessions *h, time_t now)
{
	struct session *s;

	while ((s = oldest(h)) != NULL && s->when + (time_t)h->longest <= now)
		drop(h, s);
}

/* ---- beginnings and ends ---- */

/* Whether the end of this session came before it. It is forgotten by that. */
static bool
take_end(struct sessions *h, const struct session_key *key, time_t when)
{
	struct early_end *end = hashmap_find(h->ended, key);
	time_t apart;

	if (end == NULL)
		return false;
	apart = end->when > when ? end->when - when : when - end->when;
	hashmap_remove(h->ended, end);
	return apart <= SESSIONS_ENDED_SECONDS;
}

bool
sessions_begin(struct sessions *h, const struct session_key *key,
	       const struct addr *addr, time_t when, struct addr *gone)
{
	struct session_row row = {*key, *addr, when, 1};
	struct session *s;

	gone->family = 0;
	drop_old(h, when);
	if (take_end(h, key, when))
		return false;
	s = hashmap_find(h->open, key);
	if (s != NULL && key->kind == SESSION_COUNTED)
		row.count += s->count;
	if (s == NULL && hashmap_count(h->open) == h->max)
		s = oldest(h);
	if (s != NULL) {
		*gone = s->addr;
		drop(h, s);
	}
	put(h, &row);
	return true;
}

/* The beginning may still come: its line may be written after this one. */
static void
remember_end(struct sessions *h, const struct session_key *key, time_t when)
{
	struct early_end *end;

	if (hashmap_count(h->ended) == SESSIONS_ENDED_MAX &&
	    hashmap_find(h->ended, key) == NULL)
		hashmap_remove(h->ended, hashmap_next(h->ended, NULL));
	end = hashmap_put(h->ended, key);
	end->when = when;
	hashmap_touch(h->ended, end);
}

bool
sessions_end(struct sessions *h, const struct session_key *key, time_t when,
	     struct addr *addr)
{
	struct session *s;

	drop_old(h, when);
	s = hashmap_find(h->open, key);
	if (s != NULL) {
		*addr = s->addr;
		if (--s->count == 0)
			drop(h, s);
		return true;
	}
	if (key->kind == SESSION_NAMED)
		remember_end(h, key, when);
	return false;
}

time_t
sessions_until(const struct sessions *h, const struct addr *addr)
{
	const struct client *client = hashmap_find(h->clients, addr);

	return client ? client->newest->when + (time_t)h->longest : 0;
}

/* ---- kept over a restart ---- */

void
sessions_seeds(const struct sessions *h, uint64_t seeds[2])
{
	memcpy(seeds, h->seeds, sizeof(h->seeds));
}

void
sessions_set_seeds(struct sessions *h, const uint64_t seeds[2])
{
	assert(hashmap_count(h->open) + hashmap_count(h->ended) == 0);
	memcpy(h->seeds, seeds, sizeof(h->seeds));
}

bool
sessions_next(const struct sessions *h, const void **at,
	      struct session_row *row)
{
	const struct session *s = hashmap_next(h->open, *at);

	*at = s;
	if (s == NULL)
		return false;
	*row = (struct session_row){s->key, s->addr, s->when, s->count};
	return true;
}

void
sessions_restore(struct sessions *h, const struct session_row *row)
{
	if (row->addr.family != 0 && row->count > 0 &&
	    hashmap_count(h->open) < h->max &&
	    hashmap_find(h->open, &row->key) == NULL)
		put(h, row);
}
