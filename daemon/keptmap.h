/*
 * keptmap: one map, and what the keeper knows to be in it.
 *
 * The shelf holds what was written last, so that what is late can be taken out
 * without asking anybody. A map that could not be written is emptied, since
 * what it says would otherwise outlive its time; one that cannot even be
 * emptied is remembered, said once, and tried again.
 */
#ifndef DAEMON_KEPTMAP_H
#define DAEMON_KEPTMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/shelf.h"

struct err;
struct map;
struct map_row;
struct ipc_row;

struct keptmap {
	struct map *map; /* borrowed; NULL: not one of ours */
	struct shelf shelf;
	int64_t first;	 /* no row expires before it; perhaps none so soon */
	bool known;	 /* the shelf says what is in the map */
	bool emptied;	 /* by us: changes are not enough now */
	bool must_empty; /* it could not be done, which was said */
};

enum {
	/* After this a row is asked for: the worker's own removal is out. */
	KEPTMAP_ASK_MS = 2000,
	/* After this it goes. */
	KEPTMAP_LATE_MS = 4000,
};

/* All times are steady milliseconds. */
void keptmap_init(struct keptmap *, struct map *);
void keptmap_deinit(struct keptmap *);

/* Writes the whole shelf and takes it over. 0; -1: it could not be written, and
 * the shelf is still the caller's. */
int keptmap_replace(struct keptmap *, struct shelf *, struct err *);
/* 0; -1: it could not be written; 1: no changes are taken at all. */
int keptmap_apply(struct keptmap *, const struct map_row *, size_t count,
    struct err *);
int keptmap_clear(struct keptmap *, struct err *); /* 0, -1 */

/* Whether it may hold anybody: before the first replace unknown, so yes. */
bool keptmap_may_hold(const struct keptmap *);
/* Whether somebody is known to be in it. */
bool keptmap_holds(const struct keptmap *);

/*
 * Takes out what is late. Returns the milliseconds after which there may be
 * something to ask for or take out again, -1 = nothing is waited for. Adds to
 * *removed; err is left alone unless the map could not be written: then it says
 * so, and whether it was emptied, once each.
 */
int64_t keptmap_expire(struct keptmap *, int64_t now, size_t *removed,
    struct err *);

/* Up to max addresses that are to be asked for; nothing else of rows is set. */
size_t keptmap_overdue(const struct keptmap *, int64_t now,
    struct ipc_row *rows, size_t max);

#endif
