/*
 * Which sessions are open, and until when they hold their addresses. At the
 * end, at random, against a list that is searched from end to end.
 */
#include "daemon/table/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

enum { NOON = 1795262400, DAY = 86400 };

static struct addr
address(unsigned int n)
{
	return (struct addr){
	    4, {10, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

/* What the server and the host may say of a session; n is the address. */
struct facts {
	const char *server, *host;
	pid_t pid;
	const char *session;
	unsigned int n;
};

enum naming { BY_ADDRESS, BY_SESSION, BY_BOTH };

/* The key that is made of as much of it as the naming takes. */
static struct session_key
key_of(const struct sessions *h, const struct facts *facts, enum naming naming)
{
	struct addr addr = address(facts->n);
	struct session_id id = {.server = facts->server,
				.host = facts->host,
				.host_len = strlen(facts->host)};

	if (naming == BY_ADDRESS) {
		id.pid = facts->pid;
	} else {
		id.session = facts->session;
		id.session_len = strlen(facts->session);
	}
	if (naming != BY_SESSION)
		id.addr = &addr;
	return sessions_key(h, &id);
}

static struct session_key
named(const struct sessions *h, const char *session)
{
	const struct facts facts = {"Dovecot", "mail", 7, session, 0};

	return key_of(h, &facts, BY_SESSION);
}

static bool
begin(struct sessions *h, struct session_key key, unsigned int n, time_t when)
{
	struct addr addr = address(n), gone;

	return sessions_begin(h, &key, &addr, when, &gone);
}

/* The n of the address whose session ended; 0 = none. */
static unsigned int
end(struct sessions *h, struct session_key key, time_t when)
{
	struct addr addr;

	if (!sessions_end(h, &key, when, &addr))
		return 0;
	return (unsigned int)addr.bytes[1] << 16 |
	       (unsigned int)addr.bytes[2] << 8 | addr.bytes[3];
}

static time_t
until(const struct sessions *h, unsigned int n)
{
	struct addr addr = address(n);

	return sessions_until(h, &addr);
}

static void
life(void)
{
	struct sessions *h = sessions_new(DAY, SESSIONS_MAX);

	is_int(until(h, 1), 0, "nothing is held");
	is_int(end(h, named(h, "a"), NOON - 900), 0, "nothing can end");
	ok(begin(h, named(h, "a"), 1, NOON), "a session begins");
	is_int(until(h, 1), NOON + DAY, "it holds for a day");
	is_int(until(h, 2), 0, "its own address");
	begin(h, named(h, "b"), 1, NOON + 100);
	is_int(until(h, 1), NOON + 100 + DAY, "the newer one holds longer");
	is_int(end(h, named(h, "b"), NOON + 200), 1, "it ends");
	is_int(until(h, 1), NOON + DAY, "the older one is left");
	is_int(end(h, named(h, "b"), NOON + 200), 0, "nobody ends twice");
	is_int(end(h, named(h, "a"), NOON + 300), 1, "the other");
	is_int(until(h, 1), 0, "nothing is held any more");
	is_int((long long)sessions_count(h), 0, "nor kept");
	begin(h, named(h, "c"), 3, NOON);
	is_int(end(h, named(h, "c"), NOON + DAY), 0,
	       "after a day there is "
	       "nothing left to end");
	is_int((long long)sessions_count(h), 0, "nor is it kept");
	sessions_free(&h);
	ok(h == NULL, "freed");
}

static void
end_first(void)
{
	struct sessions *h = sessions_new(DAY, SESSIONS_MAX);
	const struct facts f = {"Dovecot", "mail", 7, NULL, 1};
	int i;
	char name[16];

	end(h, named(h, "a"), NOON);
	ok(!begin(h, named(h, "a"), 1, NOON + SESSIONS_ENDED_SECONDS),
	   "an end that came first counts");
	ok(begin(h, named(h, "a"), 1, NOON), "but once");
	end(h, named(h, "b"), NOON);
	ok(begin(h, named(h, "b"), 1, NOON + SESSIONS_ENDED_SECONDS + 1),
	   "and for a minute");
	end(h, key_of(h, &f, BY_ADDRESS), NOON);
	ok(begin(h, key_of(h, &f, BY_ADDRESS), 1, NOON),
	   "not where a pid is all there is");
	end(h, named(h, "first"), NOON);
	end(h, named(h, "second"), NOON);
	for (i = 0; i < SESSIONS_ENDED_MAX - 1; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		end(h, named(h, name), NOON);
	}
	ok(begin(h, named(h, "first"), 1, NOON), "too many: the first goes");
	ok(!begin(h, named(h, "second"), 1, NOON), "the second does not");
	is_int((long long)sessions_count(h), 4, "they are no sessions");
	sessions_free(&h);
}

static void
keys(void)
{
	struct sessions *h = sessions_new(DAY, SESSIONS_MAX);
	const struct facts one = {"Courier", "mail", 7, "99", 1};
	const struct facts others[] = {
	    {"Dovecot", "mail", 7, "99", 1}, {"Courier", "mx", 7, "99", 1},
	    {"Courier", "mail", 8, "99", 1}, {"Courier", "mail", 7, "98", 1},
	    {"Courier", "mail", 7, "99", 2},
	};
	/* What each way of naming tells apart: server, host, pid, session,
	 * address. */
	static const char *const tells[] = {[BY_ADDRESS] = "11101",
					    [BY_SESSION] = "11010",
					    [BY_BOTH] = "11011"};
	struct session_key a, b;

	for (enum naming n = BY_ADDRESS; n <= BY_BOTH; n++) {
		a = key_of(h, &one, n);
		for (int i = 0; i < 5; i++) {
			b = key_of(h, &others[i], n);
			ok((memcmp(a.bits, b.bits, sizeof(a.bits)) != 0) ==
			       (tells[n][i] == '1'),
			   "naming %d, difference %d", (int)n, i);
		}
	}
	sessions_free(&h);
}

static void
replaced(void)
{
	struct sessions *h = sessions_new(DAY, 3);
	struct facts f = {"Courier", "mail", 7, NULL, 1};
	struct session_key pid = key_of(h, &f, BY_ADDRESS), key, counted;
	struct addr addr = address(2), gone;

	begin(h, pid, 1, NOON);
	begin(h, pid, 1, NOON + 5);
	is_int(end(h, pid, NOON + 6), 1, "a process has one session at a time");
	is_int(end(h, pid, NOON + 6), 0, "whatever was lost of it");
	f.pid = 0;
	counted = key_of(h, &f, BY_ADDRESS);
	begin(h, counted, 1, NOON);
	begin(h, counted, 1, NOON + 5);
	is_int(end(h, counted, NOON + 6), 1, "without a pid they are counted");
	is_int(until(h, 1), NOON + 5 + DAY, "one is left");
	is_int(end(h, counted, NOON + 6), 1, "the second");
	is_int(until(h, 1), 0, "ends it");
	is_int(end(h, counted, NOON + 6), 0, "there is no third");

	begin(h, named(h, "a"), 1, NOON);
	key = named(h, "a");
	sessions_begin(h, &key, &addr, NOON, &gone);
	ok(gone.bytes[3] == 1, "a name used again: whose it was is returned");
	is_int(until(h, 1), 0, "who has it no more");
	begin(h, named(h, "b"), 3, NOON);
	begin(h, named(h, "c"), 4, NOON);
	key = named(h, "d");
	addr = address(5);
	sessions_begin(h, &key, &addr, NOON, &gone);
	ok(gone.family == 4 && gone.bytes[3] == 2,
	   "too many: the oldest goes, and that is reported");
	is_int((long long)sessions_count(h), 3, "no more than three");
	sessions_free(&h);
}

static void
kept(void)
{
	struct sessions *h = sessions_new(DAY, SESSIONS_MAX), *again;
	struct session_row row;
	const void *at = NULL;
	uint64_t seeds[2];

	begin(h, named(h, "a"), 1, NOON);
	begin(h, named(h, "b"), 1, NOON + 5);
	end(h, named(h, "x"), NOON);
	again = sessions_new(DAY, SESSIONS_MAX);
	sessions_seeds(h, seeds);
	sessions_set_seeds(again, seeds);
	while (sessions_next(h, &at, &row))
		sessions_restore(again, &row);
	sessions_free(&h);
	is_int((long long)sessions_count(again), 2, "what is open is kept");
	is_int(until(again, 1), NOON + 5 + DAY, "as it was");
	is_int(end(again, named(again, "b"), NOON + 9), 1, "and can end");
	is_int(until(again, 1), NOON + DAY, "one by one");
	sessions_set_longest(again, 60);
	is_int(until(again, 1), NOON + 60, "another bound counts at once");
	sessions_free(&again);
}

static void
bounded(void)
{
	struct sessions *h = sessions_new(DAY, 2);
	struct session_key third = named(h, "third");
	struct addr addr = address(3), gone;

	end(h, third, NOON);
	begin(h, named(h, "first"), 1, NOON);
	begin(h, named(h, "second"), 2, NOON);
	ok(sessions_begin(h, &third, &addr, NOON + 100, &gone),
	   "an end that came too early for it ends no session");
	is_int((long long)sessions_count(h), 2, "nor makes room for one more");
	is_int(gone.bytes[3], 1, "the oldest is dropped");
	sessions_free(&h);
}

/* ---- at random ---- */

enum { STEPS = 60000, PEOPLE = 12, NAMES = 60, ROOM = 30 };

static struct open {
	unsigned int n; /* 0 = not open */
	time_t when;
	int order;
} model[NAMES];

static int
random_below(int n)
{
	return (int)((unsigned int)rand() % (unsigned int)n);
}

static void
model_forget(time_t now)
{
	for (int i = 0; i < NAMES; i++)
		if (model[i].n != 0 && model[i].when + 600 <= now)
			model[i].n = 0;
}

static void
model_begin(int name, unsigned int n, time_t when, int order)
{
	int count = 0, oldest = -1;

	for (int i = 0; i < NAMES; i++) {
		if (model[i].n == 0)
			continue;
		count++;
		if (oldest < 0 || model[i].order < model[oldest].order)
			oldest = i;
	}
	if (model[name].n == 0 && count == ROOM)
		model[oldest].n = 0;
	model[name] = (struct open){n, when, order};
}

static time_t
model_until(unsigned int n)
{
	const struct open *newest = NULL;

	for (int i = 0; i < NAMES; i++)
		if (model[i].n == n &&
		    (newest == NULL || model[i].order > newest->order))
			newest = &model[i];
	return newest ? newest->when + 600 : 0;
}

/* Keys by pid, so that no end is remembered. */
static struct session_key
nth(const struct sessions *h, int name)
{
	const struct facts f = {"Courier", "mail", 1 + name, NULL, 0};

	return key_of(h, &f, BY_ADDRESS);
}

static void
at_random(void)
{
	struct sessions *h = sessions_new(600, ROOM);
	time_t when = NOON;
	int wrong = 0;

	srand(1);
	for (int i = 0; i < STEPS; i++) {
		int name = random_below(NAMES);
		unsigned int n = 1 + (unsigned int)random_below(PEOPLE);

		when += random_below(12);
		model_forget(when);
		if (random_below(3) != 0) {
			begin(h, nth(h, name), n, when);
			model_begin(name, n, when, i);
		} else {
			wrong += end(h, nth(h, name), when) != model[name].n;
			model[name].n = 0;
		}
		wrong += until(h, n) != model_until(n);
	}
	is_int(wrong, 0, "%d steps at random, as the model says", STEPS);
	sessions_free(&h);
}

int
main(void)
{
	life();
	end_first();
	keys();
	replaced();
	kept();
	bounded();
	at_random();
	return tap_done();
}
