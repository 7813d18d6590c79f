/*
 * address_index: finds the addresses of the table by hash.
 *
 * All entries are in one array. The index of an entry, never 0, is valid until
 * the entry is removed. The index does not look at the lease or the user list
 * of an entry; they belong to authtab.
 */
#ifndef DAEMON_TABLE_ADDRESS_INDEX_H
#define DAEMON_TABLE_ADDRESS_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"
#include "daemon/table/lease.h"

struct address_entry {
	int64_t when;	 /* when, expires, held, own, rule: a struct lease, */
	int64_t expires; /* taken apart to avoid padding */
	uint32_t held;
	uint32_t chain; /* next with this hash, or next free entry */
	uint32_t users;
	struct addr addr; /* family 0: the entry is free */
	bool own;
	uint16_t rule;
};

static inline struct lease
address_entry_lease(const struct address_entry *entry)
{
	return (struct lease){.when = entry->when,
			      .expires = entry->expires,
			      .held = entry->held,
			      .own = entry->own,
			      .rule = entry->rule};
}

static inline void
address_entry_set_lease(struct address_entry *entry, const struct lease *lease)
{
	entry->when = lease->when;
	entry->expires = lease->expires;
	entry->held = lease->held;
	entry->own = lease->own;
	entry->rule = lease->rule;
}

struct address_index {
	struct address_entry
	    *at; /* at[1 .. used) were in use; adding moves it */
	uint32_t used, count;
	uint32_t room; /* of the array, a power of two */

	uint64_t seed;
	uint32_t *heads; /* of the chains by hash */
	uint32_t nheads;
	uint32_t free; /* first of the chain of free entries */
};

/* Makes it empty, with room for about that many addresses. */
void address_index_init(struct address_index *, uint32_t about);
void address_index_free(struct address_index *);

/* 0 if the address is not in the index. */
uint32_t address_index_find(const struct address_index *, const struct addr *);
/* Adds an address that is not in the index yet. All other members of the new
 * entry are zero. */
uint32_t address_index_add(struct address_index *, const struct addr *);
void address_index_remove(struct address_index *, uint32_t index);

/* The first entry in use from index on; 0 at the end. */
uint32_t address_index_next(const struct address_index *, uint32_t index);

/* Whether so few entries are left in use, one of eight, that it is worth moving
 * them to smaller storage. */
bool address_index_sparse(const struct address_index *);

/* Prefetch into the processor's cache what address_index_find() will read of an
 * address with this hash: first the head of the chain, then, once that has
 * arrived, its first entry. The index returned is that of the first entry, whose
 * address may differ. */
uint64_t address_index_hash(const struct address_index *, const struct addr *);
void address_index_prefetch_head(const struct address_index *, uint64_t hash);
uint32_t address_index_prefetch_entry(const struct address_index *,
				      uint64_t hash);

#endif
