#include "daemon/table/authtab.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "daemon/table/address_index.h"
#include "daemon/table/lease.h"
#include "daemon/table/timing_wheel.h"
#include "daemon/table/user_lists.h"

/*
 * A renewal does not move its entry in the calendar: it stays in its old slot,
 * too early, and whoever comes to that slot puts it where it belongs. So a
 * renewal touches nothing but its entry, and each entry is moved at most once
 * in a grace, however often it is renewed.
 */

static_assert(AUTHTAB_USERS_MAX == (int)USER_LISTS_LIST_MAX, "the same list");

struct authtab {
	unsigned int ipv6_prefix; /* 0 = an address is itself */
	uint32_t longest, hold;
	uint32_t max;
	authtab_event_fn *event_fn;
	void *arg;
	int64_t now; /* the latest seen; nothing expires before it */
	int64_t due; /* nothing lies in the calendar before it */

	struct address_index entries;
	struct user_lists *users;
	struct timing_wheel *calendar;
};

/* ---- birth and end ---- */

/* Empty storage for about that many addresses. */
static void
make_storage(struct authtab *tab, uint32_t about)
{
	address_index_init(&tab->entries, about);
	tab->users = user_lists_new();
	tab->calendar =
	    timing_wheel_new(tab->longest > tab->hold ? tab->longest : tab->hold);
	tab->due = INT64_MAX;
}

static void
free_storage(struct authtab *tab)
{
	address_index_free(&tab->entries);
	user_lists_free(&tab->users);
	timing_wheel_free(&tab->calendar);
}

struct authtab *
authtab_new(uint32_t longest, size_t max_addresses, authtab_event_fn *event_fn,
	    void *arg)
{
	struct authtab *tab = alloc_zero(1, sizeof(*tab));

	assert(longest > 0 && max_addresses > 0);
	tab->longest = longest;
	tab->max = max_addresses < INT32_MAX ? (uint32_t)max_addresses
					     : (uint32_t)INT32_MAX;
	tab->event_fn = event_fn;
	tab->arg = arg;
	make_storage(tab, 0);
	return tab;
}

void
authtab_free(struct authtab **tab)
{
	if (*tab == NULL)
		return;
	free_storage(*tab);
	free(*tab);
	*tab = NULL;
}

static void
tell(struct authtab *tab, enum authtab_event event, struct addr addr,
     int64_t when)
{
	if (tab->event_fn != NULL)
		tab->event_fn(tab->arg, event, &addr, (time_t)when);
}

/* ---- addresses ---- */

void
authtab_set_ipv6_prefix(struct authtab *tab, unsigned int bits)
{
	assert(tab->entries.count == 0);
	tab->ipv6_prefix = bits;
}

struct addr
authtab_key(const struct authtab *tab, const struct addr *addr)
{
	if (addr->family == 4 || tab->ipv6_prefix == 0)
		return *addr;
	return cidr_network(&(struct cidr){*addr, tab->ipv6_prefix});
}

/* Each step needs what the one before has fetched. Where the address is not the
 * first of its chain, it is the wrong entry; that does no harm. */
void
authtab_prefetch(const struct authtab *tab, const struct addr *addr, int step)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index;

	if (step == 0) {
		address_index_prefetch_head(&tab->entries, &key);
		return;
	}
	index = address_index_prefetch_entry(&tab->entries, &key);
	if (step == 2)
		user_lists_prefetch(tab->users, tab->entries.at[index].users);
}

/* ---- what hangs on an address ---- */

static struct entry *
entry_at(const struct authtab *tab, uint32_t index)
{
	return &tab->entries.at[index];
}

static struct lease
lease_of(const struct entry *entry)
{
	return (struct lease){entry->when, entry->expires, entry->held};
}

static void
set_stay(struct entry *entry, const struct lease *stay)
{
	entry->when = stay->when;
	entry->expires = stay->expires;
	entry->held = stay->held;
}

static uint32_t
insert(struct authtab *tab, const struct addr *addr, const struct lease *stay)
{
	uint32_t index = address_index_add(&tab->entries, addr);

	set_stay(entry_at(tab, index), stay);
	timing_wheel_add(tab->calendar, index, stay->expires);
	if (stay->expires < tab->due)
		tab->due = stay->expires;
	return index;
}

/* Out of everything, and said. */
static void
drop(struct authtab *tab, uint32_t index, enum authtab_event event)
{
	struct entry gone = *entry_at(tab, index);

	timing_wheel_remove(tab->calendar, index);
	user_lists_clear(tab->users, &gone.users);
	address_index_remove(&tab->entries, index);
	tell(tab, event, gone.addr, gone.when);
}

static void
copy_entry(struct authtab *to, const struct authtab *from, uint32_t index)
{
	const struct entry *entry = entry_at(from, index);
	struct lease stay = lease_of(entry);
	uint32_t copy = insert(to, &entry->addr, &stay);

	entry_at(to, copy)->users =
	    user_lists_copy(to->users, from->users, entry->users);
}

/* All there are, into the fresh storage of tab; that of old is freed. */
static void
move_entries(struct authtab *tab, struct authtab *old)
{
	for (uint32_t i = address_index_next(&old->entries, 1); i != 0;
	     i = address_index_next(&old->entries, i + 1))
		copy_entry(tab, old, i);
	free_storage(old);
}

/* Gives memory back when most of the entries have gone: those that are left
 * move into smaller storage. Their number pays for it, seven went for one. */
static void
shrink(struct authtab *tab)
{
	struct authtab old = *tab;

	if (!address_index_sparse(&tab->entries))
		return;
	make_storage(tab, old.entries.count * 2);
	move_entries(tab, &old);
}

/* ---- time ---- */

/*
 * Of the slot that begins with first: moves what was renewed, drops what has
 * expired. Returns the entry in it that expires next, 0 when none is left. With
 * one_is_enough, or where all of a slot expire in the same second, it stops at
 * the first that stays.
 */
static uint32_t
tidy_slot(struct authtab *tab, uint32_t first, int64_t now, bool one_is_enough)
{
	struct timing_wheel *calendar = tab->calendar;
	uint32_t last = timing_wheel_last_beside(calendar, first), soonest = 0;
	uint32_t index = first, next;
	int64_t expires;

	for (;; index = next) {
		next = timing_wheel_after(calendar, index);
		expires = entry_at(tab, index)->expires;
		if (expires <= now) {
			drop(tab, index, AUTHTAB_EXPIRED);
		} else if (!timing_wheel_in_place(calendar, index, expires)) {
			timing_wheel_remove(calendar, index);
			timing_wheel_add(calendar, index, expires);
		} else {
			if (soonest == 0 ||
			    expires < entry_at(tab, soonest)->expires)
				soonest = index;
			if (one_is_enough || timing_wheel_exact(calendar))
				return soonest;
		}
		if (index == last)
			return soonest;
	}
}

/* The entry that expires next, 0 = the table is empty. */
static uint32_t
find_soonest(struct authtab *tab, int64_t now, bool one_is_enough)
{
	uint32_t first, index;

	while ((first = timing_wheel_first(tab->calendar, tab->now)) != 0) {
		index = tidy_slot(tab, first, now, one_is_enough);
		if (index != 0)
			return index;
	}
	return 0;
}

/* Time moves on to now: drops what has expired. Nothing is left in the calendar
 * before tab->now then. */
static void
advance(struct authtab *tab, int64_t now)
{
	uint32_t soonest;

	if (now >= tab->due) {
		soonest = find_soonest(tab, now, false);
		tab->due =
		    soonest ? entry_at(tab, soonest)->expires : INT64_MAX;
	}
	tab->now = now;
	shrink(tab);
}

uint32_t
authtab_sweep(struct authtab *tab, int64_t now)
{
	uint32_t soonest;

	if (now < tab->now)
		now = tab->now; /* a steady clock does not go back */
	advance(tab, now);
	if (tab->entries.count == 0)
		return 0;
	soonest = find_soonest(tab, now, false);
	return (uint32_t)(entry_at(tab, soonest)->expires - now);
}

/* ---- granting ---- */

/* A place for one that expires then: 0, or -1: it would be the first to go. */
static int
make_place(struct authtab *tab, int64_t expires)
{
	uint32_t soonest;

	if (tab->entries.count < tab->max)
		return 0;
	/* With coarse slots the first to go is known to a slot's width. */
	soonest = find_soonest(tab, tab->now, true);
	if (entry_at(tab, soonest)->expires > expires)
		return -1;
	drop(tab, soonest, AUTHTAB_EVICTED);
	return 0;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Another login from an address that is in: whether that moved it. */
static bool
renew(struct authtab *tab, struct entry *entry, const char *user,
      size_t user_len, const struct lease *login)
{
	struct lease all = lease_of(entry);
	bool moved;

	if (user != NULL)
		user_lists_add(tab->users, &entry->users, user, user_len, login,
			  &all, tab->now);
	else
		user_lists_part(tab->users, &entry->users, &all);
	moved = lease_join(&all, login);
	set_stay(entry, &all);
	return moved;
}

int
authtab_grant(struct authtab *tab, const struct addr *addr, const char *user,
	      size_t user_len, time_t when, int64_t expires, int64_t now)
{
	return authtab_hold(tab, addr, user, user_len, when, expires, expires,
			    now);
}

int
authtab_hold(struct authtab *tab, const struct addr *addr, const char *user,
	     size_t user_len, time_t when, int64_t expires, int64_t until,
	     int64_t now)
{
	struct addr key = authtab_key(tab, addr);
	struct lease login = {.when = when};
	int event = AUTHTAB_RENEWED;
	uint32_t index;

	assert(addr->family != 0);
	if (now > tab->now)
		advance(tab, now);
	if (expires > tab->now + tab->longest)
		expires = tab->now + tab->longest;
	if (until > tab->now + tab->hold)
		until = tab->now + tab->hold;
	until = later(until, expires);
	if (until <= tab->now)
		return -1;
	lease_set(&login, expires, until);

	index = address_index_find(&tab->entries, &key);
	if (index == 0) {
		if (make_place(tab, until) < 0)
			return -1;
		index = insert(tab, &key, &login);
		if (user != NULL)
			user_lists_add(tab->users, &entry_at(tab, index)->users,
				  user, user_len, &login, NULL, tab->now);
		event = AUTHTAB_ADDED;
	} else if (!renew(tab, entry_at(tab, index), user, user_len, &login)) {
		event = -1;
	}
	if (event >= 0)
		tell(tab, (enum authtab_event)event, key,
		     entry_at(tab, index)->when);
	return event;
}

static void
release_user(const void *until, struct lease *stay)
{
	lease_release(stay, *(const int64_t *)until);
}

void
authtab_release(struct authtab *tab, const struct addr *addr, int64_t until)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index = address_index_find(&tab->entries, &key);
	struct entry *entry = entry_at(tab, index);
	struct lease stay;

	if (index == 0 || entry->held == 0 || until >= entry->expires)
		return;
	stay = lease_of(entry);
	lease_release(&stay, until);
	set_stay(entry, &stay);
	user_lists_change(tab->users, entry->users, release_user, &until);
	if (entry->expires <= tab->now) {
		drop(tab, index, AUTHTAB_EXPIRED);
		shrink(tab);
		return;
	}
	timing_wheel_remove(tab->calendar, index);
	timing_wheel_add(tab->calendar, index, entry->expires);
	if (entry->expires < tab->due)
		tab->due = entry->expires;
}

/* Other bounds: each grant lasts that much longer, and no session holds beyond
 * latest; nothing is filed before now. */
struct bounds {
	int64_t more, latest, now;
};

static void
change_stay(const void *arg, struct lease *stay)
{
	const struct bounds *bounds = arg;
	int64_t until = stay->held > 0 ? stay->expires : 0;

	if (until > bounds->latest)
		until = bounds->latest;
	lease_set(stay, lease_granted(stay) + bounds->more,
		 later(until, bounds->now));
}

/* Into storage of their size; the next sweep drops what has expired. */
static void
change_bounds(struct authtab *tab, uint32_t longest, uint32_t hold, int64_t now)
{
	struct authtab old = *tab;
	struct bounds bounds;
	struct lease stay;

	if (now > tab->now)
		tab->now = now;
	bounds = (struct bounds){.more = (int64_t)longest - tab->longest,
				 .latest = tab->now + hold,
				 .now = tab->now};
	tab->longest = longest;
	tab->hold = hold;
	make_storage(tab, old.entries.count * 2);
	for (uint32_t i = address_index_next(&old.entries, 1); i != 0;
	     i = address_index_next(&old.entries, i + 1)) {
		struct entry *entry = entry_at(&old, i);

		stay = lease_of(entry);
		change_stay(&bounds, &stay);
		set_stay(entry, &stay);
		user_lists_change(old.users, entry->users, change_stay, &bounds);
	}
	move_entries(tab, &old);
}

void
authtab_set_longest(struct authtab *tab, uint32_t longest, int64_t now)
{
	assert(longest > 0);
	change_bounds(tab, longest, tab->hold, now);
}

void
authtab_set_hold(struct authtab *tab, uint32_t hold, int64_t now)
{
	change_bounds(tab, tab->longest, hold, now);
}

bool
authtab_remove(struct authtab *tab, const struct addr *addr)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index = address_index_find(&tab->entries, &key);

	if (index == 0)
		return false;
	drop(tab, index, AUTHTAB_REMOVED);
	shrink(tab);
	return true;
}

void
authtab_clear(struct authtab *tab)
{
	free_storage(tab);
	make_storage(tab, 0);
}

/* ---- looking ---- */

size_t
authtab_count(const struct authtab *tab)
{
	return tab->entries.count;
}

static void
show(const struct authtab *tab, const struct entry *entry,
     struct authtab_row *out)
{
	struct user_lists_user users[USER_LISTS_LIST_MAX];
	struct lease all = lease_of(entry);

	out->addr = entry->addr;
	out->when = (time_t)all.when;
	out->expires = all.expires;
	out->granted = lease_granted(&all);
	out->nusers = user_lists_get(tab->users, entry->users, &all, users);
	for (size_t i = 0; i < out->nusers; i++)
		out->users[i] = (struct authtab_user){
		    .name = users[i].name,
		    .when = (time_t)users[i].stay.when,
		    .expires = users[i].stay.expires,
		    .granted = lease_granted(&users[i].stay)};
}

bool
authtab_get(const struct authtab *tab, const struct addr *addr,
	    struct authtab_row *out)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index = address_index_find(&tab->entries, &key);

	if (index == 0)
		return false;
	show(tab, entry_at(tab, index), out);
	return true;
}

bool
authtab_next(const struct authtab *tab, size_t *at, struct authtab_row *out)
{
	uint32_t index =
	    address_index_next(&tab->entries, *at == 0 ? 1 : (uint32_t)*at);

	if (index == 0)
		return false;
	*at = (size_t)index + 1;
	show(tab, entry_at(tab, index), out);
	return true;
}
