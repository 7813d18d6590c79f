#include "daemon/table/authtab_state.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/table/rule_names.h"
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

/* ---- life ---- */

void
authtab_make_storage(struct authtab *tab, uint32_t about)
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
	tab->rules = rule_names_new();
	authtab_make_storage(tab, 0);
	authtab_set_max(tab, max_addresses);
	return tab;
}

void
authtab_free(struct authtab **tab)
{
	if (*tab == NULL)
		return;
	free_storage(*tab);
	rule_names_free(&(*tab)->rules);
	free(*tab);
	*tab = NULL;
}

void
authtab_notify(struct authtab *tab, enum authtab_event event, struct addr addr,
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

uint64_t
authtab_hash(const struct authtab *tab, const struct addr *addr)
{
	struct addr key = authtab_key(tab, addr);

	return address_index_hash(&tab->addresses, &key);
}

/* Each step reads what the step before has fetched. If the address is not the
 * first of its chain, another entry is fetched, which does no harm. */
void
authtab_prefetch(const struct authtab *tab, uint64_t hash, int step)
{
	uint32_t index;

	if (step == 0) {
		address_index_prefetch_head(&tab->addresses, hash);
		return;
	}
	index = address_index_prefetch_entry(&tab->addresses, hash);
	if (step == 2)
		user_lists_prefetch(tab->users, tab->addresses.at[index].users);
}

/* ---- entries ---- */

static uint32_t
insert(struct authtab *tab, const struct addr *addr, const struct lease *lease)
{
	uint32_t index = address_index_add(&tab->addresses, addr);

	address_entry_set_lease(authtab_entry(tab, index), lease);
	timing_wheel_add(tab->wheel, index, lease->expires);
	if (lease->expires < tab->due)
		tab->due = lease->expires;
	return index;
}

void
authtab_drop(struct authtab *tab, uint32_t index, enum authtab_event event)
{
	struct address_entry gone = *authtab_entry(tab, index);

	timing_wheel_remove(tab->wheel, index);
	user_lists_clear(tab->users, &gone.users);
	address_index_remove(&tab->addresses, index);
	authtab_notify(tab, event, gone.addr, gone.when);
}

static void
copy_entry(struct authtab *to, const struct authtab *from, uint32_t index)
{
	const struct address_entry *entry = authtab_entry(from, index);
	struct lease lease = address_entry_lease(entry);
	uint32_t copy = insert(to, &entry->addr, &lease);

	authtab_entry(to, copy)->users =
	    user_lists_copy(to->users, from->users, entry->users);
}

void
authtab_move_entries(struct authtab *tab, struct authtab *old)
{
	for (uint32_t i = address_index_next(&old->addresses, 1); i != 0;
	     i = address_index_next(&old->addresses, i + 1))
		copy_entry(tab, old, i);
	free_storage(old);
}

void
authtab_shrink(struct authtab *tab)
{
	struct authtab old = *tab;

	if (!address_index_sparse(&tab->addresses))
		return;
	authtab_make_storage(tab, old.addresses.count * 2);
	authtab_move_entries(tab, &old);
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
		expires = authtab_entry(tab, index)->expires;
		if (expires <= now) {
			authtab_drop(tab, index, AUTHTAB_EXPIRED);
		} else if (!timing_wheel_in_place(wheel, index, expires)) {
			timing_wheel_remove(wheel, index);
			timing_wheel_add(wheel, index, expires);
		} else {
			if (soonest == 0 ||
			    expires < authtab_entry(tab, soonest)->expires)
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
	int64_t from = tab->now;
	uint32_t first, index;

	while ((first = timing_wheel_first(tab->wheel, &from)) != 0) {
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
		    soonest ? authtab_entry(tab, soonest)->expires : INT64_MAX;
	}
	tab->now = now;
	authtab_shrink(tab);
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
	return (uint32_t)(authtab_entry(tab, soonest)->expires - now);
}

void
authtab_set_max(struct authtab *tab, size_t max_addresses)
{
	assert(max_addresses > 0);
	tab->max = max_addresses < INT32_MAX ? (uint32_t)max_addresses
					     : (uint32_t)INT32_MAX;
	while (tab->addresses.count > tab->max)
		authtab_drop(tab, find_soonest(tab, tab->now, true), AUTHTAB_EVICTED);
	authtab_shrink(tab);
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
	if (authtab_entry(tab, soonest)->expires > expires)
		return -1;
	authtab_drop(tab, soonest, AUTHTAB_EVICTED);
	return 0;
}

/* Adds another login from an address. True if that moved its lease forward. */
static bool
renew(struct authtab *tab, struct address_entry *entry,
      const struct authtab_login *login, const struct lease *lease)
{
	struct lease all = address_entry_lease(entry);
	bool moved;

	user_lists_add(tab->users, &entry->users, login->user, login->user_len,
		       lease, &all, tab->now);
	moved = lease_join(&all, lease);
	address_entry_set_lease(entry, &all);
	return moved;
}

/* The lease that a login grants within the table's limits. False: it has
 * already expired. */
static bool
bound(const struct authtab *tab, const struct authtab_login *login,
      struct lease *out)
{
	int64_t expires = login->expires, until = login->until;

	if (expires > tab->now + tab->longest)
		expires = tab->now + tab->longest;
	if (until > tab->now + tab->hold)
		until = tab->now + tab->hold;
	*out = (struct lease){.when = login->when,
			      .rule = (uint16_t)login->rule,
			      .own = !login->remote};
	lease_set(out, expires, until);
	return out->expires > tab->now;
}

int
authtab_grant(struct authtab *tab, const struct authtab_login *login,
	      int64_t now)
{
	struct addr key = authtab_key(tab, &login->addr);
	int event = AUTHTAB_RENEWED;
	struct lease lease;
	uint32_t index;

	assert(key.family != 0);
	if (now > tab->now)
		advance(tab, now);
	if (!bound(tab, login, &lease))
		return -1;
	index = address_index_find(&tab->addresses, &key);
	if (index == 0) {
		if (make_room(tab, lease.expires) < 0)
			return -1;
		index = insert(tab, &key, &lease);
		user_lists_add(tab->users, &authtab_entry(tab, index)->users,
			       login->user, login->user_len, &lease, NULL,
			       tab->now);
		event = AUTHTAB_ADDED;
	} else if (!renew(tab, authtab_entry(tab, index), login, &lease)) {
		event = -1;
	}
	if (event >= 0)
		authtab_notify(tab, (enum authtab_event)event, key,
			       authtab_entry(tab, index)->when);
	return event;
}

bool
authtab_remove(struct authtab *tab, const struct addr *addr)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index = address_index_find(&tab->addresses, &key);

	if (index == 0)
		return false;
	authtab_drop(tab, index, AUTHTAB_REMOVED);
	authtab_shrink(tab);
	return true;
}

/* ---- lookup ---- */

size_t
authtab_count(const struct authtab *tab)
{
	return tab->addresses.count;
}

unsigned int
authtab_rule(struct authtab *tab, const char *name)
{
	return rule_names_number(tab->rules, name);
}

static struct authtab_user
user_row(const struct authtab *tab, const char *name, const struct lease *lease)
{
	return (struct authtab_user){.name = name,
				     .when = (time_t)lease->when,
				     .expires = lease->expires,
				     .granted = lease_granted(lease),
				     .rule = rule_names_text(tab->rules,
							     lease->rule),
				     .own = lease->own};
}

static void
fill_row(const struct authtab *tab, const struct address_entry *entry,
	 struct authtab_row *out)
{
	struct user_lists_user users[USER_LISTS_LIST_MAX];
	struct lease all = address_entry_lease(entry), rest;

	out->addr = entry->addr;
	out->when = (time_t)all.when;
	out->expires = all.expires;
	out->granted = lease_granted(&all);
	out->rule = rule_names_text(tab->rules, all.rule);
	out->own = all.own;
	out->nusers = user_lists_get(tab->users, entry->users, &all, users);
	for (size_t i = 0; i < out->nusers; i++)
		out->users[i] = user_row(tab, users[i].name, &users[i].lease);
	out->has_rest = user_lists_rest(tab->users, entry->users, &rest);
	if (out->has_rest)
		out->rest = user_row(tab, NULL, &rest);
}

bool
authtab_get(const struct authtab *tab, const struct addr *addr,
	    struct authtab_row *out)
{
	struct addr key = authtab_key(tab, addr);
	uint32_t index = address_index_find(&tab->addresses, &key);

	if (index == 0)
		return false;
	fill_row(tab, authtab_entry(tab, index), out);
	return true;
}

/* NULL: there are no more. */
static const struct address_entry *
next_entry(const struct authtab *tab, size_t *at)
{
	uint32_t index =
	    address_index_next(&tab->addresses, *at == 0 ? 1 : (uint32_t)*at);

	if (index == 0)
		return NULL;
	*at = (size_t)index + 1;
	return authtab_entry(tab, index);
}

bool
authtab_next(const struct authtab *tab, size_t *at, struct authtab_row *out)
{
	const struct address_entry *entry = next_entry(tab, at);

	if (entry == NULL)
		return false;
	fill_row(tab, entry, out);
	return true;
}

bool
authtab_next_address(const struct authtab *tab, size_t *at,
		     struct authtab_address *out)
{
	const struct address_entry *entry = next_entry(tab, at);
	struct lease lease;

	if (entry == NULL)
		return false;
	lease = address_entry_lease(entry);
	*out = (struct authtab_address){.addr = entry->addr,
					.when = (time_t)lease.when,
					.expires = lease.expires,
					.own = lease.own};
	return true;
}
