/*
 * What a host tells the others: whatever the link and the stream lose, whoever
 * reads the stream from its beginning knows in the end all logins that have not
 * ended, and nothing beyond them.
 */
#include "daemon/peers/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "daemon/table/removals.h"
#include "tests/chance.h"
#include "tests/tap.h"

enum {
	GRACE = 600,
	REFRESH = 60,
	LEASE = 30,
	LONGEST = 86400,
	PAUSE = 30,    /* of renewals */
	LATE_MAX = 10, /* lines of the log */
	ADDRESSES = 40,
	USERS = 3,
	START = 1700000000,
};

static const struct outbox_settings settings = {.grace = GRACE,
						.refresh = REFRESH,
						.lease = LEASE,
						.longest = LONGEST,
						.max = 1000,
						.sessions = true};

/* What happens beside logins, removals and the loss of the link. */
enum world_kind { LINK, JUMPS, LOSSES };

static struct addr
address(int n)
{
	struct addr addr = {.family = 4, .bytes = {192, 0, 2, (uint8_t)n}};

	return addr;
}

/* ---- an engine, and what is on its way to it ---- */

enum { STREAM_MAX = 20000, WAY_MAX = 2 * OUTBOX_IN_FLIGHT_MAX };

struct stored {
	struct streamid id;
	struct peer_entry entry;
	char *text;
};

struct world {
	struct outbox *outbox;
	struct removals *removals;
	struct peers_time now;
	bool up, lossy, doubled;
	struct streamid top;
	struct stored *stream[STREAM_MAX];
	size_t nstream;
	struct outbox_entry *way[WAY_MAX], *late[WAY_MAX];
	size_t nway, nlate;
	uint64_t seq; /* of a reader who has seen all */
	/* The truth: by steady seconds; 0: none. */
	struct {
		time_t when;
		int64_t until;
		int64_t renewed;
	} own[ADDRESSES][USERS];
	time_t removed[ADDRESSES];
};

static int64_t
steady(const struct world *w)
{
	return peers_steady(w->now);
}

static void
drop_stored(struct world *w, size_t at, size_t count)
{
	for (size_t i = at; i < at + count; i++) {
		free(w->stream[i]->text);
		free(w->stream[i]);
	}
	memmove(w->stream + at, w->stream + at + count,
		(w->nstream - at - count) * sizeof(w->stream[0]));
	w->nstream -= count;
}

/* A reader who is always there sees each entry as it comes. */
static void
see(struct world *w, const struct peer_entry *entry)
{
	if (entry->head.seq > w->seq + 1 && !w->lossy)
		ok(false, "SEQ %llu came after %llu",
		   (unsigned long long)entry->head.seq,
		   (unsigned long long)w->seq);
	if (entry->head.seq > w->seq)
		w->seq = entry->head.seq;
}

/* As XADD with an id of our own: refused if it is not above the last. */
static bool
append(struct world *w, const struct outbox_entry *entry)
{
	const struct peer_entry_limits limits = {peers_wall(w->now) + 86400, 0,
						 LONGEST};
	struct stored *stored;
	size_t old = 0;

	if (streamid_compare(entry->id, w->top) <= 0)
		return false;
	while (old < w->nstream &&
	       streamid_compare(w->stream[old]->id, entry->mark) < 0)
		old++;
	drop_stored(w, 0, old);
	stored = alloc_zero(1, sizeof(*stored));
	stored->id = w->top = entry->id;
	stored->text = alloc_bytes(entry->text.bytes, entry->text.len);
	if (w->nstream == STREAM_MAX ||
	    peer_entry_read(&stored->entry, stored->text, entry->text.len,
			    &limits) != PEER_ENTRY_GOOD) {
		ok(false, "refused: %s", stored->text);
		exit(1);
	}
	see(w, &stored->entry);
	w->stream[w->nstream++] = stored;
	return true;
}

/* The first on its way arrives, and is confirmed. */
static void
arrive(struct world *w)
{
	struct outbox_entry *entry;

	if (w->nway == 0)
		return;
	entry = w->way[0];
	memmove(w->way, w->way + 1, --w->nway * sizeof(w->way[0]));
	if (append(w, entry))
		outbox_confirm(w->outbox, entry->id);
	else
		w->doubled = true;
	free(entry);
}

/* What was on its way may still arrive, later, as far as the engine had got it;
 * nobody hears of it then. */
static void
lose_link(struct world *w)
{
	size_t got = (size_t)chance((int)w->nway + 1);

	w->up = false;
	outbox_disconnected(w->outbox);
	for (size_t i = 0; i < w->nway; i++)
		if (i < got && w->nlate < WAY_MAX)
			w->late[w->nlate++] = w->way[i];
		else
			free(w->way[i]);
	w->nway = 0;
}

static void
arrive_late(struct world *w)
{
	struct outbox_entry *entry;

	if (w->nlate == 0)
		return;
	entry = w->late[0];
	memmove(w->late, w->late + 1, --w->nlate * sizeof(w->late[0]));
	append(w, entry);
	free(entry);
}

static void
connect_again(struct world *w)
{
	if (w->up)
		return;
	w->up = true;
	outbox_connected(w->outbox, w->top, w->now);
}

/* NOMKSTREAM keeps them from a stream that was deleted, and another master
 * never had them. */
static void
lose_late(struct world *w)
{
	while (w->nlate > 0)
		free(w->late[--w->nlate]);
}

static void
delete_stream(struct world *w)
{
	lose_late(w);
	drop_stored(w, 0, w->nstream);
	w->top = (struct streamid){0, 0};
	w->lossy = true;
	if (!w->up)
		return;
	for (size_t i = 0; i < w->nway; i++)
		free(w->way[i]);
	w->nway = 0;
	outbox_deleted(w->outbox);
}

/* As if a replica that lacked the last entries had become the master. */
static void
lose_end(struct world *w)
{
	size_t lost = (size_t)chance((int)(w->nstream < 20 ? w->nstream : 20) + 1);

	lose_link(w);
	lose_late(w);
	drop_stored(w, w->nstream - lost, lost);
	w->top = w->nstream > 0 ? w->stream[w->nstream - 1]->id
				: (struct streamid){0, 0};
	w->lossy = true;
}

static void
send_all(struct world *w)
{
	struct outbox_entry entry;

	while (w->nway < WAY_MAX && outbox_take(w->outbox, &entry, w->now)) {
		w->way[w->nway] = alloc_zero(1, sizeof(entry));
		*w->way[w->nway++] = entry;
	}
}

/* ---- what happens ---- */

static void
log_in(struct world *w)
{
	static const char *const users[USERS] = {"ann", "bob@example.org", ""};
	int a = chance(ADDRESSES), u = chance(USERS);
	struct addr addr = address(a);
	time_t when = (time_t)peers_wall(w->now) - chance(LATE_MAX);
	int64_t until = steady(w) + when - peers_wall(w->now) + GRACE;

	if (when <= w->removed[a])
		return; /* the pipeline refuses it */
	outbox_login(w->outbox, &addr, users[u], strlen(users[u]), when, until,
		     w->now);
	if (w->own[a][u].until <= steady(w))
		w->own[a][u].when = 0;
	if (when > w->own[a][u].when)
		w->own[a][u].when = when;
	if (until > w->own[a][u].until)
		w->own[a][u].until = until;
	w->own[a][u].renewed = steady(w);
}

static void
remove_one(struct world *w)
{
	int a = chance(ADDRESSES);
	struct addr addr = address(a);
	time_t stamp = (time_t)peers_wall(w->now);

	removals_add(w->removals, &addr, stamp, stamp);
	outbox_remove(w->outbox, &addr, stamp, w->now);
	if (stamp > w->removed[a])
		w->removed[a] = stamp;
}

static void
pass_time(struct world *w, int64_t ms)
{
	w->now.steady_ms += ms;
	w->now.wall_ms += ms;
}

static void
jump(struct world *w)
{
	w->now.wall_ms += (chance(7200) - 3600) * 1000;
}

static void
step(struct world *w, enum world_kind kind)
{
	int n = chance(kind == LOSSES ? 1000 : 980);

	if (n < 350)
		log_in(w);
	else if (n < 600)
		pass_time(w, chance(1500));
	else if (n < 800)
		send_all(w);
	else if (n < 940)
		arrive(w);
	else if (n < 950)
		lose_link(w);
	else if (n < 970)
		connect_again(w);
	else if (n < 975)
		arrive_late(w);
	else if (n < 978)
		remove_one(w);
	else if (n < 980 && kind == JUMPS)
		jump(w);
	else if (n >= 990)
		delete_stream(w);
	else if (n >= 980)
		lose_end(w);
}

/* ---- what a reader who comes late knows ---- */

struct known {
	time_t until[ADDRESSES][USERS], removed[ADDRESSES];
	bool strange;
};

static int
user_of(const struct peer_entry_record *record)
{
	if (record->user == NULL)
		return 2;
	return record->user_len == 3 ? 0 : 1;
}

static void
read_record(struct known *known, const struct peer_entry_record *record)
{
	int a = record->addr.bytes[3], u = user_of(record);

	if (record->kind == PEER_ENTRY_REMOVED) {
		if (record->when > known->removed[a])
			known->removed[a] = record->when;
		for (u = 0; u < USERS; u++)
			known->until[a][u] = 0;
		return;
	}
	if (record->until > record->when + GRACE)
		known->strange = true;
	if (record->when > known->removed[a] &&
	    record->until > known->until[a][u])
		known->until[a][u] = record->until;
}

/* After a jump of the clock, some may be sent again with the next refresh only.
 * All else is there within seconds. */
static void
settle(struct world *w, int seconds)
{
	while (w->nlate > 0)
		arrive_late(w);
	connect_again(w);
	for (int i = 0; i < seconds; i++) {
		send_all(w);
		while (w->nway > 0) {
			arrive(w);
			send_all(w);
		}
		pass_time(w, 1000);
	}
}

/* Removals and jumps of the clock in one may take back more than they should:
 * of an address that was removed, nothing is expected. A renewal may be late by
 * a pause. */
static bool
knows_all(struct world *w, const struct known *known)
{
	int64_t now = peers_wall(w->now), until, least;

	for (int a = 0; a < ADDRESSES; a++)
		for (int u = 0; u < USERS; u++) {
			until = w->own[a][u].until - steady(w);
			least = w->own[a][u].when + GRACE;
			if (now + until < least)
				least = now + until;
			if (least <= now || w->removed[a] != 0)
				continue;
			if (steady(w) - w->own[a][u].renewed <= PAUSE)
				least = 1;
			if (known->until[a][u] < least)
				return false;
		}
	return true;
}

static bool
knows_no_more(struct world *w, const struct known *known)
{
	for (int a = 0; a < ADDRESSES; a++)
		for (int u = 0; u < USERS; u++)
			if (known->until[a][u] > w->own[a][u].when + GRACE)
				return false;
	return !known->strange;
}

static bool
check(struct world *w, enum world_kind kind, int n)
{
	struct known known = {.strange = false};
	bool jumps = kind == JUMPS;

	settle(w, jumps ? REFRESH + 5 : 3);
	for (size_t i = 0; i < w->nstream; i++)
		for (size_t j = 0; j < w->stream[i]->entry.count; j++)
			read_record(&known, &w->stream[i]->entry.records[j]);
	if (!knows_all(w, &known) || !knows_no_more(w, &known) || w->doubled) {
		ok(false, "after %d steps a late reader knows %s", n,
		   w->doubled ? "an id twice" : "not just what is so");
		return false;
	}
	return true;
}

static void
open_world(struct world *w)
{
	w->now =
	    (struct peers_time){(int64_t)START * 1000, (int64_t)START * 1000};
	w->removals = removals_new(LONGEST);
	w->outbox = outbox_new(
	    &settings, &(struct outbox_removals){w->removals, w->removals},
	    w->now);
}

static void
close_world(struct world *w)
{
	drop_stored(w, 0, w->nstream);
	lose_link(w);
	lose_late(w);
	outbox_free(&w->outbox);
	removals_free(&w->removals);
	free(w);
}

enum { STEPS = 100000, EVERY = 500 };

static void
by_chance(enum world_kind kind)
{
	static const char *const what[] = {"a link that is lost",
					   "jumps of the clock", "losses"};
	struct world *w = alloc_zero(1, sizeof(*w));
	size_t longest = 0;
	int n = 0;

	open_world(w);
	for (; n < STEPS; n++) {
		step(w, kind);
		if (w->nstream > longest)
			longest = w->nstream;
		if (n % EVERY == EVERY - 1 && !check(w, kind, n))
			break;
	}
	ok(n == STEPS && longest < 2000,
	   "%d steps with %s: a late reader knows what is so, from %zu "
	   "entries at most",
	   n, what[kind], longest);
	close_world(w);
}

/* ---- one by one ---- */

static struct outbox_entry *
next_entry(struct world *w)
{
	static struct outbox_entry entry;

	if (!outbox_take(w->outbox, &entry, w->now))
		return NULL;
	entry.text.bytes[entry.text.len] = '\0';
	outbox_confirm(w->outbox, entry.id);
	return &entry;
}

/* The records of the next entry, without its head; "-": none is due. */
static const char *
next_records(struct world *w)
{
	struct outbox_entry *entry = next_entry(w);

	return entry != NULL ? strchr(entry->text.bytes, '\n') + 1 : "-";
}

static void
log_in_as(struct world *w, int a, const char *user, bool session)
{
	struct addr addr = address(a);
	time_t when = (time_t)peers_wall(w->now);

	outbox_login(w->outbox, &addr, user, strlen(user), when,
		     steady(w) + GRACE, w->now);
	if (session)
		outbox_hold(w->outbox, &addr, user, strlen(user), when,
			    steady(w) + LONGEST, w->now);
}

static void
renewals(void)
{
	struct world *w = alloc_zero(1, sizeof(*w));

	open_world(w);
	log_in_as(w, 7, "ann", false);
	is_str(next_records(w), "-", "nothing is sent before it is connected");
	outbox_connected(w->outbox, (struct streamid){5, 0}, w->now);
	is_str(next_records(w), "L 192.0.2.7 1700000000 1700000600 ann\n",
	       "then the login");
	is_str(next_records(w), "-", "once");
	pass_time(w, 2000);
	log_in_as(w, 7, "ann", false);
	is_str(next_records(w), "-", "a renewal waits");
	log_in_as(w, 7, "bob", false);
	is_int(outbox_wait_ms(w->outbox, w->now), OUTBOX_GATHER_MS,
	       "another user does not");
	is_str(next_records(w), "L 192.0.2.7 1700000002 1700000602 bob\n",
	       "... and goes alone");
	pass_time(w, 5000);
	is_str(next_records(w), "", "a heartbeat");
	pass_time(w, 23000);
	is_str(next_records(w), "L 192.0.2.7 1700000002 1700000602 ann\n",
	       "30 s after the last sending the renewal goes");
	close_world(w);
}

static void
holds(void)
{
	struct world *w = alloc_zero(1, sizeof(*w));
	struct addr addr = address(7);

	open_world(w);
	outbox_connected(w->outbox, (struct streamid){0, 0}, w->now);
	log_in_as(w, 7, "ann", true);
	is_str(next_records(w), "L 192.0.2.7 1700000000 1700000600 ann\n",
	       "a session begins: the login is enough at first");
	pass_time(w, 11000);
	is_str(next_records(w), "H 192.0.2.7 1700000000 1700000041 ann\n",
	       "then it holds the address for a lease");
	pass_time(w, 11000);
	is_str(next_records(w), "H 192.0.2.7 1700000000 1700000052 ann\n",
	       "again after a third of a lease");
	outbox_release(w->outbox, &addr, steady(w) + GRACE, false, w->now);
	pass_time(w, 11000);
	is_str(next_records(w), "",
	       "a session that was shorter than a lease leaves nothing");

	log_in_as(w, 8, "ann", true);
	for (int i = 0; i < 700; i++) {
		pass_time(w, 1000);
		next_records(w);
	}
	addr = address(8);
	outbox_release(w->outbox, &addr, steady(w) + GRACE, false, w->now);
	pass_time(w, 11000);
	is_str(next_records(w), "H 192.0.2.8 1700000033 1700000774 ann\n",
	       "a long one leaves the grace");
	pass_time(w, (GRACE - 12) * 1000);
	is_str(next_records(w), "H 192.0.2.8 1700000033 1700001333 ann\n",
	       "... to its end");
	pass_time(w, 11000);
	is_str(next_records(w), "", "... and no longer");
	close_world(w);
}

static void
many_holders(void)
{
	struct world *w = alloc_zero(1, sizeof(*w));
	char user[PEER_ENTRY_USER_MAX + 1];
	size_t held = 0, logins = 0;
	const char *text;

	open_world(w);
	outbox_connected(w->outbox, (struct streamid){0, 0}, w->now);
	memset(user, 'a', sizeof(user));
	user[PEER_ENTRY_USER_MAX] = '\0';
	for (int i = 0; i < OUTBOX_HOLD_USERS_MAX + 8; i++) {
		user[0] = (char)('A' + i);
		log_in_as(w, 7, user, true);
	}
	while (next_entry(w) != NULL)
		;
	pass_time(w, 11000);
	log_in_as(w, 8, "ann", false);
	while ((text = next_records(w))[0] != '-')
		for (; *text != '\0'; text = strchr(text, '\n') + 1) {
			held += *text == 'H';
			logins += *text == 'L';
		}
	ok(held == OUTBOX_HOLD_USERS_MAX && logins > 0,
	   "%zu users whose names fill two entries, and %zu logins after them",
	   held, logins);
	close_world(w);
}

static void
removals(void)
{
	struct world *w = alloc_zero(1, sizeof(*w));
	struct addr addr = address(7);

	open_world(w);
	outbox_connected(w->outbox, (struct streamid){0, 0}, w->now);
	log_in_as(w, 7, "ann", true);
	removals_add(w->removals, &addr, START, START);
	outbox_remove(w->outbox, &addr, START, w->now);
	is_str(next_records(w), "R 192.0.2.7 1700000000\n",
	       "a login that was removed is not sent; the removal is");
	pass_time(w, REFRESH * 1000);
	is_str(next_records(w), "R 192.0.2.7 1700000000\n", "again");
	log_in_as(w, 7, "ann", false);
	is_str(next_records(w), "L 192.0.2.7 1700000060 1700000660 ann\n",
	       "a later login goes");
	pass_time(w, 2000);
	removals_add(w->removals, &addr, START + 61, START + 61);
	outbox_remove(w->outbox, &addr, START + 61, w->now);
	log_in_as(w, 7, "ann", false);
	is_str(next_records(w),
	       "R 192.0.2.7 1700000061\n"
	       "L 192.0.2.7 1700000062 1700000662 ann\n",
	       "after a removal one is no renewal, and goes at once");
	pass_time(w, (int64_t)LONGEST * 1000);
	is_str(next_records(w), "", "until no login could count");
	close_world(w);
}

static void
counts(void)
{
	struct world *w = alloc_zero(1, sizeof(*w));
	struct removals *others = removals_new(LONGEST);
	struct addr addr = address(7);

	open_world(w);
	outbox_free(&w->outbox);
	w->outbox = outbox_new(
	    &settings, &(struct outbox_removals){w->removals, others}, w->now);
	for (int i = 7; i < 10; i++) {
		log_in_as(w, i, "ann", false);
		log_in_as(w, i, "bob", false);
	}
	is_int((long long)outbox_count(w->outbox, w->now), 6, "logins");
	removals_add(w->removals, &addr, START, START);
	outbox_remove(w->outbox, &addr, START, w->now);
	is_int((long long)outbox_count(w->outbox, w->now), 4,
	       "those of an address that was removed do not count");
	addr = address(8);
	removals_add(others, &addr, START, START);
	outbox_others_removed(w->outbox);
	is_int((long long)outbox_count(w->outbox, w->now), 2,
	       "whoever has removed it");
	close_world(w);
	removals_free(&others);
}

/* For 192.0.2.8, and for the logins of 192.0.2.9. */
static bool
vouches(void *arg, const struct addr *addr, bool held)
{
	(void)arg;
	return addr->bytes[3] == 8 || (addr->bytes[3] == 9 && !held);
}

static void
withdrawals(void)
{
	struct world *w = alloc_zero(1, sizeof(*w));

	open_world(w);
	outbox_connected(w->outbox, (struct streamid){0, 0}, w->now);
	for (int i = 7; i < 10; i++)
		log_in_as(w, i, "ann", true);
	next_records(w);
	outbox_withdraw(w->outbox, vouches, NULL);
	is_int((long long)outbox_count(w->outbox, w->now), 2,
	       "what we no longer vouch for does not count");
	outbox_deleted(w->outbox);
	pass_time(w, 11000);
	is_str(next_records(w),
	       "H 192.0.2.8 1700000000 1700000041 ann\n"
	       "L 192.0.2.8 1700000000 1700000600 ann\n"
	       "L 192.0.2.9 1700000000 1700000600 ann\n",
	       "... and is not sent again, nor are its sessions");
	close_world(w);
}

static void
ids(void)
{
	struct world *w = alloc_zero(1, sizeof(*w));
	struct streamid far = {(uint64_t)START * 2000, 7}, last = far;
	struct outbox_entry *entry;

	open_world(w);
	outbox_connected(w->outbox, far, w->now);
	entry = next_entry(w);
	ok(entry->id.ms == far.ms && entry->id.seq == 8,
	   "the first id is above the last of the stream");
	ok(streamid_is_zero(entry->mark), "nothing is trimmed at first");
	for (int i = 0; i < 200 * 60; i++) {
		pass_time(w, 1000);
		entry = next_entry(w);
		if (entry != NULL)
			last = entry->id;
	}
	w->now.wall_ms -= 86400000;
	pass_time(w, 5000);
	entry = next_entry(w);
	ok(entry != NULL && streamid_compare(entry->id, last) > 0,
	   "the clock goes back, ids do not");
	ok(streamid_compare(entry->mark, far) >= 0 &&
	       streamid_compare(entry->mark, entry->id) < 0,
	   "what is old is trimmed, by its id");
	outbox_connected(w->outbox, (struct streamid){UINT64_MAX, UINT64_MAX},
			 w->now);
	ok(next_entry(w) == NULL, "there is no id above the highest");
	close_world(w);
}

static void
bounded(void)
{
	struct world *w = alloc_zero(1, sizeof(*w));
	char user[16];

	open_world(w);
	for (int i = 0; i < 3000; i++) {
		sprintf(user, "user%d", i);
		log_in_as(w, 7, user, false);
	}
	is_int((long long)outbox_count(w->outbox, w->now),
	       (long long)settings.max,
	       "no more logins than configured");
	close_world(w);
}

int
main(void)
{
	renewals();
	holds();
	many_holders();
	removals();
	counts();
	withdrawals();
	ids();
	bounded();
	by_chance(LINK);
	by_chance(JUMPS);
	by_chance(LOSSES);
	return tap_done();
}
