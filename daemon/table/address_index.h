/*
 * address_index: the addresses of the table, found by a hash.
 *
 * They stand in one array and are known by their index, 0 = none, which stays
 * theirs until they are removed. What hangs on an entry, its list of users and
 * its place in the calendar, belongs to authtab.
 */
#ifndef DAEMON_TABLE_ADDRESS_INDEX_H
#define DAEMON_TABLE_ADDRESS_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

struct entry {
	int64_t when;	 /* these three: its struct lease, */
	int64_t expires; /* laid out so as to waste nothing */
	uint32_t held;
	uint32_t chain; /* next of this hash, or next free entry */
	uint32_t users;
	struct addr addr; /* family 0 = free */
};

struct address_index {
	struct entry *at; /* at[1 .. used) were in use; adding moves it */
	uint32_t used, count;
	uint32_t room; /* of the array, a power of two */

	uint64_t seed;
	uint32_t *heads; /* of the chains by hash */
	uint32_t nheads;
	uint32_t free; /* first of the chain */
};

/* Empty, with room for about that many. */
void address_index_init(struct address_index *, uint32_t about);
void address_index_free(struct address_index *);

uint32_t address_index_find(const struct address_index *, const struct addr *);
/* One that is not in yet; all but its address is zero. */
uint32_t address_index_add(struct address_index *, const struct addr *);
void address_index_remove(struct address_index *, uint32_t index);

/* The first in use from index on, 0 = none. */
uint32_t address_index_next(const struct address_index *, uint32_t index);

/* Seven of eight have gone: time to move the others into less. */
bool address_index_sparse(const struct address_index *);

/* Into the processor's cache: what address_index_find() will look at first and, once
 * that is there, second. */
void address_index_prefetch_head(const struct address_index *, const struct addr *);
/* The index is a guess: the first of its chain. */
uint32_t address_index_prefetch_entry(const struct address_index *, const struct addr *);

#endif
