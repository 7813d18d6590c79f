#include "daemon/pipeline/pipeline_state.h"

#include "base/addr.h"
#include "base/log.h"
#include "daemon/pipeline/exclude.h"
#include "patterns/match/rules.h"

static void
say_candidate(const struct match *m, const char *what, const char *why)
{
	char address[ADDR_TEXT_MAX], user[128];

	addr_format(&m->addr, address);
	log_printable(user, sizeof(user), m->user ? m->user : "-",
		      m->user ? m->user_len : 1);
	log_debug("%s %s rule=%s user=%s%s%s", what, address, m->rule->name,
		  user, why ? ": " : "", why ? why : "");
}

static void
say_granted(const struct pipeline *p, const struct match *m, int64_t seconds)
{
	char address[ADDR_TEXT_MAX], user[128];

	if (p->quiet && !log_debugging())
		return;
	addr_format(&m->addr, address);
	log_printable(user, sizeof(user), m->user ? m->user : "-",
		      m->user ? m->user_len : 1);
	log_info("granted %s for %llds rule=%s user=%s", address,
		 (long long)seconds, m->rule->name, user);
}

/* As it comes a login should be new, unless that log keeps another time. */
static void
say_stale(struct pipeline *p, const struct match *m, int64_t age)
{
	char address[ADDR_TEXT_MAX];

	if (log_debugging())
		say_candidate(m, "ignored", "older than the grace");
	if (p->quiet || p->stale_said)
		return;
	p->stale_said = true;
	addr_format(&m->addr, address);
	log_warning("granted nothing: the login of %s was %lld s old as it "
		    "came: has its log another time zone? rule=%s; more such "
		    "are counted, not said",
		    address, (long long)age, m->rule->name);
}

/* ---- sessions ---- */

/* Time in the log, on the clock of expiries. */
static int64_t
lifetime_of(time_t when, struct moment now)
{
	return now.lifetime + (int64_t)when - now.wall;
}

void
pipeline_release(struct pipeline *p, const struct addr *addr, time_t when,
		 struct moment now)
{
	time_t until = when + (time_t)p->grace;
	time_t left = sessions_until(p->holds, addr);

	authtab_release(p->table, addr,
			lifetime_of(left > until ? left : until, now));
}

/* Until when its session holds a login's address. */
static time_t
begin_session(struct pipeline *p, const struct login *login, time_t when,
	      struct moment now)
{
	struct addr addr = authtab_key(p->table, &login->match.addr), gone;
	bool open = sessions_begin(p->holds, &login->key, &addr, when, &gone);

	if (gone.family != 0)
		pipeline_release(p, &gone, now.wall, now);
	return open ? when + (time_t)p->hold : 0;
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
	return sessions_key(p->holds, &id);
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

	if (naming == NAMED_NOT || !sessions_end(p->holds, &key, when, &addr))
		return;
	pipeline_release(p, &addr, when, now);
	if (!log_debugging())
		return;
	addr_format(&addr, address);
	log_debug("session of %s ended rule=%s", address,
		  found->match.rule->name);
}

/* ---- logins ---- */

int
pipeline_authorize(struct pipeline *p, const struct login *login, struct moment now)
{
	const struct match *m = &login->match;
	time_t when = login->when < now.wall ? login->when : now.wall;
	time_t grace = when + (time_t)p->grace, until = grace;
	const char *why;
	int event;

	if (login->holds && when + (time_t)p->hold > until)
		until = when + (time_t)p->hold;
	if (until <= now.wall) {
		p->stats.stale++;
		say_stale(p, m, now.wall - when);
		return 0;
	}
	why = exclude_refuse(p->networks, &m->addr);
	if (why != NULL) {
		p->stats.refused++;
		if (log_debugging())
			say_candidate(m, "refused", why);
		return 0;
	}
	until = login->holds ? begin_session(p, login, when, now) : 0;
	event = authtab_hold(p->table, &m->addr, m->user, m->user_len, when,
			     lifetime_of(grace, now), lifetime_of(until, now),
			     now.lifetime);
	if (event == AUTHTAB_ADDED)
		say_granted(p, m, (until > grace ? until : grace) - now.wall);
	else if (log_debugging())
		say_candidate(m, event < 0 ? "unchanged" : "renewed", NULL);
	return event >= 0;
}

void
pipeline_take_login(const struct pipeline *p, const struct found *found,
		    struct login *login)
{
	enum naming naming;

	login->match = found->match;
	login->when = found->when;
	login->holds = false;
	if (p->holds == NULL)
		return;
	naming = recognizer_naming(p->recognizer, &found->match);
	login->holds = naming != NAMED_NOT;
	if (login->holds)
		login->key = session_key(p, found, naming);
}
