/*
 * row_table: the rows of one map, as the keeper knows them. A pure table: an array
 * and an index by address; 40 to 48 bytes an address.
 */
#ifndef DAEMON_KEEPER_ROW_TABLE_H
#define DAEMON_KEEPER_ROW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct row_table_row {
	struct addr addr;
	uint32_t when; /* seconds since the epoch: until 2106 */
	int64_t expires; /* steady milliseconds */
};

/* Zero-initialise it; row_table_clear() gives all memory back. */
struct row_table {
	struct row_table_row *rows;
	size_t count, room;
	uint32_t *index; /* row + 1; 0 = none */
	size_t slots;	 /* a power of two, or 0 */
	uint64_t seed;
};

void row_table_clear(struct row_table *);

/* Puts a row, or what is new of it. */
void row_table_put(struct row_table *, const struct row_table_row *);
bool row_table_remove(struct row_table *, const struct addr *); /* was it there? */
/* Borrowed until the shelf changes; NULL: not there. */
struct row_table_row *row_table_find(const struct row_table *, const struct addr *);

/* The first to expire; INT64_MAX: nobody is there. Looks at all rows. */
int64_t row_table_first_expiry(const struct row_table *);

#endif
