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
 * A renewal does not move its entry in the timing wheel. The entry is left in
 * its old slot, which is too early, until the sweep comes to that slot and
 * files it again. So a renewal writes to nothing but its entry, and each entry
 * moves at most once per grace, however often it is renewed.
 */

static_assert(AUTHTAB_USERS_MAX == (int)USER_LISTS_LIST_MAX,
	      "as long as the list");
static_assert(AUTHTAB_USER_NAME_MAX == (int)USER_LISTS_NAME_MAX,
	      "as long as a stored name");

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
};

/* ---- life ---- */

/* Empty storage for about that many addresses. */
static void
make_storage(struct authtab *tab, uint32_t about)
{
	address_index_init(&tab->addresses, about);
	tab->users = user_lists_new();
	tab->wheel = timing_wheel_new(tab->longest > tab->hold ? tab->longest
							       : tab->hold);
	tab->due = INT64_MAX;
}

static void
free_storage(struct authtab *tab)
{
	address_index_free(&tab->addresses);
	user_lists_free(&tab->users);
	timing_wheel_free(&tab->wheel);
}

struct authtab *
authtab_new(uint32_t longest, size_t max_addresses, authtab_event_fn *event_fn,
	    void *arg)
{
	struct authtab *tab = alloc_zero(1, sizeof(*tab));

	assert(longest > 0);
	tab->longest = longest;
	tab->event_fn = event_fn;
	tab->arg = arg;
	make_storage(tab, 0);
	authtab_set_max(tab, max_addresses);
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
notify(struct authtab *tab, enum authtab_event event, struct addr addr,
       int64_t when)
{
	if (tab->event_fn != NULL)
		tab->event_fn(tab->arg, event, &addr, (time_t)when);
}

/* ---- addresses ---- */

void
authtab_set_ipv6_prefix(struct authtab *tab, unsigned int bits)
{
	assert(tab->addresses.count == 0);
	tab->ipv6_prefix = bits;
}

struct addr
authtab_key(const struct authtab *tab, const struct addr *addr)
{
	if (addr->family == 4 || tab->ipv6_prefix == 0)
		return *addr;
	return cidr_network(&(struct cidr){*addr, tab->ipv6_prefix});
}

/* Each step reads what the step before has fetched. If the address is not the
 * first of its chain, another entry is fetched, which does no harm. */
void
authtab_prefetch(const struct authtab *tab, const struct addr *addr, int step)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index;

	if (step == 0) {
		address_index_prefetch_head(&tab->addresses, &key);
		return;
	}
	index = address_index_prefetch_entry(&tab->addresses, &key);
	if (step == 2)
		user_lists_prefetch(tab->users, tab->addresses.at[index].users);
}

/* ---- entries ---- */

static struct address_entry *
entry_at(const struct authtab *tab, uint32_t index)
{
	return &tab->addresses.at[index];
}

static uint32_t
insert(struct authtab *tab, const struct addr *addr, const struct lease *lease)
{
	uint32_t index = address_index_add(&tab->addresses, addr);

	address_entry_set_lease(entry_at(tab, index), lease);
	timing_wheel_add(tab->wheel, index, lease->expires);
	if (lease->expires < tab->due)
		tab->due = lease->expires;
	return index;
}

/* Removes an entry and all that belongs to it, and reports the event. */
static void
drop(struct authtab *tab, uint32_t index, enum authtab_event event)
{
	struct address_entry gone = *entry_at(tab, index);

	timing_wheel_remove(tab->wheel, index);
	user_lists_clear(tab->users, &gone.users);
	address_index_remove(&tab->addresses, index);
	notify(tab, event, gone.addr, gone.when);
}

static void
copy_entry(struct authtab *to, const struct authtab *from, uint32_t index)
{
	const struct address_entry *entry = entry_at(from, index);
	struct lease lease = address_entry_lease(entry);
	uint32_t copy = insert(to, &entry->addr, &lease);

	entry_at(to, copy)->users =
	    user_lists_copy(to->users, from->users, entry->users);
}

/* Moves all entries of `old` to the empty storage of tab, and frees theirs. */
static void
move_entries(struct authtab *tab, struct authtab *old)
{
	for (uint32_t i = address_index_next(&old->addresses, 1); i != 0;
	     i = address_index_next(&old->addresses, i + 1))
		copy_entry(tab, old, i);
	free_storage(old);
}

/* Gives memory back when most addresses have gone, by moving the others to
 * smaller storage. Seven were removed for each that moves, so the cost is
 * small. */
static void
shrink(struct authtab *tab)
{
	struct authtab old = *tab;

	if (!address_index_sparse(&tab->addresses))
		return;
	make_storage(tab, old.addresses.count * 2);
	move_entries(tab, &old);
}

/* ---- time ---- */

/*
 * Tidies the slot that begins with first: files again what was renewed, drops
 * what has expired. Returns the entry left in it that expires next, 0 if the
 * slot is empty now. With one_is_enough, or if all entries of a slot expire in
 * the same second, it stops at the first that is left.
 */
static uint32_t
tidy_slot(struct authtab *tab, uint32_t first, int64_t now, bool one_is_enough)
{
	struct timing_wheel *wheel = tab->wheel;
	uint32_t last = timing_wheel_last_beside(wheel, first), soonest = 0;
	uint32_t index = first, next;
	int64_t expires;

	for (;; index = next) {
		next = timing_wheel_after(wheel, index);
		expires = entry_at(tab, index)->expires;
		if (expires <= now) {
			drop(tab, index, AUTHTAB_EXPIRED);
		} else if (!timing_wheel_in_place(wheel, index, expires)) {
			timing_wheel_remove(wheel, index);
			timing_wheel_add(wheel, index, expires);
		} else {
			if (soonest == 0 ||
			    expires < entry_at(tab, soonest)->expires)
				soonest = index;
			if (one_is_enough || timing_wheel_exact(wheel))
				return soonest;
		}
		if (index == last)
			return soonest;
	}
}

/* The entry that expires next; 0 if the table is empty. */
static uint32_t
find_soonest(struct authtab *tab, int64_t now, bool one_is_enough)
{
	uint32_t first, index;

	while ((first = timing_wheel_first(tab->wheel, tab->now)) != 0) {
		index = tidy_slot(tab, first, now, one_is_enough);
		if (index != 0)
			return index;
	}
	return 0;
}

/* Moves the time on to now and drops what has expired. After that no slot
 * before tab->now has an entry, as timing_wheel_first() requires. */
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
	if (tab->addresses.count == 0)
		return 0;
	soonest = find_soonest(tab, now, false);
	return (uint32_t)(entry_at(tab, soonest)->expires - now);
}

void
authtab_set_max(struct authtab *tab, size_t max_addresses)
{
	assert(max_addresses > 0);
	tab->max = max_addresses < INT32_MAX ? (uint32_t)max_addresses
					     : (uint32_t)INT32_MAX;
	while (tab->addresses.count > tab->max)
		drop(tab, find_soonest(tab, tab->now, true), AUTHTAB_EVICTED);
	shrink(tab);
}

/* ---- granting ---- */

/* Makes room for an entry that expires then. -1 if the table is full and that
 * entry would be the first to expire. */
static int
make_room(struct authtab *tab, int64_t expires)
{
	uint32_t soonest;

	if (tab->addresses.count < tab->max)
		return 0;
	/* Where slots are wide, one of the next slot is near enough. */
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

/* Adds another login from an address. True if that moved its lease forward. */
static bool
renew(struct authtab *tab, struct address_entry *entry, const char *user,
      size_t user_len, const struct lease *login)
{
	struct lease all = address_entry_lease(entry);
	bool moved;

	if (user != NULL)
		user_lists_add(tab->users, &entry->users, user, user_len, login,
			       &all, tab->now);
	else
		user_lists_split(tab->users, &entry->users, &all);
	moved = lease_join(&all, login);
	address_entry_set_lease(entry, &all);
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

	index = address_index_find(&tab->addresses, &key);
	if (index == 0) {
		if (make_room(tab, until) < 0)
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
		notify(tab, (enum authtab_event)event, key,
		       entry_at(tab, index)->when);
	return event;
}

static void
release_user(const void *until, struct lease *lease)
{
	lease_release(lease, *(const int64_t *)until);
}

void
authtab_release(struct authtab *tab, const struct addr *addr, int64_t until)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index = address_index_find(&tab->addresses, &key);
	struct address_entry *entry = entry_at(tab, index);
	struct lease lease;

	if (index == 0 || entry->held == 0 || until >= entry->expires)
		return;
	lease = address_entry_lease(entry);
	lease_release(&lease, until);
	address_entry_set_lease(entry, &lease);
	user_lists_change(tab->users, entry->users, release_user, &until);
	if (entry->expires <= tab->now) {
		drop(tab, index, AUTHTAB_EXPIRED);
		shrink(tab);
		return;
	}
	timing_wheel_remove(tab->wheel, index);
	timing_wheel_add(tab->wheel, index, entry->expires);
	if (entry->expires < tab->due)
		tab->due = entry->expires;
}

/* How the leases change with new bounds: each grant lasts that much longer, no
 * session holds beyond latest, and nothing expires before now, since the wheel
 * has no slot for it. */
struct bounds {
	int64_t more, latest, now;
};

static void
change_lease(const void *arg, struct lease *lease)
{
	const struct bounds *bounds = arg;
	int64_t until = lease->held > 0 ? lease->expires : 0;

	if (until > bounds->latest)
		until = bounds->latest;
	lease_set(lease, lease_granted(lease) + bounds->more,
		  later(until, bounds->now));
}

/* Moves all entries to new storage, since longer leases need a larger wheel.
 * The next sweep drops what has expired. */
static void
change_bounds(struct authtab *tab, uint32_t longest, uint32_t hold, int64_t now)
{
	struct authtab old = *tab;
	struct bounds bounds;
	struct lease lease;

	if (now > tab->now)
		tab->now = now;
	bounds = (struct bounds){.more = (int64_t)longest - tab->longest,
				 .latest = tab->now + hold,
				 .now = tab->now};
	tab->longest = longest;
	tab->hold = hold;
	make_storage(tab, old.addresses.count * 2);
	for (uint32_t i = address_index_next(&old.addresses, 1); i != 0;
	     i = address_index_next(&old.addresses, i + 1)) {
		struct address_entry *entry = entry_at(&old, i);

		lease = address_entry_lease(entry);
		change_lease(&bounds, &lease);
		address_entry_set_lease(entry, &lease);
		user_lists_change(old.users, entry->users, change_lease,
				  &bounds);
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
	uint32_t index = address_index_find(&tab->addresses, &key);

	if (index == 0)
		return false;
	drop(tab, index, AUTHTAB_REMOVED);
	shrink(tab);
	return true;
}

/* ---- lookup ---- */

size_t
authtab_count(const struct authtab *tab)
{
	return tab->addresses.count;
}

static void
fill_row(const struct authtab *tab, const struct address_entry *entry,
	 struct authtab_row *out)
{
	struct user_lists_user users[USER_LISTS_LIST_MAX];
	struct lease all = address_entry_lease(entry);

	out->addr = entry->addr;
	out->when = (time_t)all.when;
	out->expires = all.expires;
	out->granted = lease_granted(&all);
	out->nusers = user_lists_get(tab->users, entry->users, &all, users);
	for (size_t i = 0; i < out->nusers; i++)
		out->users[i] = (struct authtab_user){
		    .name = users[i].name,
		    .when = (time_t)users[i].lease.when,
		    .expires = users[i].lease.expires,
		    .granted = lease_granted(&users[i].lease)};
}

bool
authtab_get(const struct authtab *tab, const struct addr *addr,
	    struct authtab_row *out)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index = address_index_find(&tab->addresses, &key);

	if (index == 0)
		return false;
	fill_row(tab, entry_at(tab, index), out);
	return true;
}

bool
authtab_next(const struct authtab *tab, size_t *at, struct authtab_row *out)
{
	uint32_t index =
	    address_index_next(&tab->addresses, *at == 0 ? 1 : (uint32_t)*at);

	if (index == 0)
		return false;
	*at = (size_t)index + 1;
	fill_row(tab, entry_at(tab, index), out);
	return true;
}
