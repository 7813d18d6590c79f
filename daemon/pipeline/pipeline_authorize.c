/* What a login or a logout does to the table. */
#include "daemon/pipeline/pipeline_state.h"

#include <stdlib.h>

#include "base/addr.h"
#include "base/log.h"
#include "daemon/pipeline/exclude.h"
#include "daemon/pipeline/told.h"
#include "daemon/table/removals.h"
#include "patterns/match/rules.h"

/* The user of a match, printable; "-" if the rule found none. */
static char *
format_user(const struct match *m, char *out, size_t size)
{
	return log_printable(out, size, m->user ? m->user : "-",
			     m->user ? m->user_len : 1);
}

static void
log_candidate(const struct match *m, const char *what, const char *why)
{
	char address[ADDR_TEXT_MAX], user[128];

	if (!log_debugging())
		return;
	addr_format(&m->addr, address);
	log_debug("%s %s rule=%s user=%s%s%s", what, address, m->rule->name,
		  format_user(m, user, sizeof(user)), why ? ": " : "",
		  why ? why : "");
}

static void
log_granted(const struct pipeline *p, const struct match *m, int64_t seconds)
{
	char address[ADDR_TEXT_MAX], user[128];

	if (p->backlog && !log_debugging())
		return;
	addr_format(&m->addr, address);
	log_info("granted %s for %llds rule=%s user=%s", address,
		 (long long)seconds, m->rule->name,
		 format_user(m, user, sizeof(user)));
}

static void
tell_event(const struct pipeline *p, const struct match *m, const char *refused,
	   int64_t seconds, struct moment now)
{
	const struct pipeline_event event = {.when = now.wall,
					     .addr = &m->addr,
					     .refused = refused,
					     .seconds = seconds,
					     .rule = m->rule->name,
					     .user = m->user,
					     .user_len = m->user_len};

	if (!p->backlog && p->on_event != NULL)
		p->on_event(p->event_arg, &event);
}

/* In a log that is being followed a login is new, unless the host that wrote
 * the line keeps another time zone. */
static void
log_stale(struct pipeline *p, const struct match *m, int64_t age)
{
	char address[ADDR_TEXT_MAX];

	log_candidate(m, "ignored", "older than the grace");
	if (p->backlog || p->stale_logged)
		return;
	p->stale_logged = true;
	addr_format(&m->addr, address);
	log_warning("granted nothing: the login of %s was %lld s old when it "
		    "was read: is its log in another time zone? rule=%s; "
		    "further such logins are counted, not logged",
		    address, (long long)age, m->rule->name);
}

/* A stamp this far ahead may come from a clock that is a little off; further
 * ahead it is another zone's, or another year's. */
enum { AHEAD_MAX = 60 };

static void
log_ahead(struct pipeline *p, const struct match *m, int64_t seconds,
	  bool believed)
{
	char address[ADDR_TEXT_MAX];

	log_candidate(m, believed ? "taken as of now" : "ignored",
		      "ahead of the clock");
	if (p->ahead_logged || p->observer.login != NULL)
		return;
	p->ahead_logged = true;
	addr_format(&m->addr, address);
	log_warning("%s: the login of %s is %lld s ahead of the clock: is its "
		    "log in another time zone? rule=%s; further such logins "
		    "are counted, not logged",
		    believed ? "granted as of now" : "granted nothing",
		    address, (long long)seconds, m->rule->name);
}

/* Whether the last login that was ahead of the clock when it was seen being
 * written to this log was so by about so many seconds. */
static bool
is_lead(const struct pipeline *p, int64_t seconds)
{
	return llabs(seconds - p->lead[p->log]) <= AHEAD_MAX;
}

/* Whether a login that is ahead of the clock by so many seconds has just been
 * written, all the same. */
static bool
is_new(struct pipeline *p, int64_t seconds)
{
	if (p->backlog)
		return false;
	if (p->unseen)
		return is_lead(p, seconds);
	p->lead[p->log] = seconds;
	return true;
}

/* What bears the time of now, or that of the log's zone, has just been written. */
time_t
pipeline_by_this_clock(const struct pipeline *p, time_t when,
		       struct moment now)
{
	int64_t seconds = (int64_t)when - now.wall;

	if (p->backlog || !p->unseen || llabs(seconds) <= AHEAD_MAX ||
	    is_lead(p, seconds))
		return when;
	return when - p->set_back;
}

/* Whether a login is too far ahead of the clock to be believed. */
static bool
is_ahead(struct pipeline *p, const struct login *login, struct moment now)
{
	int64_t seconds = (int64_t)login->when - now.wall;
	bool believed;

	if (seconds <= AHEAD_MAX)
		return false;
	believed = is_new(p, seconds);
	p->stats.ahead++;
	log_ahead(p, &login->match, seconds, believed);
	if (!believed)
		tell_event(p, &login->match, "ahead of the clock", 0, now);
	return !believed;
}

/* ---- sessions ---- */

int64_t
pipeline_lifetime(time_t when, struct moment now)
{
	return now.lifetime + (int64_t)when - now.wall;
}

void
pipeline_release(struct pipeline *p, const struct addr *addr, time_t when,
		 struct moment now)
{
	time_t until = when + (time_t)p->grace;
	time_t left = sessions_until(p->sessions, addr);
	int64_t ends = pipeline_lifetime(left > until ? left : until, now);
	struct addr key = authtab_key(p->table, addr);

	authtab_release(p->table, addr, ends);
	if (p->own.released != NULL)
		p->own.released(p->own.arg, &key, ends, left > until);
}

/* Returns until when the session of a login may hold its address, or 0. */
static time_t
begin_session(struct pipeline *p, const struct login *login, time_t when,
	      struct moment now)
{
	struct addr addr = authtab_key(p->table, &login->match.addr), gone;
	bool open =
	    sessions_begin(p->sessions, &login->key, &addr, when, &gone);

	if (gone.family != 0)
		pipeline_release(p, &gone, now.wall, now);
	return open ? when + (time_t)p->session_max : 0;
}

static struct session_key
session_key(const struct pipeline *p, const struct found *found,
	    enum naming naming)
{
	const struct match *match = &found->match;
	struct session_id id = {.server = match->rule->server,
				.host = found->line.host,
				.host_len = found->line.host_len};

	if (naming == NAMED_BY_ADDRESS) {
		id.pid = found->line.pid;
	} else {
		id.session = match->session;
		id.session_len = match->session_len;
	}
	if (naming != NAMED_BY_SESSION)
		id.addr = &match->addr;
	return sessions_key(p->sessions, &id);
}

void
pipeline_end_session(struct pipeline *p, const struct found *found,
		     struct moment now)
{
	enum naming naming = recognizer_naming(p->recognizer, &found->match);
	struct session_key key = session_key(p, found, naming);
	time_t when = found->when < now.wall ? found->when : now.wall;
	char address[ADDR_TEXT_MAX];
	struct addr addr;

	if (naming == NAMED_NOT ||
	    !sessions_end(p->sessions, &key, when, &addr))
		return;
	pipeline_release(p, &addr, when, now);
	if (!log_debugging())
		return;
	addr_format(&addr, address);
	log_debug("session of %s ended rule=%s", address,
		  found->match.rule->name);
}

/* ---- logins ---- */

enum { USERS_MANY = 20 }; /* more than use the address of one household */

/* Warns once that many users share the address of a login. */
static void
warn_shared(struct pipeline *p, const struct addr *login, int64_t now)
{
	struct addr addr = authtab_key(p->table, login);
	char text[ADDR_TEXT_MAX];
	struct authtab_row row;
	size_t users = 0;
	enum telling telling;

	if (!authtab_get(p->table, &addr, &row) || row.nusers <= USERS_MANY)
		return;
	for (size_t i = 0; i < row.nusers; i++)
		users += row.users[i].expires > now;
	if (users <= USERS_MANY)
		return;
	telling = told_next(p->shared, &addr, NULL, now);
	if (telling == TELL_NOT)
		return;
	addr_format(&addr, text);
	log_warning("%zu users have logged in from %s: if that is carrier NAT, "
		    "a webmail host or a proxy, all who use it may relay; "
		    "exclude: keeps it out",
		    users, text);
	if (telling == TELL_LAST)
		log_warning("further addresses of many users are not logged "
			    "for up to an hour");
}

static void
note_granted(const struct pipeline *p, const struct match *m, int64_t seconds,
	     struct moment now)
{
	log_granted(p, m, seconds);
	tell_event(p, m, NULL, seconds, now);
}

static void
note_refused(struct pipeline *p, const struct match *m, enum refusal kind,
	     const char *why, struct moment now)
{
	p->stats.refused++;
	p->refused[kind]++;
	log_candidate(m, "refused", why);
	tell_event(p, m, why, 0, now);
}

static void
note_stale(struct pipeline *p, const struct match *m, int64_t age,
	   struct moment now)
{
	p->stats.stale++;
	log_stale(p, m, age);
	tell_event(p, m, "older than the grace", 0, now);
}

enum { ROUNDING = 1 }; /* both clocks are in full seconds */

/* Whether the operator has removed an address since. If the clock has been set
 * back meanwhile, a stamp that seems older than the removal may be newer. The
 * steady clock proves it of a line that is seen being written, if its stamp is
 * that of now: of a line that is read again, late or by mistake, it is not. */
static bool
is_removed(const struct pipeline *p, const struct addr *key, time_t when,
	   const struct moment *seen)
{
	int64_t removed;

	if (!removals_cover(p->removals, key, when))
		return false;
	if (seen == NULL || llabs((int64_t)when - seen->wall) > AHEAD_MAX ||
	    !removals_steady(p->removals, key, &removed))
		return true;
	return pipeline_lifetime(when, *seen) <= removed + ROUNDING;
}

const char *
pipeline_refusal(const struct pipeline *p, const struct addr *addr, time_t when,
		 const struct moment *seen, enum refusal *kind)
{
	struct addr key = authtab_key(p->table, addr);
	const char *why;

	*kind = REFUSAL_REMOVED;
	if (is_removed(p, &key, when, seen) ||
	    removals_cover(p->others, &key, when))
		return "the operator has removed it since";
	why = exclude_refuse(p->exclude, addr);
	*kind = exclude_refusal(p->exclude);
	return why;
}

/* Publishes a login of our own logs, even if it changed nothing in the table.
 */
static void
publish_login(const struct pipeline *p, const struct authtab_login *login)
{
	struct authtab_login published = *login;

	if (p->own.login == NULL)
		return;
	published.addr = authtab_key(p->table, &login->addr);
	p->own.login(p->own.arg, &published);
}

/* The number of a rule in the table. */
static unsigned int
rule_number(struct pipeline *p, const struct rule *rule)
{
	unsigned int *number = &p->rule_numbers[rule - p->rules->list];

	if (*number == 0)
		*number = authtab_rule(p->table, rule->name);
	return *number;
}

int
pipeline_authorize(struct pipeline *p, const struct login *login,
		   struct moment now)
{
	const struct match *m = &login->match;
	time_t when = login->when < now.wall ? login->when : now.wall;
	time_t grace = when + (time_t)p->grace, until = grace;
	struct authtab_login grant;
	const char *why;
	enum refusal kind;
	int event;

	if (is_ahead(p, login, now))
		return 0;
	if (p->observer.login != NULL) {
		p->observer.login(
		    p->observer.arg, m, when,
		    pipeline_refusal(p, &m->addr, login->when, NULL,
				     &kind));
		return 0;
	}
	if (login->has_session && when + (time_t)p->session_max > until)
		until = when + (time_t)p->session_max;
	if (until <= now.wall) {
		note_stale(p, m, now.wall - when, now);
		return 0;
	}
	why = pipeline_refusal(p, &m->addr, login->when,
			       p->backlog || p->unseen ? NULL : &now, &kind);
	if (why != NULL) {
		note_refused(p, m, kind, why, now);
		return 0;
	}
	until = login->has_session ? begin_session(p, login, when, now) : 0;
	grant = (struct authtab_login){.addr = m->addr,
				       .user = m->user,
				       .user_len = m->user_len,
				       .when = when,
				       .expires = pipeline_lifetime(grace, now),
				       .until = pipeline_lifetime(until, now),
				       .rule = rule_number(p, m->rule)};
	event = authtab_grant(p->table, &grant, now.lifetime);
	publish_login(p, &grant);
	if (event == AUTHTAB_ADDED)
		note_granted(p, m, (until > grace ? until : grace) - now.wall,
			     now);
	else
		log_candidate(m, event < 0 ? "unchanged" : "renewed", NULL);
	if (event != AUTHTAB_ADDED && !p->backlog)
		warn_shared(p, &m->addr, now.lifetime);
	return event >= 0;
}

void
pipeline_take_login(const struct pipeline *p, const struct found *found,
		    struct login *login)
{
	enum naming naming;

	login->match = found->match;
	login->when = found->when;
	login->has_session = false;
	if (p->sessions == NULL)
		return;
	naming = recognizer_naming(p->recognizer, &found->match);
	login->has_session = naming != NAMED_NOT;
	if (login->has_session)
		login->key = session_key(p, found, naming);
}
