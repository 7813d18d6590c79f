/*
 * authtab_state: what the files of the table share; private to them.
 *
 * authtab.c grants, renews, expires and looks up; authtab_change.c shortens or
 * withdraws what was granted, and calls authtab.c.
 */
#ifndef DAEMON_TABLE_AUTHTAB_STATE_H
#define DAEMON_TABLE_AUTHTAB_STATE_H

#include <stdint.h>

#include "daemon/table/address_index.h"
#include "daemon/table/authtab.h"

struct rule_names;
struct timing_wheel;
struct user_lists;

struct authtab {
	unsigned int ipv6_prefix; /* 0: each address counts by itself */
	uint32_t longest, hold;
	uint32_t max;
	authtab_event_fn *event_fn;
	void *arg;
	int64_t now; /* the latest time seen; nothing expires before it */
	int64_t due; /* no entry expires before it */

	struct address_index addresses;
	struct user_lists *users;
	struct timing_wheel *wheel;
	struct rule_names *rules;
};

static inline struct address_entry *
authtab_entry(const struct authtab *tab, uint32_t index)
{
	return &tab->addresses.at[index];
}

/* Gives the table empty storage for about that many addresses. */
void authtab_make_storage(struct authtab *, uint32_t about);
/* Moves all entries of `old` to the empty storage of the table, and frees
 * theirs. */
void authtab_move_entries(struct authtab *, struct authtab *old);
/* Gives memory back when most addresses have gone, by moving the others to
 * smaller storage. Seven were removed for each that moves, so the cost is
 * small. */
void authtab_shrink(struct authtab *);

/* Removes an entry and all that belongs to it, and reports the event. */
void authtab_drop(struct authtab *, uint32_t index, enum authtab_event);
void authtab_notify(struct authtab *, enum authtab_event, struct addr,
		    int64_t when);

#endif
