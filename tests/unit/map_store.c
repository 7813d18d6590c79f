/* The keeper's side of the connection to the worker: what it accepts from a
 * worker that may be compromised, what it removes by its own clock, and when
 * silence means that the worker is dead. */
#include "daemon/keeper/map_store.h"
#include "daemon/keeper/expiring_map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hashmap.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/heartbeat.h"
#include "daemon/keeper/keeper_requests.h"
#include "maps/map.h"
#include "tests/tap.h"

enum { LONGEST = 1800, START_MS = 1000000 };
static const time_t WALL = 1700000000;

/* ---- a map that remembers ---- */

struct fake {
	struct map map;
	struct hashmap *held; /* struct map_row */
	int writes, clears;
	bool broken, dead; /* cannot be written; not even emptied */
};

static void
hold(struct fake *f, const struct map_row *row)
{
	*(struct map_row *)hashmap_put(f->held, &row->addr) = *row;
}

static int
fake_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct fake *f = (struct fake *)map;
	struct map_row row;

	f->writes++;
	if (f->broken)
		return err_set(err, "broken");
	hashmap_clear(f->held);
	while (rows->next(rows->arg, &row))
		hold(f, &row);
	return 0;
}

static int
fake_apply(struct map *map, const struct map_row *rows, size_t n,
	   struct err *err)
{
	struct fake *f = (struct fake *)map;
	struct map_row *there;

	f->writes++;
	if (f->broken)
		return err_set(err, "broken");
	for (size_t i = 0; i < n; i++)
		if (rows[i].present)
			hold(f, &rows[i]);
		else if ((there = hashmap_find(f->held, &rows[i].addr)) != NULL)
			hashmap_remove(f->held, there);
	return 0;
}

static int
fake_clear(struct map *map, struct err *err)
{
	struct fake *f = (struct fake *)map;

	f->clears++;
	if (f->dead)
		return err_set(err, "dead");
	hashmap_clear(f->held);
	return 0;
}

static const struct map_ops fake_ops = {
    .type = "fake",
    .replace = fake_replace,
    .apply = fake_apply,
    .clear = fake_clear,
};

static char fake_name[] = "fake:map";

/* ---- what a test needs ---- */

struct bench {
	struct fake fake;
	struct map_store *vault;
	struct keeper_requests *desk;
	struct cidr excluded;
	struct map_store_time now;
	struct ipc_packet packet;
	char path[64];
};

static struct bench *
set_up(size_t max)
{
	struct bench *b = alloc_zero(1, sizeof(*b));
	struct map *maps[] = {&b->fake.map, NULL};

	b->fake.held = hashmap_new(sizeof(struct map_row), sizeof(struct addr));
	b->fake.map.ops = &fake_ops;
	b->fake.map.name = fake_name;
	cidr_parse(&b->excluded, "203.0.113.0/24", 14);
	b->now = (struct map_store_time){WALL, START_MS};
	b->vault = map_store_new(
	    maps, 2, &(struct map_store_limits){max, LONGEST, &b->excluded, 1});
	snprintf(b->path, sizeof(b->path), "/tmp/pbs-vault.%ld",
		 (long)getpid());
	b->desk = keeper_requests_new(b->vault, b->path, 100000, NULL);
	return b;
}

static void
take_down(struct bench *b)
{
	keeper_requests_free(&b->desk);
	map_store_free(&b->vault);
	hashmap_free(&b->fake.held);
	unlink(b->path);
	free(b);
}

static struct ipc_row
row(const char *address, int64_t lifetime)
{
	struct ipc_row r = {.present = 1, .when = WALL - 5};

	addr_parse(&r.addr, address, strlen(address));
	r.expires = START_MS + lifetime * 1000;
	return r;
}

/* As the keeper would take it: 1 answered (code in b->packet), 0, -1. */
static int
say(struct bench *b, enum ipc_type type, uint16_t map, uint32_t count)
{
	struct err err;

	ipc_begin(&b->packet, type);
	b->packet.map = map;
	b->packet.count = count;
	return keeper_requests_take(b->desk, &b->packet, &b->now, &err);
}

static int
say_rows(struct bench *b, const struct ipc_row *rows, uint32_t count)
{
	struct err err;

	ipc_begin(&b->packet, IPC_ROWS);
	b->packet.count = count;
	memcpy(b->packet.body.rows, rows, count * sizeof(*rows));
	return keeper_requests_take(b->desk, &b->packet, &b->now, &err);
}

/* Below -1: nonsense; else the answer's code. */
static int
hand_over(struct bench *b, enum ipc_type type, const struct ipc_row *rows,
	  uint32_t count)
{
	if (say(b, type, 0, count) != 0 || say_rows(b, rows, count) != 0 ||
	    say(b, IPC_END, 0, 0) != 1)
		return -2;
	return b->packet.code;
}

static bool
in_map(const struct bench *b, const char *address)
{
	struct ipc_row r = row(address, 0);

	return hashmap_find(b->fake.held, &r.addr) != NULL;
}

/* ---- the tests ---- */

static void
honest(void)
{
	struct bench *b = set_up(100);
	const struct ipc_row rows[] = {row("192.0.2.1", 60),
				       row("2001:db8:1:2::3", 60)};
	struct ipc_row change[] = {row("192.0.2.2", 60), row("192.0.2.1", 60)};

	ok(map_store_holds(b->vault), "before the first rows nobody knows");
	is_int(hand_over(b, IPC_REPLACE, rows, 2), 0, "a whole map");
	ok(in_map(b, "192.0.2.1") && in_map(b, "2001:db8:1:2::3"),
	   "is written");
	change[1].present = 0;
	is_int(hand_over(b, IPC_APPLY, change, 2), 0, "changes");
	ok(in_map(b, "192.0.2.2") && !in_map(b, "192.0.2.1"), "are written");
	is_int(say(b, IPC_INTACT, 0, 0), 1, "intact: an answer");
	is_int(b->packet.code, 1, "yes");
	is_int(say(b, IPC_CLEAR, 0, 0), 1, "clear: an answer");
	ok(!in_map(b, "192.0.2.2") && !map_store_holds(b->vault),
	   "it is empty");
	is_int(hand_over(b, IPC_APPLY, change, 1), -1,
	       "changes to an emptied map are not enough");
	is_int((int)map_store_refused(b->vault), 0, "nothing was refused");
	take_down(b);
}

static void
lies(void)
{
	static const char *const never[] = {"127.0.0.1", "::1",
					    "224.0.0.1", "fe80::1",
					    "0.0.0.0",	 "203.0.113.9"};
	struct bench *b = set_up(100);
	struct ipc_row r = row("192.0.2.1", 1000000), *held;
	struct ipc_row many[9];
	const struct map_row *first;
	size_t removed;
	struct err err;

	r.when = WALL + 86400;
	is_int(hand_over(b, IPC_REPLACE, &r, 1), 0, "a life too long");
	first = hashmap_next(b->fake.held, NULL);
	is_int((long long)first->when, (long long)WALL,
	       "a login that is still to come is of now");
	map_store_expire(b->vault,
			 START_MS + (LONGEST + 1) * 1000 + EXPIRING_MAP_LATE_MS,
			 &removed, &err);
	ok(removed == 1 && !in_map(b, "192.0.2.1"),
	   "it lasts no longer than the longest");
	for (size_t i = 0; i < 6; i++)
		many[i] = row(never[i], 60);
	many[6] = row("192.0.2.2", -1);
	many[7] = row("192.0.2.3", 60);
	many[7].when = -1;
	many[8] = row("192.0.2.4", 60);
	is_int(hand_over(b, IPC_REPLACE, many, 9), 0, "nine rows");
	is_int((int)hashmap_count(b->fake.held), 1, "one of which is believed");
	is_int((int)map_store_refused(b->vault), 7, "the others are counted");
	held = &many[8];
	held->addr.bytes[9] = 1;
	is_int(hand_over(b, IPC_REPLACE, held, 1), -2,
	       "an invalid address breaks the protocol");
	take_down(b);
}

static void
nonsense(void)
{
	struct bench *b = set_up(2);
	const struct ipc_row rows[] = {row("192.0.2.1", 60),
				       row("192.0.2.2", 60)};

	is_int(say(b, IPC_REPLACE, 0, 3), -1, "more rows than addresses");
	is_int(say(b, IPC_REPLACE, 1, 1), -1, "a map that is not ours");
	is_int(say(b, IPC_REPLACE, 9, 1), -1, "no such map");
	is_int(say(b, IPC_CLEAR, 9, 0), -1, "to clear it, too");
	is_int(say_rows(b, rows, 2), -1, "rows for nothing");
	is_int(say(b, IPC_END, 0, 0), -1, "the end of nothing");
	is_int(say(b, IPC_REPLACE, 0, 1), 0, "a map begins");
	is_int(say_rows(b, rows, 2), -1, "more rows than announced");
	keeper_requests_reset(b->desk);
	is_int(say(b, IPC_REPLACE, 0, 2), 0, "a map begins");
	is_int(say_rows(b, rows, 1), 0, "half of it comes");
	is_int(say(b, IPC_END, 0, 0), -1, "and its end");
	is_int(b->fake.writes, 0, "nothing was written");
	keeper_requests_reset(b->desk);
	say(b, IPC_REPLACE, 0, 2);
	is_int(say(b, IPC_SAVE, 0, 0), -1, "a checkpoint within a map");
	is_int(say(b, IPC_PING, 0, 0), -1, "a word of the keeper's");
	take_down(b);
}

static void
checkpoint(void)
{
	struct bench *b = set_up(2);
	struct err err;
	int result = 0;

	is_int(say(b, IPC_SAVE, 0, 0), 0, "a checkpoint");
	ipc_begin(&b->packet, IPC_BYTES);
	b->packet.count = 5;
	memcpy(b->packet.body.bytes, "12345", 5);
	is_int(keeper_requests_take(b->desk, &b->packet, &b->now, &err), 0,
	       "its bytes");
	ok(access(b->path, F_OK) != 0, "are aside until they are all there");
	is_int(say(b, IPC_END, 0, 0), 1, "its end");
	is_int(b->packet.code, 0, "it is saved");
	ok(access(b->path, F_OK) == 0, "under its name");
	say(b, IPC_SAVE, 0, 0);
	for (int i = 0; i < 10 && result == 0; i++) {
		ipc_begin(&b->packet, IPC_BYTES);
		b->packet.count = IPC_BYTES_MAX;
		memset(b->packet.body.bytes, 'x', IPC_BYTES_MAX);
		result =
		    keeper_requests_take(b->desk, &b->packet, &b->now, &err);
	}
	is_int(result, -1, "one without end is nonsense");
	take_down(b);
}

static void
clock_of_its_own(void)
{
	struct bench *b = set_up(100);
	const struct ipc_row rows[] = {row("192.0.2.1", 60),
				       row("192.0.2.2", 90)};
	struct ipc_row asked[4], told;
	struct err err;
	size_t removed;
	int64_t at = START_MS + 60000;

	hand_over(b, IPC_REPLACE, rows, 2);
	is_int(map_store_expire(b->vault, START_MS, &removed, &err),
	       60000 + EXPIRING_MAP_ASK_MS, "it waits for the first to expire");
	is_int((int)map_store_overdue(b->vault, at, asked, 4), 0,
	       "the worker has its time");
	is_int((int)map_store_overdue(b->vault, at + EXPIRING_MAP_ASK_MS, asked,
				      4),
	       1, "then it is asked");
	told = row("192.0.2.1", 80);
	map_store_renew(b->vault, &told, &b->now);
	map_store_expire(b->vault, at + EXPIRING_MAP_LATE_MS, &removed, &err);
	ok(removed == 0 && in_map(b, "192.0.2.1"), "who was renewed stays");
	map_store_expire(b->vault, at + 20000 + EXPIRING_MAP_LATE_MS, &removed,
			 &err);
	ok(removed == 1 && !in_map(b, "192.0.2.1") && in_map(b, "192.0.2.2"),
	   "who was not goes");
	b->fake.broken = true;
	is_int(map_store_expire(b->vault, at + 30000 + EXPIRING_MAP_LATE_MS,
				&removed, &err),
	       -1, "a map that cannot be written");
	ok(!in_map(b, "192.0.2.2"), "is emptied");
	take_down(b);
}

static void
dead_map(void)
{
	struct bench *b = set_up(100);
	const struct ipc_row rows[] = {row("192.0.2.1", 60)};
	struct err err;
	size_t removed;

	hand_over(b, IPC_REPLACE, rows, 1);
	b->fake.dead = true;
	is_int(map_store_clear_all(b->vault, &err), -1, "cannot be emptied");
	ok(map_store_holds(b->vault), "that is not forgotten");
	ok(map_store_expire(b->vault, START_MS, &removed, &err) > 0,
	   "it is tried again");
	b->fake.dead = false;
	map_store_expire(b->vault, START_MS + 1000, &removed, &err);
	ok(!in_map(b, "192.0.2.1") && !map_store_holds(b->vault),
	   "until it can be");
	take_down(b);
}

static void
pulses(void)
{
	struct heartbeat p;
	int64_t wait, now = 0;

	heartbeat_begin(&p, now);
	heartbeat_heard(&p, now, false);
	is_int(heartbeat_look(&p, now, &wait), HEARTBEAT_WAIT, "an empty map");
	is_int(wait, HEARTBEAT_IDLE_MS, "is asked about once a minute");
	heartbeat_heard(&p, now, true);
	is_int(heartbeat_look(&p, now, &wait), HEARTBEAT_ASK,
	       "once a map has addresses, the worker is asked at once");
	ok(p.beats, "and told to report unasked");
	heartbeat_heard(&p, now, true);
	is_int(heartbeat_look(&p, now, &wait), HEARTBEAT_WAIT, "if it does");
	is_int(wait, HEARTBEAT_MS, "it has that long until it is asked");
	ok(HEARTBEAT_BEAT_MS < HEARTBEAT_MS, "which is longer than it takes");
	now += wait;
	is_int(heartbeat_look(&p, now, &wait), HEARTBEAT_ASK, "it is asked");
	while (heartbeat_look(&p, now += wait, &wait) != HEARTBEAT_DEAD)
		;
	ok(now <= 4600, "silence is death within 5 s");
	heartbeat_heard(&p, now, false);
	is_int(heartbeat_look(&p, now, &wait), HEARTBEAT_ASK,
	       "once the maps are empty, it is asked at once, too");
	ok(!p.beats, "and told that it may be silent");
	heartbeat_heard(&p, now, true);
	heartbeat_look(&p, now, &wait);
	heartbeat_heard(&p, now, true);
	heartbeat_look(&p, now += HEARTBEAT_MS, &wait);
	is_int(heartbeat_look(&p, now += 3600000, &wait), HEARTBEAT_WAIT,
	       "an hour asleep is not silence");
	for (int i = 0; i < 20; i++)
		heartbeat_look(&p, now += wait + 700, &wait);
	is_int(heartbeat_look(&p, now += wait, &wait), HEARTBEAT_WAIT,
	       "nor is a machine on which we wake late");
	heartbeat_excuse(&p, HEARTBEAT_BUSY_MS);
	is_int(heartbeat_look(&p, now += 900, &wait), HEARTBEAT_WAIT,
	       "an excuse");
}

/* Whether the other end takes these bytes for a message. */
static bool
arrives(const struct ipc_packet *p, size_t len)
{
	struct ipc_packet *got = alloc_zero(1, sizeof(*got));
	int ends[2], result;
	struct err err;

	if (ipc_open(ends, &err) != 0 || send(ends[0], p, len, 0) < 0)
		abort();
	result = ipc_receive(ends[1], got, NULL, false, &err);
	close(ends[0]);
	close(ends[1]);
	free(got);
	return result == 1;
}

static void
packets(void)
{
	struct ipc_packet *p = alloc_zero(1, sizeof(*p));
	const size_t head = sizeof(*p) - sizeof(p->body);

	ipc_begin(p, IPC_ROWS);
	p->count = 2;
	ok(arrives(p, head + 2 * sizeof(struct ipc_row)), "two rows");
	ok(!arrives(p, head + sizeof(struct ipc_row)), "but one");
	ok(!arrives(p, head - 1), "half a head");
	p->count = IPC_ROWS_MAX + 1;
	ok(!arrives(p, sizeof(*p)), "too many");
	ipc_begin(p, IPC_READY);
	ok(arrives(p, head) && !arrives(p, head + 1), "no rows");
	p->version++;
	ok(!arrives(p, head), "another version");
	ipc_begin(p, (enum ipc_type)99);
	ok(!arrives(p, head), "another word");
	free(p);
}

int
main(void)
{
	honest();
	lies();
	nonsense();
	checkpoint();
	clock_of_its_own();
	dead_map();
	pulses();
	packets();
	return tap_done();
}
