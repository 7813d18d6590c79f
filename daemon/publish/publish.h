/*
 * publish: carries the table to its maps, at the pace that Postfix can bear.
 *
 * Every smtpd restarts when a hash: map is renamed. So a change of membership
 * goes out at once after a quiet second, and at most once a second in a busy
 * one, or after four times of what the last flush took (3 s at most), so that a
 * huge map does not eat the machine. A renewal changes only a value and waits for the
 * next flush, at most RENEWAL_MS. A map that is changed in place (lmdb) has no
 * such cost: it gets the changes, collected, at the end of each round.
 *
 * A map that Postfix reads once (cidr) is written before one whose rename makes
 * its processes start anew, whatever its own pace.
 *
 * A map that fails is said once, stays as it was, and is tried again with
 * growing pauses; the other maps do not wait for it. But it must not vouch for
 * those who have expired since: STALE_MS after the first of them it is
 * emptied, which needs no space, until it can be written again.
 */
#ifndef DAEMON_PUBLISH_PUBLISH_H
#define DAEMON_PUBLISH_PUBLISH_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/table/authtab.h"

struct err;
struct loop;
struct map;
struct publish;

enum {
	PUBLISH_INTERVAL_MS = 1000,
	PUBLISH_RENEWAL_MS = 30000,
	PUBLISH_RETRY_MAX_MS = 10000, /* from INTERVAL_MS, doubled each time */
	PUBLISH_STALE_MS = 4000,
	/* However large the map: what has expired must leave in time. */
	PUBLISH_PAUSE_MAX_MS = 3000,
};

/* maps and table are borrowed. */
struct publish *publish_new(struct loop *, const struct authtab *,
    struct map **maps, size_t nmaps);
void publish_free(struct publish **);

/* An authtab event happened; arms what is needed. Cheap. */
void publish_event(struct publish *, enum authtab_event, const struct addr *);

/* Until publish_start() events are only remembered: the start reads the log
 * first. Writes every map now; 0, or -1 if one could not be written (the
 * others are; it is tried again like any that fails). */
int publish_start(struct publish *, struct err *);
int publish_flush(struct publish *, struct err *);  /* all maps, now */
int publish_clear(struct publish *, struct err *); /* empties every map */

struct publish_stats {
	uint64_t flushes, rows, failures;
	int64_t last_ms; /* how long the last flush took */
};
struct publish_stats publish_stats(const struct publish *);

#endif
