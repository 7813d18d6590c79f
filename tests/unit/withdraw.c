/* authtab: what happens to an address and its users once the rule that let them
 * in is no longer in force, and that a naive table says the same. */
#include "daemon/table/authtab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/chance.h"
#include "tests/tap.h"

enum { GRACE = 1800, HOLD = 7200 };

static struct addr
four(uint32_t number)
{
	struct addr addr = {.family = 4, .bytes = {192, 0, 2}};

	addr.bytes[3] = (uint8_t)number;
	return addr;
}

/* A login now; its session holds the address until then. */
static int
login(struct authtab *tab, uint32_t number, const char *user, const char *rule,
      int64_t now, int64_t until)
{
	const struct authtab_login login = {
	    .addr = four(number),
	    .user = user,
	    .user_len = user != NULL ? strlen(user) : 0,
	    .when = (time_t)now,
	    .expires = now + GRACE,
	    .until = until,
	    .rule = rule != NULL ? authtab_rule(tab, rule) : 0};

	return authtab_grant(tab, &login, now);
}

/* ---- what is withdrawn, as text ---- */

struct heard {
	const char *rules; /* not in force */
	char names[200];   /* of the rules that it was asked about */
	char told[1000];
	unsigned int events[AUTHTAB_EVENTS];
};

static void
append(char *text, size_t size, const char *more)
{
	snprintf(text + strlen(text), size - strlen(text), "%s ", more);
}

static bool
is_out(void *arg, const char *rule)
{
	struct heard *heard = arg;

	append(heard->names, sizeof(heard->names), rule);
	return strstr(heard->rules, rule) != NULL;
}

static void
hear(void *arg, const struct addr *addr, const char *rule, bool gone)
{
	struct heard *heard = arg;
	char text[ADDR_TEXT_MAX], line[200];

	addr_format(addr, text);
	snprintf(line, sizeof(line), "%s %s %s,", gone ? "gone" : "kept", text,
		 rule);
	append(heard->told, sizeof(heard->told), line);
}

static void
on_event(void *arg, enum authtab_event event, const struct addr *addr,
	 time_t when)
{
	struct heard *heard = arg;

	(void)addr;
	(void)when;
	heard->events[event]++;
}

static const char *
withdraw(struct authtab *tab, struct heard *heard, const char *rules)
{
	memset(heard, 0, sizeof(*heard));
	heard->rules = rules;
	authtab_withdraw(tab, is_out, hear, heard);
	return heard->told;
}

/* "WHEN EXPIRES RULE: USER WHEN EXPIRES RULE, ..." */
static const char *
tell(const struct authtab *tab, uint32_t number)
{
	static char text[2000];
	struct addr addr = four(number);
	struct authtab_row row;
	size_t len;

	if (!authtab_get(tab, &addr, &row))
		return "no";
	len = (size_t)sprintf(text, "%lld %lld %s:", (long long)row.when,
			      (long long)row.expires,
			      row.rule != NULL ? row.rule : "-");
	for (size_t i = 0; i < row.nusers + row.has_rest; i++) {
		const struct authtab_user *user =
		    i < row.nusers ? &row.users[i] : &row.rest;

		len += (size_t)sprintf(text + len, " %s %lld %lld %s,",
				       user->name != NULL ? user->name : "rest",
				       (long long)user->when,
				       (long long)user->expires,
				       user->rule != NULL ? user->rule : "-");
	}
	return text;
}

/* ---- cases ---- */

static void
test_one_login(void)
{
	struct heard heard = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &heard);

	login(tab, 1, "ann", "pop", 100, 0);
	login(tab, 2, "bob", "sieve", 100, 0);
	login(tab, 3, NULL, "sieve", 100, 0);
	login(tab, 4, NULL, NULL, 100, 0);
	is_str(tell(tab, 1), "100 1900 pop: ann 100 1900 pop,",
	       "an address knows the rule that let it in");
	is_str(withdraw(tab, &heard, "none"), "", "all rules are in force");
	is_str(heard.names, "pop sieve ", "it asks about each once");
	is_str(withdraw(tab, &heard, "sieve"),
	       "gone 192.0.2.2 sieve, gone 192.0.2.3 sieve, ",
	       "what a rule let in goes with the rule");
	is_int(heard.events[AUTHTAB_REMOVED], 2, "which is an event");
	is_str(tell(tab, 2), "no", "with its user");
	is_str(tell(tab, 3), "no", "or none");
	is_str(tell(tab, 1), "100 1900 pop: ann 100 1900 pop,",
	       "what another let in stays");
	is_str(tell(tab, 4), "100 1900 -:", "and what an operator did");
	is_str(withdraw(tab, &heard, "sieve"), "", "and that is all");
	is_str(heard.names, "pop ", "the rule is forgotten");
	login(tab, 5, "bob", "imap", 100, 0);
	is_str(tell(tab, 5), "100 1900 imap: bob 100 1900 imap,",
	       "another rule may have its number");
	authtab_free(&tab);
}

static void
test_last_login(void)
{
	struct heard heard = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &heard);

	login(tab, 1, "ann", "sieve", 100, 0);
	login(tab, 1, "ann", "pop", 200, 0);
	login(tab, 2, "ann", "pop", 200, 0);
	login(tab, 2, "ann", "sieve", 100, 0); /* a line that comes late */
	login(tab, 3, "ann", "pop", 100, 0);
	login(tab, 3, "ann", "sieve", 200, 0);
	is_str(withdraw(tab, &heard, "sieve"), "gone 192.0.2.3 sieve, ",
	       "of one user the last login counts");
	login(tab, 1, "ann", "sieve", 300, 0);
	is_str(tell(tab, 1), "300 2100 sieve: ann 300 2100 sieve,",
	       "and a rule can be in force again");
	authtab_free(&tab);
}

static void
test_several_users(void)
{
	struct heard heard = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &heard);

	authtab_set_hold(tab, HOLD, 0);
	login(tab, 1, "ann", "pop", 100, 0);
	login(tab, 1, "bob", "sieve", 200, 5000);
	login(tab, 1, NULL, "sieve", 300, 0);
	login(tab, 2, NULL, "pop", 100, 0);
	login(tab, 2, "bob", "sieve", 200, 0);
	login(tab, 3, "ann", "sieve", 100, 0);
	login(tab, 3, NULL, "sieve", 100, 0);
	is_str(withdraw(tab, &heard, "sieve"),
	       "kept 192.0.2.1 sieve, kept 192.0.2.2 sieve, "
	       "gone 192.0.2.3 sieve, ",
	       "an address stays by those whose rule is in force");
	is_int(heard.events[AUTHTAB_SHORTENED], 2, "which is an event");
	is_str(tell(tab, 1), "100 1900 pop: ann 100 1900 pop,",
	       "as long as they may, whoever held a session");
	is_str(tell(tab, 2), "100 1900 pop:", "or by a login without user");
	is_int(authtab_sweep(tab, 1899), 1, "the new expiry is expected");
	is_int(authtab_sweep(tab, 1900), 0, "and kept");
	is_int(authtab_count(tab), 0, "so that nothing is left");
	authtab_free(&tab);
}

static void
test_operator(void)
{
	struct authtab_login day = {
	    .addr = four(1), .when = 100, .expires = 100 + 86400};
	struct heard heard = {0};
	struct authtab *tab = authtab_new(86400, 100, on_event, &heard);

	authtab_grant(tab, &day, 100);
	login(tab, 1, NULL, "sieve", 200, 0);
	day.addr = four(2);
	authtab_grant(tab, &day, 100);
	for (int i = 0; i < 2 * AUTHTAB_USERS_MAX; i++) {
		char user[20];

		snprintf(user, sizeof(user), "user%d", i);
		login(tab, 2, user, "sieve", 200 + i, 0);
	}
	is_str(withdraw(tab, &heard, "sieve"), "kept 192.0.2.2 sieve, ",
	       "what an operator granted outlasts the logins");
	is_str(tell(tab, 1), "200 86500 -:", "of nobody in particular");
	is_str(tell(tab, 2), "231 86500 -:", "and of more than are listed");
	authtab_free(&tab);
}

/* Half of more users than are listed; the others are known only together. */
static void
test_many_users(void)
{
	struct heard heard = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &heard);
	struct authtab_row row;
	struct addr addr = four(1);

	for (int i = 0; i < 4 * AUTHTAB_USERS_MAX; i++) {
		char user[20];

		snprintf(user, sizeof(user), "user%d", i);
		login(tab, 1, user, i % 2 ? "sieve" : "pop", 100 + i, 0);
	}
	withdraw(tab, &heard, "sieve");
	ok(authtab_get(tab, &addr, &row), "a gateway stays");
	is_int(row.nusers, AUTHTAB_USERS_MAX / 2, "with half of its users");
	is_str(row.users[0].name, "user126", "the last of those who may");
	is_int(row.when, 226, "whose login is the last now");
	is_str(row.rule, "pop", "and whose rule is that of the address");
	withdraw(tab, &heard, "pop");
	ok(!authtab_get(tab, &addr, &row), "and goes with the last of them");
	authtab_free(&tab);
}

/* The login of ann was the last, and gave the address its rule. It has expired
 * by now, and the session of bob holds the address. */
static void
test_rule_of_one_who_left(void)
{
	struct heard heard = {0};
	struct authtab *tab = authtab_new(GRACE, 100, on_event, &heard);
	struct authtab_login late = {.addr = four(1),
				     .user = "bob",
				     .user_len = 3,
				     .when = 60,
				     .expires = 60 + GRACE,
				     .until = 5000};

	authtab_set_hold(tab, HOLD, 0);
	login(tab, 1, "bob", "pop", 50, 5000);
	login(tab, 1, "ann", "sieve", 100, 0);
	late.rule = authtab_rule(tab, "pop");
	authtab_grant(tab, &late, 2000);
	is_str(tell(tab, 1), "100 5000 sieve: bob 60 5000 pop,",
	       "an address has the rule of its last login");
	withdraw(tab, &heard, "sieve");
	is_str(tell(tab, 1), "60 5000 pop: bob 60 5000 pop,",
	       "without that rule, the one of who is left");
	authtab_free(&tab);
}

/* A shorter grace must not end the session of another user. */
static void
test_shorter_grace(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);

	authtab_set_hold(tab, HOLD, 0);
	login(tab, 1, "bob", "imap", 100, 3000);
	login(tab, 1, "ann", "pop", 1300, 0);
	authtab_set_longest(tab, 60, 1310);
	is_str(tell(tab, 1),
	       "1300 3000 pop: ann 1300 1360 pop, bob 100 3000 imap,",
	       "a shorter grace ends no session");
	authtab_free(&tab);
}

/* ---- the naive table ---- */

enum { PEOPLE = 6, ADDRESSES = 40, RULES = 4 };
static const char *const users[PEOPLE] = {NULL, "a", "b", "c", "d", "e"};
static const char *const rules[RULES] = {NULL, "pop", "imap", "sieve"};

struct naive {
	bool in;
	int64_t granted, expires;
	size_t rule;
};

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void
step_login(struct authtab *tab, struct naive naive[ADDRESSES][PEOPLE],
	   int64_t now)
{
	uint32_t number = chance(ADDRESSES), person = chance(PEOPLE);
	struct naive *one = &naive[number][person];
	size_t rule = chance(RULES);
	int64_t age = chance(3) ? 0 : chance(GRACE);
	int64_t granted = now - age + GRACE, until = 0;
	struct authtab_login login = {.addr = four(number),
				      .user = users[person],
				      .user_len = users[person] != NULL,
				      .when = (time_t)(now - age)};

	if (chance(4) == 0)
		until = now + chance(HOLD);
	login.rule = rule > 0 ? authtab_rule(tab, rules[rule]) : 0;
	login.expires = granted;
	login.until = until;
	authtab_grant(tab, &login, now);
	if (!one->in)
		*one = (struct naive){.in = true};
	if (granted > one->granted) {
		one->granted = granted;
		one->rule = rule;
	}
	one->expires = later(one->expires, later(granted, until));
}

static bool
is_that_rule(void *arg, const char *rule)
{
	return strcmp(arg, rule) == 0;
}

static void
step_withdraw(struct authtab *tab, struct naive naive[ADDRESSES][PEOPLE])
{
	size_t rule = 1 + chance(RULES - 1);

	authtab_withdraw(tab, is_that_rule, NULL, (void *)rules[rule]);
	for (size_t i = 0; i < ADDRESSES; i++)
		for (size_t k = 0; k < PEOPLE; k++)
			if (naive[i][k].rule == rule)
				naive[i][k] = (struct naive){0};
}

static void
naive_sweep(struct naive naive[ADDRESSES][PEOPLE], int64_t now)
{
	for (size_t i = 0; i < ADDRESSES; i++)
		for (size_t k = 0; k < PEOPLE; k++)
			if (naive[i][k].expires <= now)
				naive[i][k].in = false;
}

static bool
same_rule(const char *rule, const struct naive *one)
{
	const char *want = rules[one->rule];

	return want == NULL || rule == NULL ? want == rule
					    : strcmp(want, rule) == 0;
}

/* Whether the table says of each person at an address what the naive one says.
 * Someone who has expired may still be listed. */
static bool
same_people(const struct authtab_row *row, const struct naive naive[PEOPLE],
	    int64_t now)
{
	size_t found = 0, want = 0;

	for (size_t k = 0; k < PEOPLE; k++)
		want += naive[k].in;
	if (row->nusers == 0) /* all of it is one login without a user */
		return want == 1 && naive[0].in &&
		       same_rule(row->rule, &naive[0]);
	for (size_t i = 0; i < row->nusers + row->has_rest; i++) {
		const struct authtab_user *user =
		    i < row->nusers ? &row->users[i] : &row->rest;
		size_t k = user->name != NULL ? (size_t)(*user->name - 'a' + 1)
					      : 0;

		if (user->expires <= now)
			continue;
		if (!naive[k].in || naive[k].expires != user->expires ||
		    !same_rule(user->rule, &naive[k]))
			return false;
		found++;
	}
	return found == want;
}

/* Whether one of them was granted by the rule of the address. */
static bool
has_rule(const struct authtab_row *row, const struct naive naive[PEOPLE])
{
	for (size_t k = 0; k < PEOPLE; k++)
		if (naive[k].granted > 0 && same_rule(row->rule, &naive[k]))
			return true;
	return false;
}

static bool
same(const struct authtab *tab, struct naive naive[ADDRESSES][PEOPLE],
     int64_t now)
{
	struct authtab_row row;

	for (uint32_t i = 0; i < ADDRESSES; i++) {
		struct addr addr = four(i);
		int64_t expires = 0;

		for (size_t k = 0; k < PEOPLE; k++)
			if (naive[i][k].in)
				expires = later(expires, naive[i][k].expires);
		if (authtab_get(tab, &addr, &row) != (expires > 0))
			return false;
		if (expires > 0 && (row.expires != expires ||
				    !same_people(&row, naive[i], now) ||
				    !has_rule(&row, naive[i])))
			return false;
	}
	return true;
}

static void
test_random(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	struct naive naive[ADDRESSES][PEOPLE] = {0};
	unsigned int step, steps = 100000;
	bool good = true;
	int64_t now = 1000;

	authtab_set_hold(tab, HOLD, now);
	for (step = 0; step < steps && good; step++) {
		switch (chance(30)) {
		case 0:
			now += chance(3) ? 1 : chance(GRACE / 2);
			break;
		case 1:
			authtab_sweep(tab, now);
			naive_sweep(naive, now);
			step_withdraw(tab, naive);
			break;
		case 2: /* moves all of it to new storage */
			authtab_set_hold(tab, HOLD, now);
			break;
		default:
			naive_sweep(naive, now);
			step_login(tab, naive, now);
		}
		authtab_sweep(tab, now);
		naive_sweep(naive, now);
		good = same(tab, naive, now);
	}
	is_int(step, steps, "a naive table agrees at each step");
	authtab_free(&tab);
}

int
main(void)
{
	test_one_login();
	test_last_login();
	test_several_users();
	test_operator();
	test_many_users();
	test_rule_of_one_who_left();
	test_shorter_grace();
	test_random();
	return tap_done();
}
