#include "daemon/table/address_index.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/hash.h"

enum { ROOM_MIN = 64 };

void
address_index_init(struct address_index *entries, uint32_t about)
{
	*entries =
	    (struct address_index){.room = ROOM_MIN, .used = 1, .seed = hash_seed()};
	while (entries->room < about)
		entries->room *= 2;
	entries->nheads = entries->room * 2;
	entries->at = alloc_resize(NULL, entries->room, sizeof(*entries->at));
	entries->at[0] = (struct entry){0}; /* a guess may name it */
	entries->heads = alloc_zero(entries->nheads, sizeof(*entries->heads));
}

void
address_index_free(struct address_index *entries)
{
	free(entries->at);
	free(entries->heads);
}

/* ---- the hash ---- */

static uint32_t *
head_of(const struct address_index *entries, const struct addr *addr)
{
	uint64_t hash = hash_bytes(entries->seed, addr, sizeof(*addr));

	return &entries->heads[hash & (entries->nheads - 1)];
}

uint32_t
address_index_find(const struct address_index *entries, const struct addr *addr)
{
	uint32_t index = *head_of(entries, addr);

	while (index != 0 && !addr_equal(&entries->at[index].addr, addr))
		index = entries->at[index].chain;
	return index;
}

void
address_index_prefetch_head(const struct address_index *entries, const struct addr *addr)
{
	__builtin_prefetch(head_of(entries, addr));
}

uint32_t
address_index_prefetch_entry(const struct address_index *entries, const struct addr *addr)
{
	uint32_t index = *head_of(entries, addr);
	const struct entry *entry = &entries->at[index];

	__builtin_prefetch(entry); /* may lie in two cache lines */
	__builtin_prefetch((const char *)(entry + 1) - 1);
	return index;
}

static void
chain(struct address_index *entries, uint32_t index)
{
	uint32_t *head = head_of(entries, &entries->at[index].addr);

	entries->at[index].chain = *head;
	*head = index;
}

static void
double_heads(struct address_index *entries)
{
	free(entries->heads);
	entries->nheads *= 2;
	entries->heads = alloc_zero(entries->nheads, sizeof(*entries->heads));
	for (uint32_t i = address_index_next(entries, 1); i != 0;
	     i = address_index_next(entries, i + 1))
		chain(entries, i);
}

/* ---- in and out ---- */

static uint32_t
take_free(struct address_index *entries)
{
	uint32_t index = entries->free;

	if (index != 0) {
		entries->free = entries->at[index].chain;
		return index;
	}
	if (entries->used == entries->room) {
		entries->room *= 2;
		entries->at = alloc_resize(entries->at, entries->room,
					   sizeof(*entries->at));
	}
	return entries->used++;
}

uint32_t
address_index_add(struct address_index *entries, const struct addr *addr)
{
	uint32_t index;

	if (++entries->count > entries->nheads / 2)
		double_heads(entries);
	index = take_free(entries);
	entries->at[index] = (struct entry){.addr = *addr};
	chain(entries, index);
	return index;
}

void
address_index_remove(struct address_index *entries, uint32_t index)
{
	struct entry *entry = &entries->at[index];
	uint32_t *link = head_of(entries, &entry->addr);

	while (*link != index)
		link = &entries->at[*link].chain;
	*link = entry->chain;
	entry->addr.family = 0;
	entry->chain = entries->free;
	entries->free = index;
	entries->count--;
}

uint32_t
address_index_next(const struct address_index *entries, uint32_t index)
{
	while (index < entries->used && entries->at[index].addr.family == 0)
		index++;
	return index < entries->used ? index : 0;
}

bool
address_index_sparse(const struct address_index *entries)
{
	return entries->room > 16 * ROOM_MIN &&
	       entries->count <= entries->room / 8;
}
