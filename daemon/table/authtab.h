/*
 * authtab: who may relay, and until when.
 *
 * A pure table: no clock, no I/O, no messages. The caller passes the time. A
 * login counts from its own time in the log (`when`, wall clock). How long it
 * lasts is measured on the steady clock (`expires`, in seconds), so that
 * setting the clock keeps nobody authorized. An authorization only moves
 * forward: a line that is read twice, late or out of order does no harm. An
 * open session may hold an address longer than its login granted; the end of
 * the session takes back only that extra time. What a rule granted can be
 * withdrawn when the rule is no longer in force.
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
	AUTHTAB_REMOVED,
	AUTHTAB_SHORTENED, /* some of its logins were withdrawn */
	AUTHTAB_EVENTS
};
enum {
	AUTHTAB_USERS_MAX = 32,	     /* users remembered per address */
	AUTHTAB_USER_NAME_MAX = 255, /* bytes; longer names are cut */
};

/* Called by grant, release, sweep, remove and withdraw; must not change the
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
	const char *rule;
	bool own; /* as in struct authtab_row */
};

/* An address and its users; borrowed until the table changes. */
struct authtab_row {
	struct addr addr;
	time_t when;	 /* the last login */
	int64_t expires; /* steady seconds */
	int64_t granted; /* when it would expire if no session held it */
	/* The rule of the login that granted the longest time. NULL: an
	 * operator granted it, or the rule is not known. */
	const char *rule;
	/* Some login is from our own logs or from an operator. False: other
	 * hosts reported them all. */
	bool own;
	/* The latest login first. Some users may have expired already. */
	size_t nusers;
	struct authtab_user users[AUTHTAB_USERS_MAX];
	/* All other logins, joined: those without a user name, and those of
	 * users who no longer fit. Used only if some login named a user; its
	 * name is NULL. */
	bool has_rest;
	struct authtab_user rest;
};

/* An address alone, with members as those of a row. */
struct authtab_address {
	struct addr addr;
	time_t when;
	int64_t expires;
	bool own;
};

/* A login to grant. */
struct authtab_login {
	struct addr addr;
	const char *user; /* NULL: not known */
	size_t user_len;
	time_t when;
	int64_t expires; /* steady seconds */
	int64_t until;	   /* when its session's hold ends; 0: no session */
	unsigned int rule; /* from authtab_rule(); 0: no rule */
	bool remote;	   /* reported by another host, not from our own logs */
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

/* The number of a rule; a new name gets a number, which it keeps until
 * authtab_withdraw() frees it. 0: all 65535 numbers are taken. */
unsigned int authtab_rule(struct authtab *, const char *name);

/*
 * Grants a login. Cuts `expires' to now + longest and `until' to now + hold. now:
 * steady seconds; addresses that have expired by then are removed first. A
 * login that has expired counts as long as its session holds the address.
 * Returns the event; -1 if nothing changed, because the login has expired or is
 * older than one that is known, or the table is full of addresses that expire
 * later.
 */
int authtab_grant(struct authtab *, const struct authtab_login *, int64_t now);
/*
 * A large table is not in the processor's caches, so a grant mostly waits for
 * memory. Callers who know the next logins can fetch theirs early: call this
 * with the hash of the address and steps 0, 1 and 2, some time apart, then
 * grant. The table does not change.
 */
enum { AUTHTAB_PREFETCH_STEPS = 3 };
uint64_t authtab_hash(const struct authtab *, const struct addr *);
void authtab_prefetch(const struct authtab *, uint64_t hash, int step);

/* The sessions of an address now hold it no longer than `until'. What its
 * logins granted stays, and nothing is prolonged. Removes the address if it has
 * now expired. */
void authtab_release(struct authtab *, const struct addr *, int64_t until);
/* Sets how long a session may hold an address, in seconds; at first 0: sessions
 * hold nothing. */
void authtab_set_hold(struct authtab *, uint32_t hold, int64_t now);

/* Changes the grace. Each authorization in the table becomes longer or shorter
 * by the difference. */
void authtab_set_longest(struct authtab *, uint32_t longest, int64_t now);

/* Changes max_addresses. If there are more addresses, those that expire first
 * are evicted. */
void authtab_set_max(struct authtab *, size_t max_addresses);

/*
 * Withdraws the grants of rules that are no longer in force: those for which
 * out_of_force(), called once for each known name, returns true. An address is
 * removed unless other logins keep it; then only those count. report(), which
 * may be NULL, is called once for each address that changes, with one of its
 * rules that were withdrawn. Such rules lose their numbers.
 */
typedef bool authtab_rule_fn(void *arg, const char *rule);
typedef void authtab_withdrawn_fn(void *arg, const struct addr *,
				  const char *rule, bool gone);
void authtab_withdraw(struct authtab *, authtab_rule_fn *out_of_force,
		      authtab_withdrawn_fn *report, void *arg);

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
/* The same without users and rules, which lie elsewhere in memory: so a walk
 * takes a fraction of the time. */
bool authtab_next_address(const struct authtab *, size_t *at,
			  struct authtab_address *out);

#endif
