/* What the checkpoint keeps of each user and of the rule that found the login;
 * and older files, without users' times and rules, can be read. */
#include "daemon/worker/checkpoint.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/table/removals.h"
#include "tests/tap.h"

enum { GRACE = 1800, WALL = 1700000000 }; /* the table's clock begins at 0 */

/* When the files are written: 300 on the table's clock. */
static const struct checkpoint_also nothing;

static const struct checkpoint_clock written = {WALL + 300, 5000, "boot1"};

static char file[] = "/tmp/pbs-checkpoint.XXXXXX";

static struct addr
address(const char *text)
{
	struct addr addr;

	addr_parse(&addr, text, strlen(text));
	return addr;
}

static void
grant_by(struct authtab *tab, const char *rule, const char *addr,
	 const char *user, int64_t when, int64_t until)
{
	const struct authtab_login login = {
	    .addr = address(addr),
	    .user = user,
	    .user_len = user ? strlen(user) : 0,
	    .when = (time_t)(WALL + when),
	    .expires = when + GRACE,
	    .until = until,
	    .rule = rule != NULL ? authtab_rule(tab, rule) : 0};

	authtab_grant(tab, &login, when);
}

static void
grant(struct authtab *tab, const char *addr, const char *user, int64_t when,
      int64_t until)
{
	grant_by(tab, NULL, addr, user, when, until);
}

static void
put_back(void *arg, const struct checkpoint_login *kept)
{
	const struct authtab_login login = {
	    .addr = *kept->addr,
	    .user = kept->user,
	    .user_len = kept->user_len,
	    .when = kept->when,
	    .expires = kept->expires - WALL,
	    .until = kept->held - WALL,
	    .rule = kept->rule != NULL ? authtab_rule(arg, kept->rule) : 0,
	    .remote = kept->remote};

	authtab_grant(arg, &login, 300);
}

static struct authtab *
load(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	struct logpos *pos;
	struct err err;
	size_t npos;

	authtab_set_hold(tab, 86400, 0);
	if (checkpoint_load(file, NULL, put_back, tab, NULL, &pos, &npos,
			    &err) != 1)
		printf("# %s\n", err.text);
	return tab;
}

static size_t
tell_user(char *text, const struct authtab_user *user)
{
	return (size_t)sprintf(
	    text, " %s%s%s %lld %lld %lld,", user->name ? user->name : "rest",
	    user->rule ? " by " : "", user->rule ? user->rule : "",
	    (long long)user->when - WALL, (long long)user->expires,
	    (long long)user->granted);
}

/* "WHEN EXPIRES GRANTED RULE: USER by RULE WHEN EXPIRES GRANTED, ..." */
static const char *
tell(const struct authtab *tab, const char *addr)
{
	static char text[1000];
	struct addr a = address(addr);
	struct authtab_row row;
	size_t len;

	if (!authtab_get(tab, &a, &row))
		return "";
	len = (size_t)sprintf(text, "%lld %lld %lld%s%s:",
			      (long long)row.when - WALL,
			      (long long)row.expires, (long long)row.granted,
			      row.rule ? " " : "", row.rule ? row.rule : "");
	for (size_t i = 0; i < row.nusers; i++)
		len += tell_user(text + len, &row.users[i]);
	if (row.has_rest)
		tell_user(text + len, &row.rest);
	return text;
}

static struct authtab *
save_and_load(const struct authtab *tab)
{
	FILE *f = fopen(file, "w");

	checkpoint_write(f, tab, &nothing, NULL, 0, &written, 300);
	fclose(f);
	return load();
}

static void
same_rows(const struct authtab *got, const struct authtab *want,
	  const char *const *addrs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = strdup(tell(want, addrs[i]));

		is_str(tell(got, addrs[i]), text, "%s is as it was", addrs[i]);
		free(text);
	}
}

static void
round_trip(void)
{
	static const char *const addrs[] = {"192.0.2.1", "192.0.2.2",
					    "192.0.2.3", "2001:db8::1"};
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL), *again;

	authtab_set_hold(tab, 86400, 0);
	grant(tab, addrs[0], "ann", 10, 0);
	grant(tab, addrs[1], "ann", 20, 0);
	grant(tab, addrs[1], " bob by", 120, 0);
	grant(tab, addrs[1], "eve", 120, 9000);
	grant(tab, addrs[2], NULL, 30, 0);
	grant(tab, addrs[3], "ann", 40, 0);
	grant(tab, addrs[3], NULL, 200, 0);
	again = save_and_load(tab);
	is_str(tell(again, addrs[1]),
	       "120 9000 1920: eve 120 9000 1920,  bob by 120 1920 1920,"
	       " ann 20 1820 1820,",
	       "each user comes back with their own times");
	same_rows(again, tab, addrs, sizeof(addrs) / sizeof(addrs[0]));
	authtab_free(&tab);
	authtab_free(&again);
}

static void
rules(void)
{
	static const char *const addrs[] = {"192.0.2.1", "192.0.2.2",
					    "192.0.2.3", "192.0.2.4",
					    "192.0.2.5", "192.0.2.6"};
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL), *again;

	authtab_set_hold(tab, 86400, 0);
	grant(tab, addrs[0], NULL, 10, 0);
	grant_by(tab, "pop", addrs[1], NULL, 20, 0);
	grant_by(tab, "imap", addrs[2], "ann", 30, 0);
	grant_by(tab, "imap", addrs[3], "ann", 40, 9000);
	grant_by(tab, "pop", addrs[3], "bob", 50, 0);
	grant_by(tab, "imap", addrs[4], "ann", 60, 0);
	grant_by(tab, "pop", addrs[4], "bob", 60, 0);
	grant(tab, addrs[4], NULL, 60, 0);
	grant(tab, addrs[5], "ann", 70, 0);
	again = save_and_load(tab);
	is_str(tell(again, addrs[3]),
	       "50 9000 1850 pop: bob by pop 50 1850 1850,"
	       " ann by imap 40 9000 1840,",
	       "a user comes back with the rule that found the login");
	is_str(tell(again, addrs[4]),
	       "60 1860 1860 imap: bob by pop 60 1860 1860,"
	       " ann by imap 60 1860 1860, rest 60 1860 1860,",
	       "also where only the rules differ, and logins without a user");
	same_rows(again, tab, addrs, sizeof(addrs) / sizeof(addrs[0]));
	authtab_free(&tab);
	authtab_free(&again);
}

static void
older_form(void)
{
	static const char *const lines[] = {
	    "pop-before-smtp checkpoint 1",
	    "row 192.0.2.1 1700000120 1700001920 1700001920", "user eve",
	    "user ann",
	    "row 192.0.2.2 1700000130 1700001930 1700001930",
	    "other 1700000110 1700001910 1700001910 ann"};
	FILE *f = fopen(file, "w");
	struct authtab *tab;
	uint64_t hash = 0;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		hash = hash_bytes(hash, lines[i], strlen(lines[i]));
		fprintf(f, "%s\n", lines[i]);
	}
	fprintf(f, "end %016" PRIx64 "\n", hash);
	fclose(f);
	tab = load();
	is_str(tell(tab, "192.0.2.1"),
	       "120 1920 1920: ann 120 1920 1920, eve 120 1920 1920,",
	       "an older file gives all users the times of the address");
	is_str(tell(tab, "192.0.2.2"),
	       "130 1930 1930: ann 110 1910 1910, rest 130 1930 1930,",
	       "or has logins without a user in the row");
	authtab_free(&tab);
}

/* What is left of a login of 192.0.2.1, granted until WALL + 1800, at a moment;
 * 0: nothing. */
static struct {
	const char *what;
	struct checkpoint_clock now;
	long long left, when;
	int result;
	long long set_back; /* the wall clock, as far as it is known */
} clock_cases[] = {
    {"at once", {WALL + 300, 5000, "boot1"}, 1500, 0, 1, 0},
    {"100 s later", {WALL + 400, 5100, "boot1"}, 1400, 0, 1, 0},
    {"100 s later, rounded up", {WALL + 401, 5100, "boot1"}, 1399, 0, 1, 0},
    {"100 s later, rounded down", {WALL + 399, 5100, "boot1"}, 1401, 0, 1, 0},
    {"100 s later, an hour back",
     {WALL - 3200, 5100, "boot1"},
     1400,
     -3200,
     1,
     3600},
    {"100 s later, a year ahead",
     {WALL + 31536000, 5100, "boot1"},
     1400,
     0,
     1,
     -31535600},
    {"100 s later, a year back",
     {WALL - 31536000, 5100, "boot1"},
     1400,
     -31536000,
     1,
     31536400},
    {"after a reboot", {WALL + 500, 60, "boot2"}, 1300, 0, 1, 0},
    {"after a reboot, a minute back", {WALL + 240, 60, "boot2"}, 0, 0, 2, 0},
    {"in an unknown boot", {WALL + 500, 9000, ""}, 1300, 0, 1, 0},
    {"in an unknown boot, an hour back", {WALL - 3300, 9000, ""}, 0, 0, 2, 0},
    {"in the same boot, whose clock went back",
     {WALL + 200, 4000, "boot1"},
     0,
     0,
     2,
     0},
};

static long long left, when_found;

static void
take_clock_case(void *arg, const struct checkpoint_login *login)
{
	const struct checkpoint_clock *now = arg;

	left = (long long)(login->expires - now->wall);
	when_found = (long long)login->when - WALL;
}

static void
clocks(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	FILE *f = fopen(file, "w");
	struct logpos *pos;
	struct err err;
	size_t npos, i;

	grant(tab, "192.0.2.1", "ann", 0, 0);
	checkpoint_write(f, tab, &nothing, NULL, 0, &written, 300);
	fclose(f);
	for (i = 0; i < sizeof(clock_cases) / sizeof(clock_cases[0]); i++) {
		struct checkpoint_also also = {.set_back = 0, .grace = 7};

		left = when_found = 0;
		is_int(checkpoint_load(file, &clock_cases[i].now,
				       take_clock_case, &clock_cases[i].now,
				       &also, &pos, &npos, &err),
		       clock_cases[i].result, "%s", clock_cases[i].what);
		is_int(left, clock_cases[i].left, "%s: what is left",
		       clock_cases[i].what);
		is_int(when_found, clock_cases[i].when,
		       "%s: no login is in the future", clock_cases[i].what);
		is_int(also.grace, 0, "%s: no grace in the file",
		       clock_cases[i].what);
		is_int(also.set_back, clock_cases[i].set_back,
		       "%s: how far the clock was set back",
		       clock_cases[i].what);
	}
	authtab_free(&tab);
}

static void
positions(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	char first[] = "/var/log/mail log", second[] = "/var/log/other";
	const struct logpos logs[] = {
	    {.path = first, .inode = 7, .torn = true},
	    {.path = second, .inode = 8},
	};
	FILE *f = fopen(file, "w");
	struct logpos *pos;
	struct err err;
	size_t npos;

	checkpoint_write(f, tab, &nothing, logs, 2, &written, 300);
	fclose(f);
	is_int(checkpoint_load(file, NULL, put_back, tab, NULL, &pos, &npos,
			       &err),
	       1, "positions in logs");
	is_int((long long)npos, 2, "each log has one");
	is_str(pos[0].path, first, "its path");
	is_int((long long)pos[0].inode, 7, "its inode");
	ok(pos[0].torn && !pos[1].torn, "and whether a line is torn there");
	logpos_clear(&pos[0]);
	logpos_clear(&pos[1]);
	free(pos);
	authtab_free(&tab);
}

static void
removals(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	const struct checkpoint_clock back = {WALL - 3200, 5100, "boot1"};
	struct removals *gone = removals_new(GRACE), *again;
	int64_t steady = 0;
	struct addr a = address("192.0.2.1"), b = address("2001:db8::1");
	FILE *f = fopen(file, "w");
	struct logpos *pos;
	struct err err;
	size_t npos;
	struct removals *others = removals_new(GRACE);
	struct checkpoint_also also = {
	    .removals = gone, .others = others, .grace = GRACE};

	removals_add(gone, &a, WALL + 100, WALL + 100);
	removals_add(gone, &b, WALL + 200, WALL + 200);
	removals_note(gone, &a, 100);
	checkpoint_write(f, tab, &also, NULL, 0, &written, 300);
	fclose(f);
	again = removals_new(GRACE);
	also.removals = again;
	also.to_lifetime = 7 - WALL;
	is_int(checkpoint_load(file, &written, put_back, tab, &also, &pos,
			       &npos, &err),
	       1, "removals are read");
	is_int(also.grace, GRACE, "and the grace of then");
	ok(removals_cover(again, &a, WALL + 100),
	   "a login up to it is covered");
	ok(!removals_cover(again, &a, WALL + 101), "a newer one is not");
	ok(removals_cover(again, &b, WALL + 150), "each has its own time");
	ok(removals_steady(again, &a, &steady) && steady == 107,
	   "when it was made by the steady clock");
	ok(!removals_steady(again, &b, &steady), "if that is known");
	removals_free(&again);
	again = removals_new(GRACE);
	also.removals = again;
	is_int(checkpoint_load(file, &back, put_back, tab, &also, &pos, &npos,
			       &err),
	       1, "removals are read, the clock an hour back");
	ok(removals_cover(again, &a, WALL + 100), "its stamp stays");
	ok(removals_steady(again, &a, &steady) && steady == 107 - 3600,
	   "the steady clock goes on");
	removals_free(&gone);
	removals_free(&again);
	removals_free(&others);
	authtab_free(&tab);
}

/* Damages a checkpoint after its first lines. text: what follows them; size: to
 * which the file is then extended, by NULs that take no space; 0: not at all.
 */
static void
damaged(const char *text, off_t size, const char *what)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL);
	FILE *f = fopen(file, "w");
	struct logpos *pos;
	struct err err;
	clock_t began;
	size_t npos;

	fprintf(f, "pop-before-smtp checkpoint 1\n"
		   "row 192.0.2.1 1700000000 1800000000 0\n");
	for (int i = 0; i < 20000; i++)
		fputs(text, f);
	fclose(f);
	is_int(size == 0 || truncate(file, size) == 0, 1, "%s: made", what);
	began = clock();
	is_int(checkpoint_load(file, NULL, put_back, tab, NULL, &pos,
			       &npos, &err),
	       -1, "%s: damaged", what);
	ok(clock() - began < CLOCKS_PER_SEC / 10, "%s: and not read whole",
	   what);
	is_int(authtab_count(tab), 0, "%s: nothing is granted", what);
	authtab_free(&tab);
}

static void
damage(void)
{
	damaged("", (off_t)1 << 29, "no newline");
	damaged("", (off_t)4 << 30, "larger than any");
	damaged("x", 0, "a long line");
	damaged("user ann\nusers bob\n", 0, "another word");
	damaged("user ann\nuser b\0b\n", 0, "no end");
}

/* ---- other hosts ---- */

static char pop2[] = "pop2", pop3[] = "pop3";
static struct peers_host hosts[] = {{.name = pop2, .key = {1, 2, 250}},
				    {.name = pop3, .key = {9}}};

static void
grant_told(struct authtab *tab, const char *addr, const char *user)
{
	const struct authtab_login login = {.addr = address(addr),
					    .user = user,
					    .user_len = strlen(user),
					    .when = WALL + 50,
					    .expires = 50 + GRACE,
					    .remote = true};

	authtab_grant(tab, &login, 50);
}

/* Who vouches: "own: ann own, bob told". */
static const char *
tell_origin(const struct authtab *tab, const char *addr)
{
	static char text[200];
	struct addr a = address(addr);
	struct authtab_row row;
	size_t len;

	if (!authtab_get(tab, &a, &row))
		return "";
	len = (size_t)sprintf(text, "%s:", row.own ? "own" : "told");
	for (size_t i = 0; i < row.nusers; i++)
		len += (size_t)sprintf(text + len, " %s %s", row.users[i].name,
				       row.users[i].own ? "own" : "told");
	return text;
}

static int
load_also(struct authtab *tab, struct checkpoint_also *also)
{
	struct logpos *pos;
	struct err err;
	size_t npos;

	return checkpoint_load(file, &written, put_back, tab, also, &pos,
			       &npos, &err);
}

static void
origins(void)
{
	struct authtab *tab = authtab_new(GRACE, 100, NULL, NULL), *again;
	struct peers_conf peers = {.hosts = hosts, .nhosts = 2};
	struct removals *own = removals_new(GRACE), *told = removals_new(GRACE);
	struct checkpoint_also also = {
	    .removals = own, .others = told, .peers = &peers};
	struct addr a = address("192.0.2.8"), b = address("192.0.2.9");
	FILE *f = fopen(file, "w");

	grant(tab, "192.0.2.1", "ann", 10, 0);
	grant_told(tab, "192.0.2.1", "bob");
	grant_told(tab, "192.0.2.2", "eve");
	grant(tab, "192.0.2.3", "ann", 60, 0);
	grant_told(tab, "192.0.2.3", "ann");
	removals_add(own, &a, WALL + 100, WALL + 100);
	removals_add(told, &b, WALL + 100, WALL + 100);
	checkpoint_write(f, tab, &also, NULL, 0, &written, 300);
	fclose(f);

	also.removals = removals_new(GRACE);
	also.others = removals_new(GRACE);
	again = authtab_new(GRACE, 100, NULL, NULL);
	is_int(load_also(again, &also), 1, "what others told is read");
	is_str(tell_origin(again, "192.0.2.1"), "own: bob told ann own",
	       "who told of which user");
	is_str(tell_origin(again, "192.0.2.2"), "told: eve told",
	       "an address that others alone have told of");
	is_str(tell_origin(again, "192.0.2.3"), "own: ann own",
	       "a login that we and others have found is ours");
	ok(removals_cover(also.removals, &a, WALL) &&
	       !removals_cover(also.removals, &b, WALL),
	   "removals of our operator");
	ok(removals_cover(also.others, &b, WALL) &&
	       !removals_cover(also.others, &a, WALL),
	   "and of others");
	ok(!also.strangers, "all hosts are known");
	hosts[1].key[31] = 1;
	load_also(again, &also);
	ok(also.strangers, "one whose key has changed is not");
	also.strangers = false;
	also.peers = NULL;
	load_also(again, &also);
	ok(also.strangers, "without peers: none is");

	removals_free(&own);
	removals_free(&told);
	removals_free(&also.removals);
	removals_free(&also.others);
	authtab_free(&tab);
	authtab_free(&again);
}

int
main(void)
{
	close(mkstemp(file));
	round_trip();
	rules();
	older_form();
	clocks();
	positions();
	removals();
	origins();
	damage();
	unlink(file);
	return tap_done();
}
