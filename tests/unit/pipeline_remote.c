/* A login that another host has published counts here as one of our own
 * would, but no longer than that host says, and not once an operator has
 * removed it. */
#include "daemon/pipeline/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/table/authtab.h"
#include "tests/tap.h"

enum { WALL = 1700000000, GRACE = 1800, SESSION_MAX = 7200 };

/* The table's clock differs from the wall clock. */
static const struct moment now = {WALL, 1000};

struct place {
	struct conf conf;
	struct authtab *table;
	struct pipeline *pipeline;
};

static struct addr
address(const char *text)
{
	struct addr addr;

	addr_parse(&addr, text, strlen(text));
	return addr;
}

static struct place *
open_place(const char *sessions)
{
	struct place *p = alloc_zero(1, sizeof(*p));
	char *args[] = {(char *)"pop-before-smtp",
			(char *)"--patterns=patterns",
			(char *)"--logfile=/dev/null",
			(char *)"--dbfile=text:/nonexistent/map",
			(char *)"--nomynetworks",
			(char *)"--grace=30m",
			(char *)"--session_max=2h",
			(char *)"--exclude=198.51.100.0/24",
			(char *)sessions,
			NULL};
	struct err err;

	if (conf_load(&p->conf, NULL, (int)(sizeof(args) / sizeof(args[0])) - 1,
		      args, &err) != 0 ||
	    (p->table = authtab_new(GRACE, 100, NULL, NULL)) == NULL ||
	    (p->pipeline = pipeline_new(&p->conf, NULL, p->table, &err)) ==
		NULL) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	authtab_set_hold(p->table, conf_hold(&p->conf), now.lifetime);
	return p;
}

static void
close_place(struct place *p)
{
	pipeline_free(&p->pipeline);
	authtab_free(&p->table);
	conf_clear(&p->conf);
	free(p);
}

/* When a login of so many seconds ago ends, seconds from now; 0: it does not
 * count; -1: it is refused. */
static long
tell(struct place *p, const char *text, const char *user, long ago, long until,
     bool held)
{
	struct addr addr = address(text);
	const struct pipeline_remote login = {
	    .host = "pop2",
	    .addr = &addr,
	    .user = user,
	    .user_len = user != NULL ? strlen(user) : 0,
	    .when = WALL - ago,
	    .until = WALL + until,
	    .held = held};
	int64_t ends = pipeline_remote(p->pipeline, &login, now);

	return ends > 0 ? (long)(ends - now.lifetime) : (long)ends;
}

/* Seconds left of an address; 0: it is not in. */
static long
left(struct place *p, const char *text)
{
	struct addr addr = address(text);
	struct authtab_row row;

	if (!authtab_get(p->table, &addr, &row))
		return 0;
	return (long)(row.expires - now.lifetime);
}

static void
logins(void)
{
	struct place *p = open_place("--nosessions");
	struct addr addr = address("203.0.113.1");
	struct authtab_row row;

	is_int(tell(p, "203.0.113.1", "ann", 100, 1700, false), 1700,
	       "a login ends when our own would");
	is_int(left(p, "203.0.113.1"), 1700, "it is in the table");
	ok(authtab_get(p->table, &addr, &row) && !row.own && row.nusers == 1,
	   "as another's, with its user");
	is_int(tell(p, "203.0.113.2", "ann", 100, 600, false), 600,
	       "or earlier, if that host says so");
	is_int(tell(p, "203.0.113.3", "ann", 100, 9000, false), 1700,
	       "but not later");
	is_int(tell(p, "203.0.113.4", "ann", -20, 9000, false), 1800,
	       "one of a clock that is ahead is of now");
	is_int(tell(p, "203.0.113.5", "ann", 9000, 100, false), 0,
	       "one older than our grace is over");
	is_int(tell(p, "203.0.113.6", "ann", 100, 0, false), 0,
	       "one that has ended there, too");
	is_int(tell(p, "203.0.113.7", "ann", 100, 60, true), 0,
	       "a session does not count if ours are off");
	is_int((long long)authtab_count(p->table), 4, "no more than these");
	close_place(p);
}

static void
held(void)
{
	struct place *p = open_place("--sessions");

	is_int(tell(p, "203.0.113.1", "ann", 5000, 60, true), 60,
	       "a session holds as long as that host says");
	is_int(left(p, "203.0.113.1"), 60, "it is in the table");
	is_int(tell(p, "203.0.113.1", "ann", 5000, 80, true), 80, "said again");
	is_int(tell(p, "203.0.113.2", "ann", 7190, 60, true), 10,
	       "no longer than our session_max");
	is_int(tell(p, "203.0.113.3", "ann", 7200, 60, true), 0,
	       "or not at all");
	close_place(p);
}

static void
refused(void)
{
	struct place *p = open_place("--nosessions");

	is_int(tell(p, "198.51.100.7", "ann", 0, 1800, false), -1,
	       "an excluded address");
	is_int(tell(p, "127.0.0.1", "ann", 0, 1800, false), -1, "loopback");
	is_int((long long)authtab_count(p->table), 0, "none is in the table");
	close_place(p);
}

static void
removed(void)
{
	struct place *p = open_place("--nosessions");
	struct addr addr = address("203.0.113.1");
	struct authtab_row row;

	tell(p, "203.0.113.1", "ann", 300, 1500, false);
	pipeline_remote_removal(p->pipeline, &addr, WALL - 200, now);
	is_int(left(p, "203.0.113.1"), 0, "a removal of another's operator");
	is_int(tell(p, "203.0.113.1", "ann", 300, 1500, false), 0,
	       "the login does not come back");
	is_int(tell(p, "203.0.113.1", "bob", 200, 1500, false), 0,
	       "nor one of the same second");
	is_int(tell(p, "203.0.113.1", "ann", 199, 1601, false), 1601,
	       "a later one counts");
	tell(p, "203.0.113.1", "bob", 100, 1700, false);
	tell(p, "203.0.113.1", "eve", 50, 1750, false);
	pipeline_remote_removal(p->pipeline, &addr, WALL - 100, now);
	ok(authtab_get(p->table, &addr, &row) && row.nusers == 1 &&
	       strcmp(row.users[0].name, "eve") == 0,
	   "who has logged in since stays, the others go");
	is_int(left(p, "203.0.113.1"), 1750, "for as long as that login lasts");

	pipeline_remove(p->pipeline, &addr, now);
	is_int(tell(p, "203.0.113.1", "ann", 0, 1800, false), 0,
	       "what our operator has removed, others do not bring back");
	close_place(p);
}

/* Other hosts hear of what our own logs vouch for, and of nothing else. */
struct told {
	int logins;
	char user[32];
};

static void
on_login(void *arg, const struct authtab_login *login)
{
	struct told *told = arg;

	told->logins++;
	snprintf(told->user, sizeof(told->user), "%.*s", (int)login->user_len,
		 login->user);
}

static void
own(void)
{
	static const char line[] =
	    "Nov 14 22:13:20 mail dovecot: pop3-login: Login: user=<ann>, "
	    "method=PLAIN, rip=203.0.113.1, lip=203.0.113.250, mpid=1, "
	    "session=<a>";
	struct place *p = open_place("--nosessions");
	struct told told = {0};
	struct pipeline_own ops = {.login = on_login, .arg = &told};
	struct addr addr = address("203.0.113.1");
	struct authtab_row row;

	pipeline_set_own(p->pipeline, &ops);
	tell(p, "203.0.113.1", "bob", 0, 1800, false);
	is_int(told.logins, 0, "not of what others vouch for");
	pipeline_line(p->pipeline, line, strlen(line), now);
	is_int(told.logins, 1, "other hosts hear of what our own log says");
	is_str(told.user, "ann", "with its user");
	ok(authtab_get(p->table, &addr, &row) && row.own,
	   "and we vouch for the address");
	pipeline_remove(p->pipeline, &addr, now);
	pipeline_line(p->pipeline, line, strlen(line), now);
	is_int(told.logins, 1, "not of what is refused");
	close_place(p);
}

int
main(void)
{
	struct err err;

	setenv("TZ", "UTC", 1);
	log_open("/dev/null", false, &err);
	logins();
	held();
	refused();
	removed();
	own();
	return tap_done();
}
