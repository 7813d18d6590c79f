/*
 * expiring_map: one map, its rows, and the time at which each has to be removed.
 *
 * The keeper has a copy of the rows, so it can remove those that have expired
 * even if the worker is dead. A map that could not be written is emptied, since
 * its rows would otherwise outlive their time. If it cannot even be emptied,
 * that is reported once and tried again.
 */
#ifndef DAEMON_KEEPER_EXPIRING_MAP_H
#define DAEMON_KEEPER_EXPIRING_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct err;
struct hashmap;
struct map;
struct map_row;
struct ipc_row;

struct expiring_row {
	struct addr addr;
	uint32_t when;	 /* seconds since the epoch: until 2106 */
	int64_t expires; /* steady milliseconds */
};

struct expiring_map {
	struct map *map; /* borrowed; NULL: a live map, the worker's own */
	struct hashmap *rows; /* struct expiring_row */
	int64_t first;	 /* a lower bound of the rows' expiries */
	bool known;	 /* rows are those that are in the map */
	bool emptied;	 /* by us: the worker must replace it, not change it */
	bool must_empty; /* emptying it failed, which has been reported */
};

enum {
	/* How long after a row's expiry the worker is asked about it. Before
	 * that, the worker's own removal may still be on its way. */
	EXPIRING_MAP_ASK_MS = 2000,
	/* How long after its expiry a row is removed. */
	EXPIRING_MAP_LATE_MS = 4000,
};

/* All times are steady milliseconds. */
void expiring_map_init(struct expiring_map *, struct map *);
void expiring_map_deinit(struct expiring_map *);

/* A table for the rows of a whole map. */
struct hashmap *expiring_map_table(void);
/* Writes all rows of the table to the map and takes the table over. 0; -1: it
 * could not be written, and the table is still the caller's. */
int expiring_map_replace(struct expiring_map *, struct hashmap **table,
    struct err *);
/* 0; -1: it could not be written, or must be replaced first; 1: this map can
 * only be replaced, and no honest worker sends changes to it. */
int expiring_map_apply(struct expiring_map *, const struct map_row *,
    size_t count, struct err *);
int expiring_map_clear(struct expiring_map *, struct err *); /* 0, -1 */
/* Writes the map again from the rows that are known. 0, -1 */
int expiring_map_restore(struct expiring_map *, struct err *);

/* Whether it may hold addresses; true until the first replace or clear. */
bool expiring_map_may_hold(const struct expiring_map *);
/* Whether it is known to hold addresses. */
bool expiring_map_holds(const struct expiring_map *);

/*
 * Removes the rows that are overdue and adds their number to *removed. Returns
 * after how many milliseconds the next row may have to be asked for or removed;
 * -1: no row can expire. err is set only if the map could not be written. It
 * says why and whether the map was emptied; each failure is reported only once.
 */
int64_t expiring_map_expire(struct expiring_map *, int64_t now, size_t *removed,
    struct err *);

/* Fills rows with up to max addresses to ask the worker about, all else zero;
 * returns how many. */
size_t expiring_map_overdue(const struct expiring_map *, int64_t now,
    struct ipc_row *rows, size_t max);

#endif
