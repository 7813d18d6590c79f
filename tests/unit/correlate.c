/*
 * Logins in two lines: which lines belong together, for how long, and what
 * happens when there are too many. At the end, at random, against a model
 * that forgets nothing and looks back.
 */
#include "patterns/match/correlate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/err.h"
#include "patterns/line/logline.h"
#include "patterns/match/matcher.h"
#include "tests/tap.h"

enum { NOON = 1795262400 };

static struct rule rules[2];

/* A line as the matcher would have found it; the n of a connect is its
 * address. */
static int
say(struct correlate *s, const char *host, pid_t pid, enum rule_role role,
    unsigned int n, const char *user, time_t when, struct match *match)
{
	const struct logline line = {.host = host,
				     .host_len = strlen(host),
				     .program = "popa3d",
				     .program_len = 6,
				     .pid = pid};
	struct err err;

	*match = (struct match){.rule = &rules[0],
				.role = role,
				.user = user,
				.user_len = user ? strlen(user) : 0};
	if (n != 0)
		match->addr = (struct addr){
		    4, {10, n >> 16 & 255, n >> 8 & 255, n & 255}};
	return correlate_join(s, &line, match, when, &err);
}

static int
begin(struct correlate *s, const char *host, pid_t pid, unsigned int n,
      time_t when)
{
	struct match match;

	return say(s, host, pid, RULE_CONNECT, n, NULL, when, &match);
}

/* The n of the address that a login got; 0 = none. */
static unsigned int
login(struct correlate *s, const char *host, pid_t pid, time_t when)
{
	struct match match;

	if (say(s, host, pid, RULE_LOGIN, 0, "ann", when, &match) != 1)
		return 0;
	return (unsigned int)match.addr.bytes[1] << 16 |
	       (unsigned int)match.addr.bytes[2] << 8 | match.addr.bytes[3];
}

static void
joined(void)
{
	struct correlate *s = correlate_new(CORRELATE_MAX);
	struct match match;

	is_int(begin(s, "mail", 55, 2, NOON), 0, "a connect is no login");
	is_int(login(s, "mail", 56, NOON), 0, "nor is another pid's login");
	is_int(login(s, "mx", 55, NOON), 0, "nor another host's");
	is_int(login(s, "mail", 55, NOON + 1), 2, "its own is");
	is_int(login(s, "mail", 55, NOON + 1), 0, "but only once");
	begin(s, "mail", 55, 2, NOON);
	say(s, "mail", 55, RULE_END, 0, NULL, NOON + 4, &match);
	begin(s, "mail", 55, 3, NOON + 5);
	is_int(login(s, "mail", 55, NOON + 6), 3, "a pid used again");
	begin(s, "mail", 55, 2, NOON);
	begin(s, "mail", 56, 3, NOON);
	begin(s, "mx", 55, 4, NOON);
	is_int(login(s, "mail", 56, NOON), 3, "interleaved: the second");
	is_int(login(s, "mx", 55, NOON), 4, "the other host's");
	is_int(login(s, "mail", 55, NOON), 2, "the first");
	begin(s, "mail", 0, 2, NOON);
	is_int(login(s, "mail", 0, NOON), 0, "no pid: never");
	begin(s, "mail", 55, 2, NOON);
	is_int(say(s, "mail", 55, RULE_END, 0, NULL, NOON, &match), 0, "end");
	is_int(login(s, "mail", 55, NOON), 0, "nothing after an end");
	begin(s, "mail", 55, 2, NOON);
	is_int(say(s, "mail", 55, RULE_MATCH, 3, NULL, NOON, &match), 0,
	       "what is neither is not ours");
	is_int(login(s, "mail", 55, NOON), 2, "and changes nothing");
	begin(s, "mail", 55, 2, NOON);
	correlate_clear(s);
	is_int(login(s, "mail", 55, NOON), 0, "cleared: all is forgotten");
	correlate_free(&s);
	ok(s == NULL, "freed");
}

static void
in_time(void)
{
	struct correlate *s = correlate_new(CORRELATE_MAX);

	begin(s, "mail", 1, 2, NOON);
	is_int(login(s, "mail", 1, NOON + CORRELATE_SECONDS), 2,
	       "just in time");
	begin(s, "mail", 1, 2, NOON);
	is_int(login(s, "mail", 1, NOON + CORRELATE_SECONDS + 1), 0,
	       "too late");
	is_int(login(s, "mail", 1, NOON), 0, "and forgotten");
	begin(s, "mail", 1, 2, NOON);
	is_int(login(s, "mail", 1, NOON - CORRELATE_STEP), 2,
	       "a clock set back a little");
	begin(s, "mail", 1, 2, NOON);
	is_int(login(s, "mail", 1, NOON - CORRELATE_STEP - 1), 0,
	       "a login before its connect is another's");
	correlate_free(&s);
}

/* Whoever slips a connect of their own between the two lines, before or after,
 * with whatever stamp, gets no address of theirs in, nor another's out. */
static void
slipped_in(void)
{
	static const time_t stamps[] = {0,
					1,
					-1,
					CORRELATE_STEP,
					-CORRELATE_STEP,
					CORRELATE_SECONDS,
					-CORRELATE_SECONDS,
					CORRELATE_SECONDS + CORRELATE_STEP,
					86400,
					-86400};
	struct correlate *s = correlate_new(CORRELATE_MAX);
	struct match match;
	unsigned int got;
	size_t i, after;

	for (i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++)
		for (after = 0; after <= CORRELATE_SECONDS; after += 30) {
			begin(s, "mail", 55, 2, NOON);
			begin(s, "mail", 55, 66, NOON + stamps[i]);
			got = login(s, "mail", 55, NOON + (time_t)after);
			if (got == 66)
				break;
			begin(s, "mail", 56, 66, NOON + stamps[i]);
			begin(s, "mail", 56, 2, NOON);
			got = login(s, "mail", 56, NOON + (time_t)after);
			if (got == 66)
				break;
		}
	ok(i == sizeof(stamps) / sizeof(stamps[0]) && got != 66,
	   "never the address that was slipped in");
	begin(s, "mail", 55, 2, NOON);
	begin(s, "mail", 55, 66, NOON + 1);
	is_int(say(s, "mail", 55, RULE_LOGIN, 0, "ann", NOON + 2, &match), -1,
	       "two addresses: it is reported");
	begin(s, "mail", 55, 2, NOON);
	begin(s, "mail", 55, 66, NOON + 1);
	begin(s, "mail", 55, 66, NOON + 2);
	is_int(login(s, "mail", 55, NOON + 3), 0, "once more does not help");
	begin(s, "mail", 55, 66, NOON);
	begin(s, "mail", 55, 2, NOON + 1);
	say(s, "mail", 55, RULE_END, 0, NULL, NOON + 2, &match);
	begin(s, "mail", 55, 2, NOON + 3);
	is_int(login(s, "mail", 55, NOON + 4), 2, "over with its end");
	begin(s, "mail", 55, 2, NOON);
	begin(s, "mail", 55, 2, NOON + 1);
	is_int(login(s, "mail", 55, NOON + 2), 2, "the same address twice");
	begin(s, "mail", 55, 66, NOON);
	begin(s, "mail", 55, 2, NOON + CORRELATE_SECONDS + CORRELATE_STEP + 1);
	is_int(login(s, "mail", 55, NOON + CORRELATE_SECONDS + 60), 2,
	       "one of long ago was another's");
	correlate_free(&s);
}

static void
two_rules(void)
{
	const struct logline line = {.host = "mail",
				     .host_len = 4,
				     .program = "pop3d",
				     .program_len = 5,
				     .pid = 55};
	struct correlate *s = correlate_new(CORRELATE_MAX);
	struct match match = {.rule = &rules[0],
			      .role = RULE_CONNECT,
			      .addr = {4, {10, 0, 0, 2}}};
	struct err err;

	correlate_join(s, &line, &match, NOON, &err);
	match = (struct match){.rule = &rules[1], .role = RULE_LOGIN};
	is_int(correlate_join(s, &line, &match, NOON, &err), 0,
	       "another rule's connect does not count");
	correlate_free(&s);
}

static void
both_name_it(void)
{
	struct correlate *s = correlate_new(CORRELATE_MAX);
	struct match match;

	begin(s, "mail", 55, 2, NOON);
	is_int(say(s, "mail", 55, RULE_LOGIN, 2, "ann", NOON, &match), 1,
	       "both lines name the same address");
	begin(s, "mail", 55, 2, NOON);
	is_int(say(s, "mail", 55, RULE_LOGIN, 3, "ann", NOON, &match), -1,
	       "two addresses are doubtful");
	is_int(login(s, "mail", 55, NOON), 0, "and end it");
	say(s, "mail", 55, RULE_CONNECT, 2, "bob", NOON, &match);
	is_int(say(s, "mail", 55, RULE_LOGIN, 0, NULL, NOON, &match), 1,
	       "the user is in the first line");
	ok(match.user_len == 3 && memcmp(match.user, "bob", 3) == 0, "bob");
	say(s, "mail", 55, RULE_CONNECT, 2, "bob", NOON, &match);
	say(s, "mail", 55, RULE_LOGIN, 0, "ann", NOON, &match);
	ok(match.user_len == 3 && memcmp(match.user, "ann", 3) == 0,
	   "in both: who logs in counts");
	correlate_free(&s);
}

static void
bounded(void)
{
	struct correlate *s = correlate_new(3);
	static char host[2000];
	int i;

	for (i = 1; i <= 4; i++)
		begin(s, "mail", i, (unsigned int)i, NOON);
	is_int(login(s, "mail", 1, NOON), 0,
	       "no more than three: the oldest has gone");
	is_int(login(s, "mail", 2, NOON), 2, "the second has not");
	begin(s, "mail", 3, 3, NOON); /* the youngest now */
	begin(s, "mail", 5, 5, NOON);
	begin(s, "mail", 6, 6, NOON);
	is_int(login(s, "mail", 4, NOON), 0, "the fourth went");
	is_int(login(s, "mail", 3, NOON), 3, "not what was said again");
	memset(host, 'h', sizeof(host) - 1);
	begin(s, host, 7, 7, NOON);
	is_int(login(s, host, 7, NOON), 0, "a name of 2000 bytes is no host's");
	correlate_free(&s);
}

/* ---- at random ---- */

enum { STEPS = 30000, ROOM = 40 };

/* What was said, in order; a connect is dead once it was used or ended. */
static struct step {
	int host, pid;
	unsigned int n;
	time_t when;
	bool alive, doubtful;
} steps[STEPS];

static struct step *
model_find(int at, int host, int pid)
{
	while (--at >= 0)
		if (steps[at].alive && steps[at].host == host &&
		    steps[at].pid == pid)
			return &steps[at];
	return NULL;
}

static int
model_live(int at, int *oldest)
{
	int live = 0, i;

	/* Nothing that old can be alive: ROOM is all there is. */
	for (i = at - 1; i >= 0 && live < ROOM; i--)
		if (steps[i].alive) {
			live++;
			*oldest = i;
		}
	return live;
}

static int
random_below(int n)
{
	return (int)((unsigned int)rand() % (unsigned int)n);
}

static int
model_connect(struct correlate *s, int at, struct step *step)
{
	struct step *old = model_find(at, step->host, step->pid);
	int oldest = 0;

	if (old != NULL)
		old->alive = false;
	step->doubtful = old != NULL &&
			 llabs(step->when - old->when) <=
			     CORRELATE_SECONDS + CORRELATE_STEP &&
			 (old->doubtful || old->n != step->n);
	if (model_live(at, &oldest) == ROOM)
		steps[oldest].alive = false;
	step->alive = true;
	return begin(s, step->host ? "a" : "b", step->pid, step->n,
		     step->when) != 0;
}

static int
model_login(struct correlate *s, int at, const struct step *step)
{
	struct step *old = model_find(at, step->host, step->pid);
	unsigned int want = 0, got;

	if (old != NULL) {
		old->alive = false;
		if (step->when - old->when <= CORRELATE_SECONDS &&
		    old->when - step->when <= CORRELATE_STEP && !old->doubtful)
			want = old->n;
	}
	got = login(s, step->host ? "a" : "b", step->pid, step->when);
	return got != want;
}

static void
at_random(void)
{
	struct correlate *s = correlate_new(ROOM);
	struct step *step, *old;
	struct match match;
	time_t when = NOON;
	int i, wrong = 0;

	srand(1);
	for (i = 0; i < STEPS; i++) {
		step = &steps[i];
		when += random_below(60) - 7;
		*step = (struct step){random_below(2),
				      1 + random_below(30),
				      1 + (unsigned int)random_below(4),
				      when,
				      false,
				      false};
		switch (random_below(8)) {
		case 0:
			old = model_find(i, step->host, step->pid);
			if (old != NULL)
				old->alive = false;
			say(s, step->host ? "a" : "b", step->pid, RULE_END, 0,
			    NULL, when, &match);
			break;
		case 1:
		case 2:
		case 3:
			wrong += model_login(s, i, step);
			break;
		default:
			wrong += model_connect(s, i, step);
		}
	}
	is_int(wrong, 0, "%d lines at random, as the model says", STEPS);
	correlate_free(&s);
}

int
main(void)
{
	joined();
	in_time();
	slipped_in();
	two_rules();
	both_name_it();
	bounded();
	at_random();
	return tap_done();
}
