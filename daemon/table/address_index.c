#include "daemon/table/address_index.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

enum { ROOM_MIN = 64 };

void
address_index_init(struct address_index *x, uint32_t about)
{
	*x = (struct address_index){
	    .room = ROOM_MIN, .used = 1, .seed = hash_seed()};
	while (x->room < about)
		x->room *= 2;
	x->nheads = x->room * 2;
	x->at = alloc_resize(NULL, x->room, sizeof(*x->at));
	x->at[0] = (struct address_entry){0}; /* a prefetch may read it */
	x->heads = alloc_zero(x->nheads, sizeof(*x->heads));
}

void
address_index_free(struct address_index *x)
{
	free(x->at);
	free(x->heads);
}

/* ---- the hash ---- */

uint64_t
address_index_hash(const struct address_index *x, const struct addr *addr)
{
	size_t len = addr->family == 4 ? 4 : sizeof(addr->bytes);

	return hash_bytes(x->seed, addr->bytes, len);
}

static inline uint32_t *
head_at(const struct address_index *x, uint64_t hash)
{
	return &x->heads[hash & (x->nheads - 1)];
}

static uint32_t *
head_of(const struct address_index *x, const struct addr *addr)
{
	return head_at(x, address_index_hash(x, addr));
}

uint32_t
address_index_find(const struct address_index *x, const struct addr *addr)
{
	uint32_t index = *head_of(x, addr);

	while (index != 0 && !addr_equal(&x->at[index].addr, addr))
		index = x->at[index].chain;
	return index;
}

void
address_index_prefetch_head(const struct address_index *x, uint64_t hash)
{
	__builtin_prefetch(head_at(x, hash));
}

uint32_t
address_index_prefetch_entry(const struct address_index *x, uint64_t hash)
{
	uint32_t index = *head_at(x, hash);
	const struct address_entry *entry = &x->at[index];

	__builtin_prefetch(entry); /* may lie in two cache lines */
	__builtin_prefetch((const char *)(entry + 1) - 1);
	return index;
}

static void
chain(struct address_index *x, uint32_t index)
{
	uint32_t *head = head_of(x, &x->at[index].addr);

	x->at[index].chain = *head;
	*head = index;
}

static void
double_heads(struct address_index *x)
{
	free(x->heads);
	x->nheads *= 2;
	x->heads = alloc_zero(x->nheads, sizeof(*x->heads));
	for (uint32_t i = address_index_next(x, 1); i != 0;
	     i = address_index_next(x, i + 1))
		chain(x, i);
}

/* ---- in and out ---- */

static uint32_t
take_free(struct address_index *x)
{
	uint32_t index = x->free;

	if (index != 0) {
		x->free = x->at[index].chain;
		return index;
	}
	if (x->used == x->room) {
		x->room *= 2;
		x->at = alloc_resize(x->at, x->room, sizeof(*x->at));
	}
	return x->used++;
}

uint32_t
address_index_add(struct address_index *x, const struct addr *addr)
{
	uint32_t index;

	if (++x->count > x->nheads / 2)
		double_heads(x);
	index = take_free(x);
	x->at[index] = (struct address_entry){.addr = *addr};
	chain(x, index);
	return index;
}

void
address_index_remove(struct address_index *x, uint32_t index)
{
	struct address_entry *entry = &x->at[index];
	uint32_t *link = head_of(x, &entry->addr);

	while (*link != index)
		link = &x->at[*link].chain;
	*link = entry->chain;
	entry->addr.family = 0;
	entry->chain = x->free;
	x->free = index;
	x->count--;
}

uint32_t
address_index_next(const struct address_index *x, uint32_t index)
{
	while (index < x->used && x->at[index].addr.family == 0)
		index++;
	return index < x->used ? index : 0;
}

bool
address_index_sparse(const struct address_index *x)
{
	return x->room > 16 * ROOM_MIN && x->count <= x->room / 8;
}
