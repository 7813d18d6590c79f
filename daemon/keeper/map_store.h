/*
 * map_store: the keeper's maps, and the rows that the worker has put into them.
 *
 * The worker reads text that strangers write, so each of its rows is checked:
 * the address must be canonical and one that may be published, the login not in
 * the future, the expiry no later than the longest lifetime configured allows,
 * and there may be no more rows than max_addresses. Rows that have expired are
 * removed by the keeper's own clock, whatever the worker does.
 *
 * The worker reports a renewal late (daemon/publish/publish.h), so a row that
 * has expired here may have been renewed there. Before such a row is removed
 * the worker is therefore asked: map_store_overdue(), map_store_renew().
 *
 * What empties a map in time is elsewhere:
 *	expiring_map.h	removes expired rows, and empties a map that could not
 *			be written; one such map for each map here
 *	heartbeat.h	how long a worker may be silent before it counts as
 *			dead; keeper_events.c then clears all maps
 *	sys/watchdog.h	lets the service manager kill a keeper that hangs
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

/* Which rows are accepted. */
struct map_store_limits {
	size_t max_addresses;
	uint32_t longest;	    /* lifetime of a row, seconds */
	const struct cidr *exclude; /* never published; borrowed */
	size_t nexclude;
};

struct map_store_time {
	time_t wall;
	int64_t steady_ms;
};

/* The maps are borrowed. A NULL entry stands for a live map, which the worker
 * serves itself. */
struct map_store *map_store_new(struct map *const *maps, size_t nmaps,
				const struct map_store_limits *);
void map_store_free(struct map_store **);
void map_store_set_limits(struct map_store *, const struct map_store_limits *);
/* Whether there is a map with this number, and the keeper writes it. */
bool map_store_has(const struct map_store *, size_t map);

/*
 * The worker sends all rows of a map (whole), or changes to them; `count` rows
 * follow by map_store_add(), then map_store_end() writes the map. 0; -1: the
 * request breaks the protocol, err says how. A row that may not be published is
 * no such error: it is left out and counted as refused.
 */
int map_store_begin(struct map_store *, size_t map, bool whole, size_t count,
		    struct err *);
int map_store_add(struct map_store *, const struct ipc_row *, size_t count,
		  const struct map_store_time *, struct err *);
/* 0; -1: the map could not be written; 1: the request breaks the protocol. */
int map_store_end(struct map_store *, struct err *);
void map_store_abort(struct map_store *); /* forgets what was begun */

int map_store_clear(struct map_store *, size_t map, struct err *); /* 0, -1 */
int map_store_intact(struct map_store *, size_t map);		   /* 1, 0 */
/*
 * Finds the next map that another program, such as postmap(1), has replaced,
 * and writes it again, or empties it if that fails. 0: no map was replaced. 1:
 * *name is its name, and err->text why it was emptied, or "".
 */
int map_store_restore(struct map_store *, const char **name, struct err *err);
bool map_store_disturbed(const struct map_store *); /* there is such a map */
uint64_t map_store_replaced(const struct map_store *); /* how often */
/* Empties all maps that may hold addresses. 0; -1: err has the first reason. */
int map_store_clear_all(struct map_store *, struct err *);

/* Whether any map may hold addresses; true until each was written once. */
bool map_store_holds(const struct map_store *);
/* Whether any map is known to hold rows from a worker. Without that worker,
 * nobody vouches for them. */
bool map_store_published(const struct map_store *);
/* How many addresses the fullest map holds; -1: all maps are live. */
long long map_store_count(const struct map_store *);
time_t map_store_last_login(const struct map_store *); /* 0: none */
size_t map_store_refused(const struct map_store *); /* rows, since the start */
/* Why the last one was refused; NULL if none was. */
const char *map_store_refusal(const struct map_store *);

/*
 * Removes the rows that are overdue, and sets *removed to their number. Returns
 * the number of milliseconds until the next row may have to be asked for or
 * removed; -1: no row can expire. If a map could not be written, err->text says
 * why and whether the map was emptied; each failure is reported only once.
 * Otherwise it is empty.
 */
int64_t map_store_expire(struct map_store *, int64_t steady_ms, size_t *removed,
			 struct err *);
/* Fills rows with up to max addresses that have expired but are still in a map;
 * returns how many. */
size_t map_store_overdue(const struct map_store *, int64_t steady_ms,
			 struct ipc_row *rows, size_t max);
/* Takes the worker's answer about one of them. */
void map_store_renew(struct map_store *, const struct ipc_row *,
		     const struct map_store_time *);

#endif
