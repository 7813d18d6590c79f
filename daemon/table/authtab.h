/*
 * authtab: who may relay, and until when.
 *
 * A pure table: no clock, no I/O, no messages. The caller passes the time. A
 * login counts from its own time in the log (`when`, wall clock). How long it
 * lasts is measured on the steady clock (`expires`, in seconds), so that
 * setting the clock keeps nobody authorized. An authorization only moves
 * forward: a line that is read twice, late or out of order does no harm. An
 * open session may hold an address longer than its login granted; the end of
 * the session takes back only that extra time.
 *
 * Grant, renew and expire are O(1): a hash by address and a timing wheel by
 * expiry. The table is bounded: when it is full, the addresses that expire
 * first are removed. Measured: 100 bytes per address including its user, at
 * 1,000,000 addresses.
 */
#ifndef DAEMON_TABLE_AUTHTAB_H
#define DAEMON_TABLE_AUTHTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

struct authtab;

enum authtab_event {
	AUTHTAB_ADDED,
	AUTHTAB_RENEWED,
	AUTHTAB_EXPIRED,
	AUTHTAB_EVICTED,
	AUTHTAB_REMOVED
};
enum {
	AUTHTAB_USERS_MAX = 32,	     /* users remembered per address */
	AUTHTAB_USER_NAME_MAX = 255, /* bytes; longer names are cut */
};

/* Called by grant, hold, release, sweep and remove; must not change the
 * table. */
typedef void authtab_event_fn(void *arg, enum authtab_event,
			      const struct addr *, time_t when);

/* A user who logged in from an address, and may relay from there no longer than
 * their own logins allow. */
struct authtab_user {
	const char *name;
	time_t when;	 /* the user's last login */
	int64_t expires; /* steady seconds */
	int64_t granted; /* as in struct authtab_row */
};

/* An address and its users; borrowed until the table changes. */
struct authtab_row {
	struct addr addr;
	time_t when;	 /* the last login */
	int64_t expires; /* steady seconds */
	int64_t granted; /* when it would expire if no session held it */
	/* The latest login first. Some users may have expired already. */
	size_t nusers;
	struct authtab_user users[AUTHTAB_USERS_MAX];
};

/* longest: the grace in seconds; no login lasts longer. */
struct authtab *authtab_new(uint32_t longest, size_t max_addresses,
			    authtab_event_fn *, void *arg);
void authtab_free(struct authtab **);

/* bits = 64: all IPv6 addresses of a /64 count as one, known by the first of
 * them. To be set before anything is granted. Callers may pass any address of
 * the network; events and rows have the one that authtab_key() returns. */
void authtab_set_ipv6_prefix(struct authtab *, unsigned int bits);
struct addr authtab_key(const struct authtab *, const struct addr *);

/*
 * Grants a login. user may be NULL. expires is cut to now + longest. now:
 * steady seconds; addresses that have expired by then are removed first.
 * Returns the event; -1 if nothing changed, because the login has expired or is
 * older than one that is known, or the table is full of addresses that expire
 * later.
 */
int authtab_grant(struct authtab *, const struct addr *, const char *user,
		  size_t user_len, time_t when, int64_t expires, int64_t now);
/*
 * A large table is not in the processor's caches, so a grant mostly waits for
 * memory. Callers who know the next logins can fetch theirs early: call this
 * with steps 0, 1 and 2, some time apart, then grant. The table does not
 * change.
 */
enum { AUTHTAB_PREFETCH_STEPS = 3 };
void authtab_prefetch(const struct authtab *, const struct addr *, int step);

/*
 * Grants a login whose session is open and holds the address until then, cut to
 * now + hold. Unlike authtab_grant(), it takes a login that has expired, as
 * long as the session holds it.
 */
int authtab_hold(struct authtab *, const struct addr *, const char *user,
		 size_t user_len, time_t when, int64_t expires, int64_t until,
		 int64_t now);
/* The sessions of an address now hold it no longer than `until'. What its
 * logins granted stays, and nothing is prolonged. Removes the address if it has
 * expired then. */
void authtab_release(struct authtab *, const struct addr *, int64_t until);
/* Sets how long a session may hold an address, in seconds; at first 0: sessions
 * hold nothing. */
void authtab_set_hold(struct authtab *, uint32_t hold, int64_t now);

/* Changes the grace. Each authorization in the table becomes longer or shorter
 * by the difference. */
void authtab_set_longest(struct authtab *, uint32_t longest, int64_t now);

/* Changes max_addresses. Of more addresses, those that expire first are
 * evicted. */
void authtab_set_max(struct authtab *, size_t max_addresses);

/* Returns whether the address was in the table. */
bool authtab_remove(struct authtab *, const struct addr *);

/* Removes what has expired at now (steady seconds). Returns the seconds until
 * the next address expires; 0 if the table is empty. */
uint32_t authtab_sweep(struct authtab *, int64_t now);

size_t authtab_count(const struct authtab *);
bool authtab_get(const struct authtab *, const struct addr *,
		 struct authtab_row *out);

/* Walks all addresses: start with *at = 0; false at the end. The table must not
 * change between calls. */
bool authtab_next(const struct authtab *, size_t *at, struct authtab_row *out);

#endif
