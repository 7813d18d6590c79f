/*
 * map_store: the maps, and what the keeper was told of who is in them.
 *
 * Rows come from the worker, which reads what strangers write; so each is
 * looked at: an address in its one canonical form that may be published, a
 * stamp that is not in the future, an expiry no further away than the longest
 * lifetime configured, no more rows than max_addresses. What has expired leaves
 * by the keeper's own clock, whatever the worker says or does not say.
 *
 * A row that the worker does not take away in time may have been renewed, which
 * it tells late (daemon/publish/publish.h). So it is asked before the row goes:
 * map_store_overdue(), map_store_renew().
 */
#ifndef DAEMON_KEEPER_MAP_STORE_H
#define DAEMON_KEEPER_MAP_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

struct err;
struct map;
struct ipc_row;
struct map_store;

/* What is believed. */
struct map_store_limits {
	size_t max_addresses;
	uint32_t longest;	    /* seconds */
	const struct cidr *exclude; /* never written; borrowed */
	size_t nexclude;
};

struct map_store_time {
	time_t wall;
	int64_t steady_ms;
};

/* The maps are borrowed; one that is NULL is not ours. */
struct map_store *map_store_new(struct map *const *maps, size_t nmaps,
    const struct map_store_limits *);
void map_store_free(struct map_store **);
void map_store_set_limits(struct map_store *, const struct map_store_limits *);
bool map_store_has(const struct map_store *, size_t map); /* whether there is one */

/*
 * The worker's rows for a map, all of them (whole) or changes; `count` of them
 * are to come. 0; -1: nonsense, err says what: no honest worker says that. A
 * row that is refused is no nonsense: it is left out and counted.
 */
int map_store_begin(struct map_store *, size_t map, bool whole, size_t count,
    struct err *);
int map_store_add(struct map_store *, const struct ipc_row *, size_t count,
    const struct map_store_time *, struct err *);
void map_store_give_up(struct map_store *); /* what was begun */
/* Writes it. 0; -1: the map could not be written; 1: nonsense. */
int map_store_end(struct map_store *, struct err *);

int map_store_clear(struct map_store *, size_t map, struct err *);  /* 0, -1 */
int map_store_intact(struct map_store *, size_t map);		    /* 1, 0 */
/* Empties all that may hold somebody. 0, or -1: err has the first reason. */
int map_store_clear_all(struct map_store *, struct err *);

/* Whether any map may hold anybody. Before the first replace: unknown, so yes. */
bool map_store_holds(const struct map_store *);
/* Whether what a worker handed over is there: nobody else vouches for it. */
bool map_store_published(const struct map_store *);
size_t map_store_refused(const struct map_store *); /* rows, since the start */
/* Why the last one was refused; NULL if none was. */
const char *map_store_refusal(const struct map_store *);

/*
 * Takes out what is late, writes what changed. Returns the milliseconds after
 * which there may be something to ask for or take out again, -1 = nothing is
 * waited for. *removed: how many went; err: a map could not be written, and
 * whether it was emptied, once each (err->text[0] != 0).
 */
int64_t map_store_expire(struct map_store *, int64_t steady_ms, size_t *removed,
    struct err *);
/* Up to max addresses whose time is over and that are still there. */
size_t map_store_overdue(const struct map_store *, int64_t steady_ms,
    struct ipc_row *rows, size_t max);
/* What the worker says of an address that it was asked for. */
void map_store_renew(struct map_store *, const struct ipc_row *,
    const struct map_store_time *);

#endif
