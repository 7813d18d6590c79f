/*
 * shelf: the rows of one map, as the keeper knows them. A pure table: an array
 * and an index by address; 40 to 48 bytes an address.
 */
#ifndef DAEMON_SHELF_H
#define DAEMON_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct shelf_row {
	struct addr addr;
	uint32_t when; /* seconds since the epoch: until 2106 */
	int64_t expires; /* steady milliseconds */
};

/* Zero-initialise it; shelf_clear() gives all memory back. */
struct shelf {
	struct shelf_row *rows;
	size_t count, room;
	uint32_t *index; /* row + 1; 0 = none */
	size_t slots;	 /* a power of two, or 0 */
	uint64_t seed;
};

void shelf_clear(struct shelf *);

/* Puts a row, or what is new of it. */
void shelf_put(struct shelf *, const struct shelf_row *);
bool shelf_remove(struct shelf *, const struct addr *); /* was it there? */
/* Borrowed until the shelf changes; NULL: not there. */
struct shelf_row *shelf_find(const struct shelf *, const struct addr *);

/* The first to expire; INT64_MAX: nobody is there. Looks at all rows. */
int64_t shelf_first_expiry(const struct shelf *);

#endif
