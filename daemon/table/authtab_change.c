/* Shortens and withdraws authorizations. */
#include "daemon/table/authtab_state.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/table/rule_names.h"
#include "daemon/table/timing_wheel.h"
#include "daemon/table/user_lists.h"

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Moves an entry, which may now expire earlier, to its slot in the wheel. */
static void
refile(struct authtab *tab, uint32_t index)
{
	int64_t expires = authtab_entry(tab, index)->expires;

	timing_wheel_remove(tab->wheel, index);
	timing_wheel_add(tab->wheel, index, expires);
	if (expires < tab->due)
		tab->due = expires;
}

/* ---- sessions ---- */

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
	struct address_entry *entry = authtab_entry(tab, index);
	struct lease lease;

	if (index == 0 || entry->held == 0 || until >= entry->expires)
		return;
	lease = address_entry_lease(entry);
	lease_release(&lease, until);
	address_entry_set_lease(entry, &lease);
	user_lists_change(tab->users, entry->users, release_user, &until);
	if (entry->expires <= tab->now) {
		authtab_drop(tab, index, AUTHTAB_EXPIRED);
		authtab_shrink(tab);
		return;
	}
	refile(tab, index);
}

/* ---- bounds ---- */

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
	authtab_make_storage(tab, old.addresses.count * 2);
	for (uint32_t i = address_index_next(&old.addresses, 1); i != 0;
	     i = address_index_next(&old.addresses, i + 1)) {
		struct address_entry *entry = authtab_entry(&old, i);

		lease = address_entry_lease(entry);
		change_lease(&bounds, &lease);
		user_lists_change(old.users, entry->users, change_lease,
				  &bounds);
		user_lists_join(old.users, entry->users, &lease);
		address_entry_set_lease(entry, &lease);
	}
	authtab_move_entries(tab, &old);
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

/* ---- rules ---- */

/* Removes what refused rules have granted to an address. Returns the number of
 * one such rule; 0: none has granted anything. */
static uint16_t
withdraw_entry(struct authtab *tab, uint32_t index, const bool *refused)
{
	struct address_entry *entry = authtab_entry(tab, index);
	struct lease all = address_entry_lease(entry);
	uint16_t rule;
	bool left = user_lists_withdraw(tab->users, &entry->users, refused,
					&all, &rule);

	if (rule == 0)
		return 0;
	if (!left || all.expires <= tab->now) {
		authtab_drop(tab, index, AUTHTAB_REMOVED);
		return rule;
	}
	address_entry_set_lease(entry, &all);
	refile(tab, index);
	authtab_notify(tab, AUTHTAB_SHORTENED, entry->addr, entry->when);
	return rule;
}

static void
withdraw_all(struct authtab *tab, const bool *refused,
	     authtab_withdrawn_fn *report, void *arg)
{
	uint16_t rule;

	for (uint32_t i = address_index_next(&tab->addresses, 1); i != 0;
	     i = address_index_next(&tab->addresses, i + 1)) {
		struct addr addr = authtab_entry(tab, i)->addr;

		rule = withdraw_entry(tab, i, refused);
		if (rule != 0 && report != NULL)
			report(arg, &addr, rule_names_text(tab->rules, rule),
			       authtab_entry(tab, i)->addr.family == 0);
	}
	authtab_shrink(tab);
}

void
authtab_withdraw(struct authtab *tab, authtab_rule_fn *out_of_force,
		 authtab_withdrawn_fn *report, void *arg)
{
	uint32_t count = rule_names_greatest(tab->rules) + 1u;
	bool *refused = alloc_zero(count, sizeof(*refused)), any = false;

	for (uint32_t i = 1; i < count; i++) {
		const char *name = rule_names_text(tab->rules, (uint16_t)i);

		refused[i] = name != NULL && out_of_force(arg, name);
		any |= refused[i];
	}
	if (any)
		withdraw_all(tab, refused, report, arg);
	for (uint32_t i = 1; i < count; i++)
		if (refused[i])
			rule_names_forget(tab->rules, (uint16_t)i);
	free(refused);
}
