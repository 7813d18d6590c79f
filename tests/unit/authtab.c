/* authtab: which addresses are authorized and until when, compared with a
 * naive table. */
#include "daemon/table/authtab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chance.h"
#include "tests/tap.h"

enum { GRACE = 1800 };

/* Counts the events; remembers the last. */
struct seen {
	unsigned int count[AUTHTAB_EVENTS];
	struct addr addr;
	time_t when;
};

static void
on_event(void *arg, enum authtab_event event, const struct addr *addr,
	 time_t when)
{
	struct seen *seen = arg;

	seen->count[event]++;
	seen->addr = *addr;
	seen->when = when;
}

static struct addr
four(uint32_t number)
{
	struct addr addr = {.family = 4};

	for (int i = 0; i < 4; i++)
		addr.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
	return addr;
}

static int
grant_held(struct authtab *tab, uint32_t number, const char *user, time_t when,
	   int64_t expires, int64_t until, int64_t now)
{
	const struct authtab_login login = {.addr = four(number),
					    .user = user,
					    .user_len = user ? strlen(user) : 0,
					    .when = when,
					    .expires = expires,
					    .until = until};

	return authtab_grant(tab, &login, now);
}

static int
grant(struct authtab *tab, uint32_t number, const char *user, time_t when,
      int64_t expires, int64_t now)
{
	return grant_held(tab, number, user, when, expires, 0, now);
}

static bool
has(const struct authtab *tab, uint32_t number)
{
	struct addr addr = four(number);
	struct authtab_row row;

	return authtab_get(tab, &addr, &row);
}

static struct authtab_row
row_of(const struct authtab *tab, uint32_t number)
{
	struct addr addr = four(number);
	struct authtab_row row = {0};

	authtab_get(tab, &addr, &row);
	return row;
}

static void
test_life(void)
{
	struct seen seen = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &seen);

	is_int(authtab_sweep(tab, 50), 0, "an empty table expects nothing");
	is_int(grant(tab, 1, "ann", 9000, 1900, 100), AUTHTAB_ADDED,
	       "a login adds its address");
	ok(has(tab, 1) && !has(tab, 2), "that one and no other");
	is_int(row_of(tab, 1).when, 9000, "with the time of the login");
	is_int(row_of(tab, 1).expires, 1900, "and its expiry");
	is_int(authtab_sweep(tab, 100), 1800, "the next expiry is returned");
	is_int(authtab_sweep(tab, 1899), 1, "a second before, it is near");
	ok(has(tab, 1), "and the address still in");
	is_int(authtab_sweep(tab, 1900), 0, "at its second it goes");
	ok(!has(tab, 1), "and is out");
	is_int(seen.count[AUTHTAB_EXPIRED], 1, "which is reported once");
	is_int(seen.when, 9000, "with the login it had");
	is_int(authtab_count(tab), 0, "nothing is left");
	authtab_free(&tab);
	ok(tab == NULL, "and the table can be freed");
}

static void
test_forward_only(void)
{
	struct seen seen = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &seen);

	grant(tab, 1, NULL, 1000, 1800, 0);
	is_int(grant(tab, 1, NULL, 1000, 1800, 0), -1, "a line read twice");
	is_int(grant(tab, 1, NULL, 900, 1700, 0), -1, "a late line");
	is_int(row_of(tab, 1).expires, 1800, "do not change the expiry");
	is_int(row_of(tab, 1).when, 1000, "nor the time");
	is_int(grant(tab, 1, NULL, 1200, 2000, 200), AUTHTAB_RENEWED,
	       "a newer one renews");
	is_int(seen.count[AUTHTAB_RENEWED], 1, "which is reported once");
	is_int(authtab_sweep(tab, 1800), 200, "from then on that expiry holds");
	ok(has(tab, 1), "so at the old one it stays in");
	is_int(authtab_sweep(tab, 2000), 0, "and goes at the new one");

	is_int(grant(tab, 2, NULL, 1, 2000, 2000), -1,
	       "what has already expired authorizes nobody");
	is_int(grant(tab, 2, NULL, 1, 9000000, 2000), AUTHTAB_ADDED,
	       "a stamp of the future");
	is_int(row_of(tab, 2).expires, 2000 + GRACE,
	       "lasts no longer than the grace");
	is_int(grant(tab, 2, NULL, 2, 2000 + GRACE, 1000), AUTHTAB_RENEWED,
	       "a clock that goes back");
	is_int(authtab_sweep(tab, 0), GRACE, "does not prolong either");
	authtab_free(&tab);
}

static void
test_remove(void)
{
	struct seen seen = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &seen);
	struct addr one = four(1), two = four(2), three = four(3);

	for (uint32_t i = 1; i <= 3; i++)
		grant(tab, i, "ann", 1, 500, 0);
	ok(authtab_remove(tab, &two), "an address can be taken out");
	ok(!authtab_remove(tab, &two), "once");
	is_int(seen.count[AUTHTAB_REMOVED], 1, "and it is reported");
	ok(has(tab, 1) && !has(tab, 2) && has(tab, 3), "the others stay");
	ok(authtab_remove(tab, &one), "also the first of a second");
	is_int(authtab_sweep(tab, 0), 500, "the last one is still expected");
	ok(authtab_remove(tab, &three), "the last one, too");
	is_int(authtab_count(tab), 0, "which empties the table");
	is_int(authtab_sweep(tab, 0), 0, "for good");
	is_int(grant(tab, 1, "ann", 1, 500, 0), AUTHTAB_ADDED,
	       "and it can be filled again");
	authtab_free(&tab);
}

static void
test_full(void)
{
	struct seen seen = {0};
	struct authtab *tab = authtab_new(GRACE, 3, on_event, &seen);
	struct addr two = four(2);

	grant(tab, 1, "ann", 10, 1010, 0);
	grant(tab, 2, "bob", 5, 1005, 0);
	grant(tab, 3, "eve", 20, 1020, 0);
	is_int(grant(tab, 4, "joe", 1, 1001, 0), -1,
	       "into a full table, what would go first does not come");
	is_int(grant(tab, 4, "joe", 30, 1030, 0), AUTHTAB_ADDED,
	       "a newer login does");
	is_int(seen.count[AUTHTAB_EVICTED], 1, "at the cost of one");
	ok(!has(tab, 2), "the one that expires first");
	is_int(authtab_count(tab), 3, "so that the table keeps its bound");
	grant(tab, 1, "ann", 40, 1040, 0);
	grant(tab, 5, "kim", 50, 1050, 0);
	ok(has(tab, 1) && !has(tab, 3), "a renewed one is no longer the first");
	authtab_remove(tab, &two);
	grant(tab, 6, "ann", 2000, 2800, 1030);
	is_int(seen.count[AUTHTAB_EXPIRED], 1,
	       "what has expired makes room first");
	is_int(seen.count[AUTHTAB_EVICTED], 2, "and nobody else is evicted");
	authtab_free(&tab);
}

static void
test_users(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	char name[300], cut[256];
	struct authtab_row row;

	grant(tab, 1, "ann", 1, 1000, 0);
	grant(tab, 1, "ann", 2, 1001, 0);
	is_int(row_of(tab, 1).nusers, 1, "a user is remembered once");
	grant(tab, 1, "bob", 3, 1002, 0);
	grant(tab, 1, "ann", 4, 1003, 0);
	grant(tab, 2, "bob", 4, 1003, 0);
	row = row_of(tab, 1);
	is_int(row.nusers, 2, "a second one as well");
	is_str(row.users[0].name, "ann", "who logged in last comes first");
	is_str(row.users[1].name, "bob", "then the other");
	grant(tab, 3, NULL, 1, 1000, 0);
	is_int(row_of(tab, 3).nusers, 0, "no user is not listed");

	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		grant(tab, 4, name, 1, 1000, 0);
	}
	row = row_of(tab, 4);
	is_int(row.nusers, AUTHTAB_USERS_MAX, "of many users, some");
	is_str(row.users[0].name, "user39", "from the newest");
	is_str(row.users[AUTHTAB_USERS_MAX - 1].name, "user8", "backwards");

	memset(name, 'x', sizeof(name));
	memset(cut, 'x', sizeof(cut));
	cut[255] = name[299] = '\0';
	grant(tab, 5, name, 1, 1000, 0);
	is_str(row_of(tab, 5).users[0].name, cut, "an endless name is cut");
	authtab_sweep(tab, 1002);
	is_str(row_of(tab, 2).users[0].name, "bob",
	       "a name lives as long as one address has it");
	authtab_free(&tab);
}

static const struct authtab_user *
user_of(const struct authtab_row *row, const char *name)
{
	static const struct authtab_user none;

	for (size_t i = 0; i < row->nusers; i++)
		if (strcmp(row->users[i].name, name) == 0)
			return &row->users[i];
	return &none;
}

/* An address that others keep in does not keep a user in. */
static void
test_own_time(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	struct authtab_row row;

	grant(tab, 1, "ann", 10, 1010, 0);
	grant(tab, 1, "bob", 500, 1500, 500);
	row = row_of(tab, 1);
	is_int(row.expires, 1500, "the address lasts by the last of its users");
	is_int(user_of(&row, "ann")->expires, 1010, "each user by their own");
	is_int(user_of(&row, "ann")->when, 10, "with their own login");
	is_int(user_of(&row, "bob")->expires, 1500, "also the other");
	grant(tab, 1, "ann", 9, 1009, 500);
	row = row_of(tab, 1);
	is_int(user_of(&row, "ann")->expires, 1010, "a late line moves nobody");
	is_str(row.users[0].name, "bob", "nor to the front");
	grant(tab, 1, "ann", 600, 1600, 600);
	grant(tab, 1, NULL, 700, 1700, 700);
	row = row_of(tab, 1);
	is_int(row.expires, 1700, "a login without a name keeps the address");
	is_int(user_of(&row, "ann")->expires, 1600, "not a user of it");
	grant(tab, 1, "eve", 1550, 2550, 1550);
	is_int(row_of(tab, 1).nusers, 2, "whose time is over is forgotten");

	grant(tab, 2, "ann", 10, 2610, 1550);
	grant(tab, 2, NULL, 20, 2620, 1560);
	row = row_of(tab, 2);
	is_int(user_of(&row, "ann")->expires, 2610,
	       "who was alone does not last by it either");
	grant(tab, 3, NULL, 20, 2700, 1560);
	grant(tab, 3, "ann", 10, 2690, 1560);
	row = row_of(tab, 3);
	is_int(user_of(&row, "ann")->expires, 2690, "nor who came after it");
	authtab_set_longest(tab, GRACE + 60, 1560);
	row = row_of(tab, 2);
	is_int(user_of(&row, "ann")->expires, 2670,
	       "a longer grace is theirs, too");
	authtab_free(&tab);
}

/* Who logs in again and again is not pushed out by those who come once. */
static void
test_regular_user(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	struct authtab_row row;
	char name[20];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "user%d", i);
		grant(tab, 1, "ann", i, 1000 + i, i);
		grant(tab, 1, name, i, 1000 + i, i);
	}
	row = row_of(tab, 1);
	is_int(user_of(&row, "ann")->expires, 1099, "a regular user stays");
	is_int(row.nusers, AUTHTAB_USERS_MAX, "among many");
	authtab_free(&tab);
}

/* Names of all lengths take each other's places. */
static void
test_names_come_and_go(void)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzabcdefghijkl"
				      "mnopqrstuvwxyzabcdefghijklmnopqrstuvw";
	struct authtab *tab = authtab_new(GRACE, 1000, NULL, NULL);
	unsigned int wrong = 0;
	struct authtab_row row;
	char name[128];

	for (int round = 0; round < 50; round++) {
		for (int user = 0; user < 600; user++) {
			snprintf(name, sizeof(name), "%d%.*s", user,
				 (user * 7 + round * 11) % 70, letters);
			grant(tab, (uint32_t)user / 3, name, round, round + 2,
			      round);
		}
		for (int user = 0; user < 600; user++) {
			snprintf(name, sizeof(name), "%d%.*s", user,
				 (user * 7 + round * 11) % 70, letters);
			row = row_of(tab, (uint32_t)user / 3);
			wrong +=
			    strcmp(row.users[2 - user % 3].name, name) != 0;
		}
		if (round % 5 == 4)
			authtab_sweep(tab, round + 2);
	}
	is_int(wrong, 0, "however names come and go, each stays itself");
	authtab_free(&tab);
}

static void
test_walk(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	struct addr removed = four(5);
	struct authtab_row row;
	struct authtab_address address;
	unsigned int count = 0, sum = 0, same = 0;
	size_t at = 0, at_row = 0, at_address = 0;

	ok(!authtab_next(tab, &at, &row), "an empty table has no rows");
	for (uint32_t i = 1; i <= 10; i++)
		grant(tab, i, "ann", i, 1000, 0);
	authtab_remove(tab, &removed);
	for (at = 0; authtab_next(tab, &at, &row); count++)
		sum += row.addr.bytes[3];
	is_int(count, 9, "a walk meets each row");
	is_int(sum, 50, "once");
	while (authtab_next(tab, &at_row, &row))
		same += authtab_next_address(tab, &at_address, &address) &&
			addr_equal(&row.addr, &address.addr) &&
			row.when == address.when && row.own == address.own &&
			row.expires == address.expires;
	is_int(same, 9, "one of addresses alone meets the same");
	ok(!authtab_next_address(tab, &at_address, &address), "and no more");
	authtab_free(&tab);
}

/* Graces for which a slot of the wheel is wider than a second. */
static void
test_long_grace(void)
{
	const uint32_t year = 365 * 86400;
	struct seen seen = {0};
	struct authtab *tab = authtab_new(10 * year, 1000, on_event, &seen);

	for (uint32_t i = 0; i < 500; i++)
		grant(tab, i + 1, "ann", 1, 9 * year + (i * 7919) % 500 + 1, 0);
	is_int(authtab_sweep(tab, 0), 9 * year + 1,
	       "years ahead, the next expiry is known to the second");
	for (uint32_t s = 1; s <= 500; s++)
		if (authtab_sweep(tab, 9 * year + s) != (s < 500) ||
		    authtab_count(tab) != 500 - s)
			break;
	is_int(seen.count[AUTHTAB_EXPIRED], 500, "each goes at its second");
	authtab_free(&tab);
}

/* ---- the naive table ---- */

enum { PEOPLE = 300, BOUND = 200 };

struct naive {
	bool in;
	time_t when;
	int64_t granted, expires;
};

static unsigned int
naive_count(const struct naive *naive)
{
	unsigned int count = 0;

	for (int i = 0; i < PEOPLE; i++)
		count += naive[i].in;
	return count;
}

static int64_t
naive_sweep(struct naive *naive, int64_t now)
{
	int64_t first = INT64_MAX;

	for (int i = 0; i < PEOPLE; i++) {
		if (naive[i].in && naive[i].expires <= now)
			naive[i].in = false;
		if (naive[i].in && naive[i].expires < first)
			first = naive[i].expires;
	}
	return first == INT64_MAX ? 0 : first - now;
}

/* Whether everybody is in both, with the same figures. Those evicted are
 * told apart by their expiry alone: of several with the same one, any may go;
 * the naive table follows. */
static bool
same(struct naive *naive, const struct authtab *tab)
{
	for (uint32_t i = 0; i < PEOPLE; i++) {
		struct authtab_row row = row_of(tab, i);

		if (naive[i].in != (row.addr.family != 0))
			return false;
		if (naive[i].in && (naive[i].when != row.when ||
				    naive[i].granted != row.granted ||
				    naive[i].expires != row.expires))
			return false;
	}
	return naive_count(naive) == authtab_count(tab);
}

struct follower {
	struct naive *naive;
	bool fair;
};

/* Evictions are taken over, and judged. */
static void
follow(void *arg, enum authtab_event event, const struct addr *addr,
       time_t when)
{
	struct follower *follower = arg;
	uint32_t who = (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];

	(void)when;
	if (event != AUTHTAB_EVICTED)
		return;
	for (int i = 0; i < PEOPLE; i++)
		if (follower->naive[i].in &&
		    follower->naive[i].expires < follower->naive[who].expires)
			follower->fair = false;
	follower->naive[who].in = false;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
naive_hold(struct naive *one, time_t when, int64_t granted, int64_t until)
{
	if (!one->in)
		*one = (struct naive){true, when, granted, granted};
	if (when > one->when)
		one->when = when;
	one->granted = later(one->granted, granted);
	one->expires = later(one->expires, later(granted, until));
}

/* One grant into both, held for a while or not; false: they disagree on what
 * came of it. */
static bool
step_grant(struct naive *naive, struct authtab *tab, uint32_t grace,
	   int64_t now)
{
	uint32_t who = chance(PEOPLE);
	int64_t age = chance(4) ? chance(3) : chance(grace + 50);
	int64_t expires = now + grace - age, until = 0;
	bool was_in, refused;
	time_t when = (time_t)(5000 + now - age);
	int event;

	naive_sweep(naive, now);
	was_in = naive[who].in;
	if (chance(3) == 0)
		until = later(now + 2 * grace - age, expires);
	event = grant_held(tab, who, "ann", when, expires, until, now);
	refused = expires <= now && until <= now;
	if (!refused && !was_in && event < 0)
		refused = naive_count(naive) == BOUND;
	if (!refused)
		naive_hold(&naive[who], when, expires, until);
	return (event == AUTHTAB_ADDED) == (!refused && !was_in);
}

static void
step_release(struct naive *naive, struct authtab *tab, uint32_t grace,
	     int64_t now)
{
	uint32_t who = chance(PEOPLE);
	struct addr addr = four(who);
	int64_t until = now + chance(grace + 20) - 10;

	authtab_sweep(tab, now);
	naive_sweep(naive, now);
	authtab_release(tab, &addr, until);
	if (!naive[who].in || naive[who].expires <= until)
		return;
	naive[who].expires = later(naive[who].granted, until);
	naive_sweep(naive, now);
}

static void
test_random(uint32_t grace, const char *what)
{
	struct naive naive[PEOPLE] = {0};
	struct follower follower = {naive, true};
	struct authtab *tab = authtab_new(grace, BOUND, follow, &follower);
	unsigned int step, steps = 50000;
	bool good = true;
	int64_t now = 1000;

	authtab_set_hold(tab, 2 * grace, now);
	for (step = 0; step < steps && good; step++) {
		switch (chance(16)) {
		case 0:
			now += chance(4) ? 1 : chance(grace / 3);
			break;
		case 1:
			good =
			    authtab_sweep(tab, now) == naive_sweep(naive, now);
			break;
		case 2: {
			uint32_t who = chance(PEOPLE);
			struct addr addr = four(who);

			good = authtab_remove(tab, &addr) == naive[who].in;
			naive[who].in = false;
			break;
		}
		case 3:
		case 4:
		case 5:
			step_release(naive, tab, grace, now);
			break;
		default:
			good = step_grant(naive, tab, grace, now);
		}
		if (good && step % 16 == 0)
			good = same(naive, tab);
	}
	is_int(step, steps, "%s: a naive table agrees at each step", what);
	if (grace < 100000)
		ok(follower.fair, "%s: always the first to expire goes", what);
	authtab_free(&tab);
}

static int
hold(struct authtab *tab, uint32_t number, int64_t expires, int64_t until,
     int64_t now)
{
	return grant_held(tab, number, "ann", 9000, expires, until, now);
}

static void
release(struct authtab *tab, uint32_t number, int64_t until)
{
	struct addr addr = four(number);

	authtab_release(tab, &addr, until);
}

static void
test_held(void)
{
	struct seen seen = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &seen);

	hold(tab, 1, 1900, 50000, 100);
	is_int(row_of(tab, 1).expires, 1900, "nothing is held unless allowed");
	authtab_set_hold(tab, 86400, 100);
	hold(tab, 1, 1900, 50000, 100);
	is_int(row_of(tab, 1).expires, 50000, "a session holds");
	is_int(row_of(tab, 1).granted, 1900, "besides what was granted");
	hold(tab, 1, 1900, 500000, 100);
	is_int(row_of(tab, 1).expires, 86500, "not longer than a session may");
	is_int(hold(tab, 2, 50, 7000, 100), AUTHTAB_ADDED,
	       "one whose grant is past");
	is_int(authtab_sweep(tab, 2000), 5000, "lasts as long as it is held");
	release(tab, 2, 2400);
	is_int(authtab_sweep(tab, 2000), 400, "released: until then");
	release(tab, 2, 3000);
	is_int(row_of(tab, 2).expires, 2400, "that lengthens nothing");
	release(tab, 2, 1000);
	ok(!has(tab, 2), "released into the past it goes");
	is_int(seen.count[AUTHTAB_EXPIRED], 1, "and that is reported");
	release(tab, 2, 9000);
	release(tab, 3, 9000);
	ok(!has(tab, 2) && !has(tab, 3), "nobody comes in by it");
	grant(tab, 1, NULL, 9001, 3700, 2000);
	release(tab, 1, 2500);
	is_int(row_of(tab, 1).expires, 3700, "what was granted stays");
	release(tab, 1, 2500);
	is_int(row_of(tab, 1).expires, 3700, "also when released again");
	authtab_free(&tab);
}

static void
test_held_and_changed(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);

	authtab_set_hold(tab, 86400, 0);
	hold(tab, 1, 1800, 50000, 100);
	authtab_set_longest(tab, GRACE + 60, 100);
	is_int(row_of(tab, 1).granted, 1860, "a longer grace moves the grant");
	is_int(row_of(tab, 1).expires, 50000, "not the session");
	authtab_set_longest(tab, GRACE - 60, 100);
	is_int(row_of(tab, 1).granted, 1740, "a shorter one, too");
	is_int(row_of(tab, 1).expires, 50000, "not the session");
	authtab_set_hold(tab, 3600, 100);
	is_int(row_of(tab, 1).expires, 3700, "a shorter bound counts at once");
	authtab_set_hold(tab, 0, 100);
	is_int(row_of(tab, 1).expires, 1740, "none: what was granted is left");
	authtab_set_hold(tab, 86400, 100);
	hold(tab, 2, 200, 50000, 300);
	authtab_set_hold(tab, 0, 400);
	is_int(authtab_sweep(tab, 400), 1340, "and what was past goes");
	ok(!has(tab, 2) && has(tab, 1), "that one");
	authtab_free(&tab);
}

static void
test_held_users(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	struct authtab_row row;

	authtab_set_hold(tab, 86400, 0);
	grant_held(tab, 1, "ann", 100, 1900, 50000, 100);
	grant_held(tab, 1, "bob", 200, 2000, 0, 200);
	row = row_of(tab, 1);
	is_int(user_of(&row, "ann")->expires, 50000,
	       "a session holds its user");
	is_int(user_of(&row, "bob")->expires, 2000, "not the others");
	release(tab, 1, 2500);
	row = row_of(tab, 1);
	is_int(user_of(&row, "ann")->expires, 2500, "until it ends");
	is_int(user_of(&row, "bob")->expires, 2000, "which gives nobody more");
	authtab_free(&tab);
}

/* Growing, and giving the memory back, lose nobody. */
static void
test_grow_and_shrink(void)
{
	struct authtab *tab = authtab_new(GRACE, 100000, NULL, NULL);
	unsigned int missing = 0;
	struct authtab_row row;
	char user[32];

	for (uint32_t i = 1; i <= 50000; i++) {
		snprintf(user, sizeof(user), "user%u", i % 40000);
		grant(tab, i, user, i, i % 100 == 0 ? 1800 : 900, 0);
		grant(tab, i, "early", i - 1, 899, 0);
	}
	is_int(authtab_count(tab), 50000, "50,000 are in");
	for (uint32_t i = 1; i <= 50000; i++)
		missing += !has(tab, i);
	is_int(missing, 0, "and all are found");
	is_int(authtab_sweep(tab, 900), 900, "most go at once");
	is_int(authtab_count(tab), 500, "the others stay");
	for (uint32_t i = 100; i <= 50000; i += 100) {
		snprintf(user, sizeof(user), "user%u", i % 40000);
		row = row_of(tab, i);
		missing += !has(tab, i) || row.nusers != 2 ||
			   strcmp(row.users[0].name, user) != 0 ||
			   user_of(&row, "early")->expires != 899 ||
			   row.when != (time_t)i;
	}
	is_int(missing, 0, "with their users and times");
	is_int(authtab_sweep(tab, 1800), 0, "and go in their turn");
	authtab_free(&tab);
}

int
main(void)
{
	test_life();
	test_forward_only();
	test_remove();
	test_full();
	test_users();
	test_own_time();
	test_regular_user();
	test_names_come_and_go();
	test_walk();
	test_long_grace();
	test_held();
	test_held_and_changed();
	test_held_users();
	test_random(60, "grace of a minute");
	test_random(1800, "grace of half an hour");
	test_random(3000000, "grace of a month, coarse slots");
	test_grow_and_shrink();
	return tap_done();
}
