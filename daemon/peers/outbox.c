#include "daemon/peers/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "daemon/peers/outbox_state.h"
#include "daemon/table/removals.h"

/* Seconds. A login renewed shortly after it was sent is sent again a quarter of
 * the grace after that, or after this time if it is less. */
enum { PAUSE_MAX = 30 };

/* ---- life ---- */

void
outbox_drop_login(struct outbox *o, struct own_login *login)
{
	void *bytes = (void *)(uintptr_t)login->key.bytes;

	sendlist_remove(&o->lists[LOGINS], login);
	free(bytes);
}

void
outbox_drop_holder(struct own_hold *hold, size_t at)
{
	free(hold->holders[at]);
	hold->holders[at] = hold->holders[--hold->count];
}

void
outbox_drop_hold(struct outbox *o, struct own_hold *hold)
{
	while (hold->count > 0)
		outbox_drop_holder(hold, 0);
	free(hold->holders);
	sendlist_remove(&o->lists[HOLDS], hold);
}

void
outbox_set(struct outbox *o, const struct outbox_settings *settings)
{
	uint32_t quarter = settings->grace / 4;
	struct own_hold *hold;

	o->settings = *settings;
	o->lists[LOGINS].period = settings->refresh;
	o->lists[LOGINS].pause = quarter < PAUSE_MAX ? quarter : PAUSE_MAX;
	o->lists[HOLDS].period = settings->lease / 3;
	o->lists[HOLDS].pause = settings->lease / 3;
	o->lists[REMOVED].period = settings->refresh;
	while (!settings->sessions &&
	       (hold = hashmap_next(o->lists[HOLDS].map, NULL)) != NULL)
		outbox_drop_hold(o, hold);
}

struct outbox *
outbox_new(const struct outbox_settings *settings,
	   const struct outbox_removals *removals, struct peers_time now)
{
	struct outbox *o = alloc_zero(1, sizeof(*o));

	o->removals = *removals;
	o->epoch = (time_t)peers_wall(now);
	sendlist_open(&o->lists[LOGINS], sizeof(struct own_login),
		      HASHMAP_KEY_OUTSIDE, offsetof(struct own_login, mark),
		      peers_steady(now));
	sendlist_open(&o->lists[HOLDS], sizeof(struct own_hold),
		      sizeof(struct addr), offsetof(struct own_hold, mark),
		      peers_steady(now));
	sendlist_open(&o->lists[REMOVED], sizeof(struct own_removal),
		      sizeof(struct addr), offsetof(struct own_removal, mark),
		      peers_steady(now));
	outbox_set(o, settings);
	return o;
}

void
outbox_free(struct outbox **outbox)
{
	struct outbox *o = *outbox;
	void *element;

	if (o == NULL)
		return;
	while ((element = hashmap_next(o->lists[LOGINS].map, NULL)) != NULL)
		outbox_drop_login(o, element);
	while ((element = hashmap_next(o->lists[HOLDS].map, NULL)) != NULL)
		outbox_drop_hold(o, element);
	for (size_t i = 0; i < LISTS; i++)
		sendlist_close(&o->lists[i]);
	free(o);
	*outbox = NULL;
}

/* ---- what happens here ---- */

/* Counts a record that has to be sent soon. */
static void
freshen(struct outbox *o, struct peers_time now)
{
	if (o->fresh++ == 0)
		o->fresh_ms = now.steady_ms;
}

bool
outbox_is_removed(const struct outbox *o, const struct addr *addr, time_t when)
{
	return removals_cover(o->removals.own, addr, when) ||
	       removals_cover(o->removals.others, addr, when);
}

bool
outbox_is_over(const struct outbox *o, const struct own_login *login,
	       int64_t now)
{
	struct addr addr = outbox_address(login);

	return (int64_t)login->until <= now ||
	       outbox_is_removed(o, &addr, (time_t)login->when);
}

/* An address may have any number of users, so a removal may end any login; to
 * look at all of them can wait until somebody asks for the count. */
size_t
outbox_count(struct outbox *o, struct peers_time now)
{
	struct hashmap *map = o->lists[LOGINS].map;
	struct own_login *login, *next;

	login = o->removed ? hashmap_next(map, NULL) : NULL;
	for (; login != NULL; login = next) {
		next = hashmap_next(map, login);
		if (outbox_is_over(o, login, peers_steady(now)))
			outbox_drop_login(o, login);
	}
	o->removed = false;
	return hashmap_count(map);
}

static size_t
clip_user(const char *user, size_t len)
{
	if (user == NULL)
		return 0;
	return len < PEER_ENTRY_USER_MAX ? len : PEER_ENTRY_USER_MAX;
}

/* Finds or adds a login. One that has ended or was removed is replaced by a new
 * one, which is sent at once. */
static struct own_login *
put_login(struct outbox *o, const struct addr *addr, const char *user,
	  size_t user_len, int64_t now)
{
	size_t head = 1 + outbox_address_bytes(addr);
	char bytes[LOGIN_KEY_MAX];
	struct hashmap_key key = {bytes, head + user_len};
	struct own_login *login;

	bytes[0] = (char)addr->family;
	memcpy(bytes + 1, addr->bytes, head - 1);
	if (user_len > 0)
		memcpy(bytes + head, user, user_len);
	login = hashmap_find(o->lists[LOGINS].map, &key);
	if (login != NULL && !outbox_is_over(o, login, now))
		return login;
	if (login != NULL)
		outbox_drop_login(o, login);
	if (hashmap_count(o->lists[LOGINS].map) >= o->settings.max)
		outbox_drop_login(o, hashmap_next(o->lists[LOGINS].map, NULL));
	key.bytes = alloc_bytes(bytes, key.len);
	return sendlist_put(&o->lists[LOGINS], &key);
}

void
outbox_login(struct outbox *o, const struct addr *addr, const char *user,
	     size_t user_len, time_t when, int64_t until, struct peers_time now)
{
	struct own_login *login;

	if (until <= peers_steady(now))
		return;
	login = put_login(o, addr, user, clip_user(user, user_len),
			  peers_steady(now));
	if ((uint32_t)when <= login->when && (uint32_t)until <= login->until)
		return;
	if ((uint32_t)when > login->when)
		login->when = (uint32_t)when;
	if ((uint32_t)until > login->until)
		login->until = (uint32_t)until;
	if (sendlist_change(&o->lists[LOGINS], login, peers_steady(now)))
		freshen(o, now);
}

static struct holder *
find_holder(struct own_hold *hold, const char *user, size_t len)
{
	for (size_t i = 0; i < hold->count; i++)
		if (hold->holders[i]->user_len == len &&
		    memcmp(hold->holders[i]->user, user, len) == 0)
			return hold->holders[i];
	return NULL;
}

static struct holder *
add_holder(struct own_hold *hold, const char *user, size_t len)
{
	struct holder *holder =
	    alloc_zero(1, offsetof(struct holder, user) + len);
	size_t oldest = 0;

	holder->user_len = (uint8_t)len;
	memcpy(holder->user, user, len);
	if (hold->count == OUTBOX_HOLD_USERS_MAX) {
		for (size_t i = 1; i < hold->count; i++)
			if (hold->holders[i]->when <
			    hold->holders[oldest]->when)
				oldest = i;
		outbox_drop_holder(hold, oldest);
	}
	hold->holders = alloc_resize(hold->holders, hold->count + 1,
				     sizeof(*hold->holders));
	return hold->holders[hold->count++] = holder;
}

/* Until when the login itself authorizes, by the steady clock. */
static int64_t
granted(const struct outbox *o, time_t when, struct peers_time now)
{
	return peers_steady(now) + (int64_t)when - peers_wall(now) +
	       o->settings.grace;
}

void
outbox_hold(struct outbox *o, const struct addr *addr, const char *user,
	    size_t user_len, time_t when, int64_t until, struct peers_time now)
{
	size_t len = clip_user(user, user_len);
	struct holder *holder;
	struct own_hold *hold;

	if (until <= peers_steady(now))
		return;
	user = len > 0 ? user : "";
	hold = sendlist_put(&o->lists[HOLDS], addr);
	holder = find_holder(hold, user, len);
	if (holder == NULL)
		holder = add_holder(hold, user, len);
	if (when > holder->when) {
		holder->when = when;
		holder->grant = granted(o, when, now);
	}
	if (until > holder->until)
		holder->until = until;
	holder->since = peers_steady(now);
	holder->ended = false;
	freshen(o, now);
}

/*
 * The address remains authorized for a grace after the end of its last session.
 * The login itself granted a grace, too: what the session adds is its own
 * length. If that is less than a lease, it is not worth a message.
 */
void
outbox_release(struct outbox *o, const struct addr *addr, int64_t until,
	       bool open, struct peers_time now)
{
	struct own_hold *hold = hashmap_find(o->lists[HOLDS].map, addr);
	struct holder *holder;

	if (hold == NULL)
		return;
	for (size_t i = hold->count; i > 0; i--) {
		holder = hold->holders[i - 1];
		if (until < holder->until)
			holder->until = until;
		holder->ended = !open;
		if (holder->until <= peers_steady(now) ||
		    (!open && holder->until <=
				  holder->grant + (int64_t)o->settings.lease))
			outbox_drop_holder(hold, i - 1);
	}
	if (hold->count == 0)
		outbox_drop_hold(o, hold);
}

void
outbox_remove(struct outbox *o, const struct addr *addr, time_t stamp,
	      struct peers_time now)
{
	struct own_hold *hold = hashmap_find(o->lists[HOLDS].map, addr);
	struct own_removal *removal;

	o->removed = true;
	if (hold != NULL)
		outbox_drop_hold(o, hold);
	removal = sendlist_put(&o->lists[REMOVED], addr);
	if (stamp > removal->stamp)
		removal->stamp = stamp;
	sendlist_change(&o->lists[REMOVED], removal, peers_steady(now));
	freshen(o, now);
	if (hashmap_count(o->lists[REMOVED].map) > REMOVALS_MAX)
		sendlist_remove(&o->lists[REMOVED],
				hashmap_next(o->lists[REMOVED].map, NULL));
}

void
outbox_others_removed(struct outbox *o)
{
	o->removed = true;
}

static void
withdraw_holds(struct outbox *o, outbox_vouches_fn *vouches, void *arg)
{
	struct hashmap *map = o->lists[HOLDS].map;
	struct own_hold *hold, *next;

	for (hold = hashmap_next(map, NULL); hold != NULL; hold = next) {
		next = hashmap_next(map, hold);
		if (!vouches(arg, &hold->addr, true))
			outbox_drop_hold(o, hold);
	}
}

void
outbox_withdraw(struct outbox *o, outbox_vouches_fn *vouches, void *arg)
{
	struct hashmap *map = o->lists[LOGINS].map;
	struct own_login *login, *next;
	struct addr addr;

	for (login = hashmap_next(map, NULL); login != NULL; login = next) {
		next = hashmap_next(map, login);
		addr = outbox_address(login);
		if (!vouches(arg, &addr, false))
			outbox_drop_login(o, login);
	}
	withdraw_holds(o, vouches, arg);
}
