/*
 * tracked_map: one map, and what the keeper knows to be in it.
 *
 * The shelf holds what was written last, so that what is late can be taken out
 * without asking anybody. A map that could not be written is emptied, since
 * what it says would otherwise outlive its time; one that cannot even be
 * emptied is remembered, said once, and tried again.
 */
#ifndef DAEMON_KEEPER_TRACKED_MAP_H
#define DAEMON_KEEPER_TRACKED_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/keeper/row_table.h"

struct err;
struct map;
struct map_row;
struct ipc_row;

struct tracked_map {
	struct map *map; /* borrowed; NULL: not one of ours */
	struct row_table shelf;
	int64_t first;	 /* no row expires before it; perhaps none so soon */
	bool known;	 /* the shelf says what is in the map */
	bool emptied;	 /* by us: changes are not enough now */
	bool must_empty; /* it could not be done, which was said */
};

enum {
	/* After this a row is asked for: the worker's own removal is out. */
	TRACKED_MAP_ASK_MS = 2000,
	/* After this it goes. */
	TRACKED_MAP_LATE_MS = 4000,
};

/* All times are steady milliseconds. */
void tracked_map_init(struct tracked_map *, struct map *);
void tracked_map_deinit(struct tracked_map *);

/* Writes the whole shelf and takes it over. 0; -1: it could not be written, and
 * the shelf is still the caller's. */
int tracked_map_replace(struct tracked_map *, struct row_table *, struct err *);
/* 0; -1: it could not be written; 1: no changes are taken at all. */
int tracked_map_apply(struct tracked_map *, const struct map_row *, size_t count,
    struct err *);
int tracked_map_clear(struct tracked_map *, struct err *); /* 0, -1 */

/* Whether it may hold anybody: before the first replace unknown, so yes. */
bool tracked_map_may_hold(const struct tracked_map *);
/* Whether somebody is known to be in it. */
bool tracked_map_holds(const struct tracked_map *);

/*
 * Takes out what is late. Returns the milliseconds after which there may be
 * something to ask for or take out again, -1 = nothing is waited for. Adds to
 * *removed; err is left alone unless the map could not be written: then it says
 * so, and whether it was emptied, once each.
 */
int64_t tracked_map_expire(struct tracked_map *, int64_t now, size_t *removed,
    struct err *);

/* Up to max addresses that are to be asked for; nothing else of rows is set. */
size_t tracked_map_overdue(const struct tracked_map *, int64_t now,
    struct ipc_row *rows, size_t max);

#endif
