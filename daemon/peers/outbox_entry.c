/* The entries of the outbox. */
#include "daemon/peers/outbox_state.h"

#include <string.h>

/* ---- entries ---- */

/* An entry that is being made. */
struct making {
	struct outbox_entry *entry;
	struct flight flight;
	struct peers_time now;
};

/* Counts the next record of that list as part of the entry. */
static void
take(struct outbox *o, struct making *m, int list)
{
	m->flight.any[list] = true;
	m->flight.places[list] =
	    sendlist_take(&o->lists[list], peers_steady(m->now));
}

/* A steady time, by the wall clock, as other hosts need it. */
static time_t
wall_of(int64_t steady, struct peers_time now)
{
	return (time_t)(steady - peers_steady(now) + peers_wall(now));
}

static time_t
earlier(time_t a, time_t b)
{
	return a < b ? a : b;
}

/* 1: written, or need not be; 0: it has ended, or was removed; -1: there is no
 * room. */
static int
write_login(struct outbox *o, const struct own_login *login,
	    const struct making *m)
{
	struct peer_entry_record record = {.kind = PEER_ENTRY_LOGIN,
					   .addr = outbox_address(login)};
	size_t head = 1 + outbox_address_bytes(&record.addr);

	if (outbox_is_over(o, login, peers_steady(m->now)))
		return 0;
	record.network = o->settings.networks && record.addr.family == 6;
	/* An address that is added in the second of its removal counts from the
	 * next. */
	record.when =
	    earlier((time_t)login->when, (time_t)peers_wall(m->now) + 1);
	record.until = earlier(wall_of(login->until, m->now),
			       record.when + (time_t)o->settings.grace);
	record.user = (const char *)login->key.bytes + head;
	record.user_len = login->key.len - head;
	if (record.until <= (time_t)peers_wall(m->now))
		return 1; /* by the wall clock, which may be set back again */
	return peer_entry_add(&m->entry->text, &record) ? 1 : -1;
}

static bool
write_logins(struct outbox *o, struct making *m)
{
	struct sendlist *list = &o->lists[LOGINS];
	struct own_login *login;
	int written;

	while ((login = sendlist_next(list)) != NULL) {
		written = write_login(o, login, m);
		if (written < 0)
			return false;
		if (written == 0)
			outbox_drop_login(o, login);
		else
			take(o, m, LOGINS);
	}
	return true;
}

/* Whether the holder need not be written yet, since the login itself authorizes
 * for more than a lease from now: after the session, that is enough; before, it
 * is if the session may turn out to be short. */
static bool
is_covered(const struct outbox *o, const struct holder *holder, int64_t now)
{
	if (holder->grant - (int64_t)o->settings.lease <= now)
		return false;
	return holder->ended || now - holder->since < o->lists[HOLDS].period;
}

static bool
write_holder(struct outbox *o, const struct own_hold *hold,
	     const struct holder *holder, const struct making *m)
{
	time_t now = (time_t)peers_wall(m->now);
	struct peer_entry_record record = {
	    .kind = PEER_ENTRY_HELD,
	    .addr = hold->addr,
	    .network = o->settings.networks && hold->addr.family == 6,
	    .when = earlier(holder->when, now),
	    .until = earlier(wall_of(holder->until, m->now),
			     now + (time_t)o->settings.lease),
	    .user = holder->user,
	    .user_len = holder->user_len,
	};

	return is_covered(o, holder, peers_steady(m->now)) ||
	       peer_entry_add(&m->entry->text, &record);
}

static void
drop_ended(struct outbox *o, struct own_hold *hold, int64_t now)
{
	for (size_t i = hold->count; i > 0; i--)
		if (hold->holders[i - 1]->until <= now ||
		    outbox_is_removed(o, &hold->addr,
				      hold->holders[i - 1]->when))
			outbox_drop_holder(hold, i - 1);
}

/* The holders of an address may be spread over several entries. */
static bool
write_holders(struct outbox *o, struct own_hold *hold, const struct making *m)
{
	for (; hold->written < hold->count; hold->written++)
		if (!write_holder(o, hold, hold->holders[hold->written], m))
			return false;
	hold->written = 0;
	return true;
}

static bool
write_holds(struct outbox *o, struct making *m)
{
	struct sendlist *list = &o->lists[HOLDS];
	struct own_hold *hold;

	while ((hold = sendlist_next(list)) != NULL) {
		drop_ended(o, hold, peers_steady(m->now));
		if (!write_holders(o, hold, m))
			return false;
		if (hold->count == 0)
			outbox_drop_hold(o, hold);
		else
			take(o, m, HOLDS);
	}
	return true;
}

static bool
write_removals(struct outbox *o, struct making *m)
{
	struct sendlist *list = &o->lists[REMOVED];
	time_t now = (time_t)peers_wall(m->now);
	struct peer_entry_record record = {.kind = PEER_ENTRY_REMOVED};
	struct own_removal *removal;

	while ((removal = sendlist_next(list)) != NULL) {
		if (removal->stamp + (time_t)o->settings.longest <= now) {
			sendlist_remove(list, removal);
			continue;
		}
		record.addr = removal->addr;
		record.network =
		    o->settings.networks && record.addr.family == 6;
		record.when = earlier(removal->stamp, now);
		if (!peer_entry_add(&m->entry->text, &record))
			return false;
		take(o, m, REMOVED);
	}
	return true;
}

static void
send_off(struct outbox *o, const struct making *m)
{
	struct outbox_entry *entry = m->entry;
	struct peers_time now = m->now;

	o->flights[(o->first + o->nflights) % OUTBOX_IN_FLIGHT_MAX] = m->flight;
	o->nflights++;
	o->sent_ms = now.steady_ms;
	entry->mark = outbox_given(o, entry->id, peers_steady(now));
}

static bool
has_any(const struct flight *flight)
{
	for (size_t i = 0; i < LISTS; i++)
		if (flight->any[i])
			return true;
	return false;
}

static bool
is_silent(const struct outbox *o, struct peers_time now)
{
	return o->sent_ms == 0 ||
	       now.steady_ms - o->sent_ms >= OUTBOX_HEARTBEAT_MS;
}

bool
outbox_take(struct outbox *o, struct outbox_entry *entry, struct peers_time now)
{
	struct peer_entry_head head = {.sent = (time_t)peers_wall(now),
				       .epoch = o->epoch,
				       .seq = o->seq + o->nflights + 1};
	struct making m = {.entry = entry, .now = now};

	for (size_t i = 0; i < LISTS; i++)
		sendlist_move(&o->lists[i], peers_steady(now));
	if (!o->ready || o->nflights == OUTBOX_IN_FLIGHT_MAX)
		return false;
	entry->id = outbox_next_id(o, now);
	if (streamid_compare(entry->id, o->last) <= 0)
		return false; /* there is no higher one */
	peer_entry_begin(&entry->text, &head);
	m.flight.id = entry->id;
	if (write_removals(o, &m) && write_holds(o, &m) && write_logins(o, &m))
		o->fresh = 0;
	if (entry->text.records == 0 && !has_any(&m.flight) &&
	    !is_silent(o, now))
		return false;
	send_off(o, &m);
	return true;
}

static bool
has_unsent(const struct outbox *o)
{
	for (size_t i = 0; i < LISTS; i++)
		if (sendlist_next(&o->lists[i]) != NULL)
			return true;
	return false;
}

int64_t
outbox_wait_ms(const struct outbox *o, struct peers_time now)
{
	int64_t tick =
	    hashmap_count(o->lists[HOLDS].map) > 0 ? 1000 : OUTBOX_HEARTBEAT_MS;
	int64_t silent = o->sent_ms + OUTBOX_HEARTBEAT_MS - now.steady_ms;
	int64_t fresh = o->fresh_ms + OUTBOX_GATHER_MS - now.steady_ms;

	if (!o->ready || o->nflights == OUTBOX_IN_FLIGHT_MAX)
		return tick;
	if (o->fresh >= PEER_ENTRY_RECORDS_MAX)
		return 0;
	if (has_unsent(o))
		return o->fresh > 0 && fresh > 0 ? fresh : 0;
	if (silent < tick)
		tick = silent;
	return tick > 0 ? tick : 0;
}
