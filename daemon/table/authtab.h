/*
 * authtab: who may relay, and until when.
 *
 * A pure table: no clock, no I/O, no messages. Now is an argument. The time
 * that counts is the login's own (`when`, wall clock); how long it still lasts
 * is measured on the steady clock (`expires`, in its seconds), so that nobody
 * stays authorized because somebody set the clock. An authorization only moves
 * forward: a line read twice, late or out of order does no harm. A session may
 * hold an address beyond what was granted; its end takes back no more than that.
 *
 * Grant, renew and expire are O(1): a hash by address, and a calendar of slots
 * by expiry. Bounded: when full, those that expire first go. Measured: 100
 * bytes an address, its user included, at 1,000,000.
 */
#ifndef DAEMON_TABLE_AUTHTAB_H
#define DAEMON_TABLE_AUTHTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

struct authtab;

enum authtab_event { AUTHTAB_ADDED, AUTHTAB_RENEWED, AUTHTAB_EXPIRED,
	AUTHTAB_EVICTED, AUTHTAB_REMOVED };
enum { AUTHTAB_USERS_MAX = 32 }; /* users remembered per address */

/* Called from within grant, sweep and remove; must not change the table. */
typedef void authtab_event_fn(void *arg, enum authtab_event,
    const struct addr *, time_t when);

/* One who logged in from there; authorized at the address no longer than by
 * his own logins. */
struct authtab_user {
	const char *name;
	time_t when;	 /* his last login */
	int64_t expires; /* steady seconds */
	int64_t granted; /* as in the row */
};

/* A row as seen from outside; borrowed until the table changes. */
struct authtab_row {
	struct addr addr;
	time_t when;	  /* last login */
	int64_t expires;  /* steady seconds */
	int64_t granted;  /* ... if no session held it: never later */
	/* The latest login first; the time of some may be over. */
	size_t nusers;
	struct authtab_user users[AUTHTAB_USERS_MAX];
};

/* longest: no authorization lasts longer (seconds): the grace. */
struct authtab *authtab_new(uint32_t longest, size_t max_addresses,
    authtab_event_fn *, void *arg);
void authtab_free(struct authtab **);

/* 64: all IPv6 addresses of a /64 are one from now on, named by its first. Set
 * before anything is granted. Every address that is given may be any of them;
 * authtab_key() is the one that the table tells. */
void authtab_set_ipv6_prefix(struct authtab *, unsigned int bits);
struct addr authtab_key(const struct authtab *, const struct addr *);

/* user may be NULL. expires is clamped to now + longest; one that is already
 * past is ignored. `now` is steady seconds; what has expired by then goes
 * first. Returns the event that came of it; -1: nothing changed (older than
 * what is known, expired, or the table is full of later ones). */
int authtab_grant(struct authtab *, const struct addr *, const char *user,
    size_t user_len, time_t when, int64_t expires, int64_t now);
/*
 * A large table is not in the processor's caches, and most of a grant is waiting
 * for memory. Who knows some logins ahead asks for theirs early: steps 0, 1
 * and 2, some time apart, then the grant. Changes nothing.
 */
enum { AUTHTAB_PREFETCH_STEPS = 3 };
void authtab_prefetch(const struct authtab *, const struct addr *, int step);

/*
 * A grant to an address that a session holds beyond it, until then; clamped to
 * now + hold. One whose grant is past is not ignored while it is held.
 */
int authtab_hold(struct authtab *, const struct addr *, const char *user,
    size_t user_len, time_t when, int64_t expires, int64_t until, int64_t now);
/* No session holds it beyond `until` any more; expired by then, it goes. Nothing
 * is taken from what was granted, and nothing lasts longer for this. */
void authtab_release(struct authtab *, const struct addr *, int64_t until);
/* No session holds an address longer than this from now on. 0, as it begins:
 * none holds any. */
void authtab_set_hold(struct authtab *, uint32_t hold, int64_t now);

/* The grace has changed: no authorization lasts longer than this from now on,
 * and each one there lasts as much longer or shorter as the new grace is. */
void authtab_set_longest(struct authtab *, uint32_t longest, int64_t now);

bool authtab_remove(struct authtab *, const struct addr *);
void authtab_clear(struct authtab *); /* without events */

/* Removes what has expired at now (steady seconds). Returns the seconds until
 * the next one expires, 0 = the table is empty. */
uint32_t authtab_sweep(struct authtab *, int64_t now);

size_t authtab_count(const struct authtab *);
bool authtab_get(const struct authtab *, const struct addr *,
    struct authtab_row *out);

/* Walks all rows: start with *at = 0; false = end. The table must not change
 * between calls. */
bool authtab_next(const struct authtab *, size_t *at, struct authtab_row *out);

#endif
