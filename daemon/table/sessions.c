#include "daemon/table/sessions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

/* Sessions of one hash, the newest first. */
struct chain {
	struct session *next, **link; /* *link points at this session */
};

/* In the order in which they came. */
struct queue {
	struct session *first, *last;
	size_t count;
};

struct session {
	struct chain key, address;
	struct session *before, *after;
	struct session_key hold;
	struct addr addr; /* family 0 = it ended, and has not begun yet */
	unsigned int count;
	time_t when;
};

struct sessions {
	uint64_t seeds[2];
	uint32_t longest;
	size_t max, nheads; /* a power of two */
	struct session **keys, **addresses;
	struct queue open, ended;
};

/* ---- birth and end ---- */

struct sessions *
sessions_new(uint32_t longest, size_t max)
{
	struct sessions *h = alloc_zero(1, sizeof(*h));

	assert(max > 0);
	h->seeds[0] = hash_seed();
	h->seeds[1] = hash_seed();
	h->longest = longest;
	h->max = max;
	h->nheads = 64;
	h->keys = alloc_zero(h->nheads, sizeof(struct session *));
	h->addresses = alloc_zero(h->nheads, sizeof(struct session *));
	return h;
}

static void
free_queue(struct queue *queue)
{
	struct session *s, *after;

	for (s = queue->first; s != NULL; s = after) {
		after = s->after;
		free(s);
	}
}

void
sessions_free(struct sessions **hp)
{
	struct sessions *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	free_queue(&h->open);
	free_queue(&h->ended);
	free(h->keys);
	free(h->addresses);
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
	return h->open.count;
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

/* ---- chains and queues ---- */

static struct session **
key_head(const struct sessions *h, const uint64_t bits[2])
{
	return &h->keys[bits[0] & (h->nheads - 1)];
}

static struct session **
address_head(const struct sessions *h, const struct addr *addr)
{
	uint64_t hash = hash_bytes(h->seeds[0], addr, sizeof(*addr));

	return &h->addresses[hash & (h->nheads - 1)];
}

static void
link_key(struct sessions *h, struct session *s)
{
	struct session **head = key_head(h, s->hold.bits);

	s->key = (struct chain){*head, head};
	if (*head != NULL)
		(*head)->key.link = &s->key.next;
	*head = s;
}

static void
link_address(struct sessions *h, struct session *s)
{
	struct session **head = address_head(h, &s->addr);

	s->address = (struct chain){*head, head};
	if (*head != NULL)
		(*head)->address.link = &s->address.next;
	*head = s;
}

static struct queue *
queue_of(struct sessions *h, const struct session *s)
{
	return s->addr.family != 0 ? &h->open : &h->ended;
}

static void
enqueue(struct queue *queue, struct session *s)
{
	s->after = NULL;
	s->before = queue->last;
	*(queue->last ? &queue->last->after : &queue->first) = s;
	queue->last = s;
	queue->count++;
}

static void
dequeue(struct queue *queue, struct session *s)
{
	*(s->before ? &s->before->after : &queue->first) = s->after;
	*(s->after ? &s->after->before : &queue->last) = s->before;
	queue->count--;
}

static void
double_heads(struct sessions *h)
{
	struct session *s;

	free(h->keys);
	free(h->addresses);
	h->nheads *= 2;
	h->keys = alloc_zero(h->nheads, sizeof(struct session *));
	h->addresses = alloc_zero(h->nheads, sizeof(struct session *));
	for (s = h->ended.first; s != NULL; s = s->after)
		link_key(h, s);
	for (s = h->open.first; s != NULL; s = s->after) {
		link_key(h, s);
		link_address(h, s);
	}
}

static struct session *
find(const struct sessions *h, const struct session_key *key)
{
	struct session *s = *key_head(h, key->bits);

	while (s != NULL && (s->hold.bits[0] != key->bits[0] ||
			     s->hold.bits[1] != key->bits[1]))
		s = s->key.next;
	return s;
}

static void
drop(struct sessions *h, struct session *s)
{
	*s->key.link = s->key.next;
	if (s->key.next != NULL)
		s->key.next->key.link = s->key.link;
	if (s->addr.family != 0) {
		*s->address.link = s->address.next;
		if (s->address.next != NULL)
			s->address.next->address.link = s->address.link;
	}
	dequeue(queue_of(h, s), s);
	free(s);
}

static void
put(struct sessions *h, const struct session_row *row)
{
	struct session *s = alloc_zero(1, sizeof(*s));

	s->hold = row->key;
	s->addr = row->addr;
	s->count = row->count;
	s->when = row->when;
	enqueue(queue_of(h, s), s);
	if (h->open.count + h->ended.count > h->nheads) {
		double_heads(h);
		return;
	}
	link_key(h, s);
	if (s->addr.family != 0)
		link_address(h, s);
}

/* ---- beginnings and ends ---- */

/* Those that have lasted as long as any may. The table let them go already. */
static void
forget_old(struct sessions *h, time_t now)
{
	while (h->open.first != NULL &&
	       h->open.first->when + (time_t)h->longest <= now)
		drop(h, h->open.first);
}

/* Whether a beginning is that of the session whose end came first. */
static bool
is_near(time_t a, time_t b)
{
	return (a > b ? a - b : b - a) <= SESSIONS_ENDED_SECONDS;
}

bool
sessions_begin(struct sessions *h, const struct session_key *key,
	       const struct addr *addr, time_t when, struct addr *gone)
{
	struct session_row row = {*key, *addr, when, 1};
	struct session *s;
	bool ended = false;

	gone->family = 0;
	forget_old(h, when);
	s = find(h, key);
	if (s != NULL && s->addr.family == 0) {
		ended = is_near(s->when, when);
	} else if (s != NULL) {
		*gone = s->addr;
		if (key->kind == SESSION_COUNTED)
			row.count += s->count;
	} else if (h->open.count == h->max) {
		s = h->open.first;
		*gone = s->addr;
	}
	if (s != NULL)
		drop(h, s);
	if (!ended)
		put(h, &row);
	return !ended;
}

/* The end of one that may begin yet. */
static void
remember_end(struct sessions *h, const struct session_key *key, time_t when)
{
	const struct session_row row = {.key = *key, .when = when};

	if (h->ended.count == SESSIONS_ENDED_MAX)
		drop(h, h->ended.first);
	put(h, &row);
}

bool
sessions_end(struct sessions *h, const struct session_key *key, time_t when,
	     struct addr *addr)
{
	struct session *s;

	forget_old(h, when);
	s = find(h, key);
	if (s != NULL && s->addr.family != 0) {
		*addr = s->addr;
		if (--s->count == 0)
			drop(h, s);
		return true;
	}
	if (s != NULL)
		drop(h, s);
	if (key->kind == SESSION_NAMED)
		remember_end(h, key, when);
	return false;
}

time_t
sessions_until(const struct sessions *h, const struct addr *addr)
{
	struct session *s = *address_head(h, addr);

	while (s != NULL && !addr_equal(&s->addr, addr))
		s = s->address.next;
	return s != NULL ? s->when + (time_t)h->longest : 0;
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
	assert(h->open.count + h->ended.count == 0);
	memcpy(h->seeds, seeds, sizeof(h->seeds));
}

bool
sessions_next(const struct sessions *h, const void **at,
	      struct session_row *row)
{
	const struct session *s = *at;

	s = s != NULL ? s->after : h->open.first;
	*at = s;
	if (s == NULL)
		return false;
	*row = (struct session_row){s->hold, s->addr, s->when, s->count};
	return true;
}

void
sessions_restore(struct sessions *h, const struct session_row *row)
{
	if (row->addr.family != 0 && row->count > 0 && h->open.count < h->max &&
	    find(h, &row->key) == NULL)
		put(h, row);
}
