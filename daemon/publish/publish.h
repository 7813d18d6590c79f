/*
 * publish: writes the table to the maps, no more often than is good for
 * Postfix.
 *
 * Every smtpd restarts when a hash: map is renamed. So a change of membership
 * is written at once if the last flush was more than a second ago, otherwise as
 * soon as that second is over. The pause is longer for a large map: four times
 * as long as the last flush took, but at most PUBLISH_PAUSE_MAX_MS. A renewal
 * changes only a value, and waits for the next flush, at most
 * PUBLISH_RENEWAL_MS. A map that is changed in place (lmdb) makes nothing
 * restart. Its pause is PUBLISH_IN_PLACE_MS, since each flush writes some pages
 * to the disk, however few the changes.
 *
 * A map that Postfix reads once (cidr) is written before a map whose rename
 * makes Postfix's processes restart, even if its own pause is not over.
 *
 * The failure of a map is logged once. The old map stays and is tried again
 * with growing pauses; other maps do not wait for it. But it must not vouch for
 * addresses that have expired since: PUBLISH_STALE_MS after the first of them
 * it is emptied, which needs no disk space, until it can be written again.
 */
#ifndef DAEMON_PUBLISH_PUBLISH_H
#define DAEMON_PUBLISH_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "daemon/metrics/histogram.h"
#include "daemon/table/authtab.h"

struct err;
struct loop;
struct map;
struct publish;

enum {
	PUBLISH_INTERVAL_MS = 1000,
	PUBLISH_IN_PLACE_MS = 100,
	PUBLISH_RENEWAL_MS = 30000,
	PUBLISH_RETRY_MAX_MS = 10000, /* from INTERVAL_MS, doubled each time */
	PUBLISH_STALE_MS = 4000,
	/* However large the map: what has expired must be removed in time. */
	PUBLISH_PAUSE_MAX_MS = 3000,
	/* The most rows in one batch of changes, which then fits into 512 KB.
	 * If more addresses have changed, the whole map is written. */
	PUBLISH_CHANGES_MAX = 16 * 1024,
};

/* maps and table are borrowed. */
struct publish *publish_new(struct loop *, const struct authtab *,
    struct map **maps, size_t nmaps);
void publish_free(struct publish **);

/* Notes an event of the table and arms the timers; cheap. when: the time of the
 * login. */
void publish_event(struct publish *, enum authtab_event, const struct addr *,
    time_t when);

/* Writes every map now. Before that, while the logs are read, events are
 * ignored. 0; -1: a map could not be written, and err has the reason. The other
 * maps are written, and that one is tried again later. */
int publish_start(struct publish *, struct err *);
/* Empties every map, until publish_start() is called again. 0; -1: one could
 * not be emptied: err has the first reason. */
int publish_clear(struct publish *, struct err *);

/* Of one map, since the start. */
struct publish_stats {
	const char *map; /* its name; borrowed from the map */
	bool live;
	uint64_t failures;
	time_t written;		/* the last time; 0: not yet */
	struct histogram cost;	/* of each write that succeeded */
	/* From the time of a login's line until the map has its address, of
	 * each address that was not there; only since publish_start(). */
	struct histogram delay;
};
/* Of map number i; NULL: there are no more. A live map shows an address at once
 * and is never written. */
const struct publish_stats *publish_stats(const struct publish *, size_t i);

#endif
