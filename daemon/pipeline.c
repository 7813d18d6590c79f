#include "daemon/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/authtab.h"
#include "daemon/conf.h"
#include "daemon/holds.h"
#include "daemon/networks.h"
#include "daemon/replay.h"
#include "daemon/users.h"
#include "patterns/recognizer.h"
#include "patterns/rules.h"

/* A doubtful line is said this often, then only counted: whoever can write
 * such lines could fill our log with them. */
enum { DOUBTFUL_SAID = 20 };

/* A login that was found. */
struct login {
	struct match match;
	time_t when;
	bool holds; /* its session has this key */
	struct hold_key key;
};

/* --reprocess: a login is judged some logins later. */
enum { APART = 5, WAITING_MAX = AUTHTAB_PREFETCH_STEPS * APART };
struct waiting {
	struct login login;
	struct moment now;
	char user[USERS_NAME_MAX];
};

struct pipeline {
	uint32_t grace, hold;
	struct authtab *table;
	struct holds *holds; /* NULL: sessions hold nothing */
	struct ruleset *rules;
	struct recognizer *recognizer;
	struct networks *networks;
	struct pipeline_stats stats;
	bool quiet;
	struct replay *backlog; /* NULL: none was seen, or it is over */
	/* --reprocess: the newest time seen, and the stamp of the last line,
	 * decoded only when somebody asks. */
	time_t replay_now;
	struct logline last;
	char last_stamp[64];
	struct waiting waiting[WAITING_MAX]; /* a ring */
	size_t found, judged;		     /* logins of a replay */
};

struct pipeline *
pipeline_new(const struct conf *conf, struct authtab *table, struct err *err)
{
	const struct rule_choice choice = {
	    .enabled = (const char *const *)conf->enable.list,
	    .nenabled = conf->enable.count,
	    .logouts = conf->sessions};
	struct pipeline *p = alloc_zero(1, sizeof(*p));

	p->grace = conf->grace;
	p->hold = conf_hold(conf);
	if (conf->sessions)
		p->holds = holds_new(p->hold, HOLDS_MAX);
	p->table = table;
	p->rules = ruleset_load((const char *const *)conf->patterns.list,
				conf->patterns.count, err);
	if (p->rules != NULL)
		p->recognizer = recognizer_new(p->rules, &choice, err);
	if (p->recognizer == NULL) {
		pipeline_free(&p);
		return NULL;
	}
	if (!matcher_has_jit(recognizer_matcher(p->recognizer)))
		log_info("this system forbids compiled expressions; "
			 "interpreting them");
	p->networks = networks_new(conf);
	return p;
}

void
pipeline_free(struct pipeline **pipeline)
{
	struct pipeline *p = *pipeline;

	*pipeline = NULL;
	if (p == NULL)
		return;
	replay_free(&p->backlog);
	networks_free(&p->networks);
	holds_free(&p->holds);
	recognizer_free(&p->recognizer);
	ruleset_free(&p->rules);
	free(p);
}

void
pipeline_set_quiet(struct pipeline *p, bool quiet)
{
	p->quiet = quiet;
}

static void
say_doubtful(struct pipeline *p, const struct logline *l, const char *why)
{
	char text[256];

	p->stats.doubtful++;
	if (p->stats.doubtful > DOUBTFUL_SAID && !log_debugging())
		return;
	log_printable(text, sizeof(text), l->line, l->line_len);
	log_warning("granted nothing: %s: %s", why, text);
	if (p->stats.doubtful == DOUBTFUL_SAID)
		log_warning("more such lines are counted, not said");
}

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

/* ---- sessions ---- */

/* Time in the log, on the clock of expiries. */
static int64_t
lifetime_of(time_t when, struct moment now)
{
	return now.lifetime + (int64_t)when - now.wall;
}

/* The address may rest on the sessions of it that are left, and on its grace
 * from now on. */
static void
release(struct pipeline *p, const struct addr *addr, time_t when,
	struct moment now)
{
	time_t until = when + (time_t)p->grace;
	time_t left = holds_until(p->holds, addr);

	authtab_release(p->table, addr,
			lifetime_of(left > until ? left : until, now));
}

/* Until when its session holds a login's address. */
static time_t
begin_session(struct pipeline *p, const struct login *login, time_t when,
	      struct moment now)
{
	struct addr addr = authtab_key(p->table, &login->match.addr), gone;
	bool open = holds_begin(p->holds, &login->key, &addr, when, &gone);

	if (gone.family != 0)
		release(p, &gone, now.wall, now);
	return open ? when + (time_t)p->hold : 0;
}

static void
end_session(struct pipeline *p, const struct found *found, struct moment now)
{
	enum naming naming = recognizer_naming(p->recognizer, &found->match);
	struct hold_key key = holds_key(p->holds, found, naming);
	time_t when = found->when < now.wall ? found->when : now.wall;
	char address[ADDR_TEXT_MAX];
	struct addr addr;

	if (naming == NAMED_NOT || !holds_end(p->holds, &key, when, &addr))
		return;
	release(p, &addr, when, now);
	if (!log_debugging())
		return;
	addr_format(&addr, address);
	log_debug("session of %s ended rule=%s", address,
		  found->match.rule->name);
}

/* ---- logins ---- */

/* A login that a rule found: may it authorize, and for how long? */
static int
judge(struct pipeline *p, const struct login *login, struct moment now)
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
		if (log_debugging())
			say_candidate(m, "ignored", "older than the grace");
		return 0;
	}
	why = networks_refuse(p->networks, &m->addr);
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

/* A login that was found, and the key of its session if that matters. */
static void
take_login(const struct pipeline *p, const struct found *found,
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
		login->key = holds_key(p->holds, found, naming);
}

/* What a line that is not like most is to us. Says what is doubtful. */
static enum finding
weigh(struct pipeline *p, enum finding finding, struct found *found,
      const struct err *err)
{
	switch (finding) {
	case FOUND_HEADERLESS:
		p->stats.headerless++;
		found->line.stamp_len = 0;
		return finding;
	case FOUND_DOUBTFUL:
		say_doubtful(p, &found->line, err->text);
		return finding;
	case FOUND_LOGIN:
		p->stats.logins++;
		break;
	case FOUND_LOGOUT:
		break;
	default:
		return FOUND_NOTHING;
	}
	if (found->dated)
		return finding;
	say_doubtful(p, &found->line, "no time that can be read");
	return FOUND_DOUBTFUL;
}

static inline enum finding
look_at(struct pipeline *p, const char *line, size_t len, time_t now,
	struct found *found)
{
	enum finding finding;
	struct err err;

	p->stats.lines++;
	finding = recognize(p->recognizer, line, len, now, found, &err);
	return finding == FOUND_NOTHING ? finding
					: weigh(p, finding, found, &err);
}

/* What is made of a finding at that time; 1: the table has changed. */
static int
act(struct pipeline *p, enum finding finding, const struct found *found,
    struct moment now)
{
	struct login login;

	switch (finding) {
	case FOUND_LOGIN:
		take_login(p, found, &login);
		return judge(p, &login, now);
	case FOUND_LOGOUT:
		end_session(p, found, now);
		return 0;
	default:
		return 0;
	}
}

int
pipeline_line(struct pipeline *p, const char *line, size_t len,
	      struct moment now)
{
	struct found found;
	enum finding finding = look_at(p, line, len, now.wall, &found);

	return act(p, finding, &found, now);
}

/* Remembers a line's stamp beyond the life of the line. */
static void
keep_stamp(struct pipeline *p, const struct logline *l)
{
	if (l->stamp_len == 0 || l->stamp_len > sizeof(p->last_stamp))
		return;
	memcpy(p->last_stamp, l->stamp, l->stamp_len);
	p->last = *l;
	p->last.stamp = p->last_stamp;
}

static void
advance_replay(struct pipeline *p, time_t when, time_t wall)
{
	if (when > wall)
		when = wall;
	if (when > p->replay_now)
		p->replay_now = when;
}

/* The login that was found as number n. */
static struct waiting *
waiting_at(struct pipeline *p, size_t n)
{
	return &p->waiting[n % WAITING_MAX];
}

static void
judge_next(struct pipeline *p)
{
	const struct waiting *waiting = waiting_at(p, p->judged++);

	judge(p, &waiting->login, waiting->now);
}

static void
judge_all(struct pipeline *p)
{
	while (p->judged < p->found)
		judge_next(p);
}

/* Of what points into the line, the user is copied; no other is needed. */
static void
keep_login(const struct pipeline *p, struct waiting *waiting,
	   const struct found *found)
{
	struct match *match = &waiting->login.match;

	take_login(p, found, &waiting->login);
	match->ip = match->session = NULL;
	match->ip_len = match->session_len = 0;
	waiting->now = (struct moment){p->replay_now, p->replay_now};
	if (match->user == NULL)
		return;
	if (match->user_len > sizeof(waiting->user))
		match->user_len = sizeof(waiting->user);
	match->user = memcpy(waiting->user, match->user, match->user_len);
}

/* Millions of logins in a row would each wait for the table's memory. */
static void
judge_later(struct pipeline *p, const struct found *found)
{
	size_t ago = 0;

	if (p->found - p->judged == WAITING_MAX)
		judge_next(p);
	keep_login(p, waiting_at(p, p->found++), found);
	for (int step = 0; step < AUTHTAB_PREFETCH_STEPS; step++) {
		if (ago < p->found - p->judged)
			authtab_prefetch(p->table,
					 &waiting_at(p, p->found - 1 - ago)
					      ->login.match.addr,
					 step);
		ago += APART;
	}
}

/* As act(), at the time of the log. */
static void
act_then(struct pipeline *p, enum finding finding, const struct found *found,
	 time_t wall)
{
	if (finding == FOUND_LOGIN) {
		advance_replay(p, found->when, wall);
		judge_later(p, found);
	} else if (finding == FOUND_LOGOUT) {
		judge_all(p);
		advance_replay(p, found->when, wall);
		end_session(p, found,
			    (struct moment){p->replay_now, p->replay_now});
	}
}

void
pipeline_replay(struct pipeline *p, const char *line, size_t len, time_t wall)
{
	struct found found;
	enum finding finding = look_at(p, line, len, wall, &found);

	keep_stamp(p, &found.line);
	act_then(p, finding, &found, wall);
}

/* ---- many lines at once ---- */

/* A block whose lines are being told. */
struct block {
	struct pipeline *pipeline;
	struct moment now;
	bool replay;
};

static void
on_finding(void *arg, enum finding finding, struct found *found)
{
	const struct block *block = arg;
	struct pipeline *p = block->pipeline;
	struct logline line = found->line;
	struct err err;

	if (finding == FOUND_PART)
		finding = recognize_part(p->recognizer, found, &err);
	else if (finding == FOUND_DOUBTFUL) /* once more, for the reason */
		recognize_alone(p->recognizer, line.line, line.line_len,
				block->now.wall, found, &err);
	finding = weigh(p, finding, found, &err);
	if (block->replay)
		act_then(p, finding, found, block->now.wall);
	else
		act(p, finding, found, block->now);
}

/* The stamp of the last line that has one. */
static void
keep_last_stamp(struct pipeline *p, const char *lines, const char *end)
{
	struct logline l;
	const char *line;

	for (; end > lines; end = line) {
		line = memrchr(lines, '\n', (size_t)(end - 1 - lines));
		line = line != NULL ? line + 1 : lines;
		if (logline_parse(&l, line, (size_t)(end - 1 - line)) == 0) {
			keep_stamp(p, &l);
			return;
		}
	}
}

void
pipeline_block(struct pipeline *p, const char *lines, size_t len,
	       struct moment now, bool replay)
{
	struct block block = {p, now, replay};
	struct replay_stats before, after;

	if (p->backlog == NULL)
		p->backlog = replay_new(p->recognizer, replay_helpers());
	before = replay_stats(p->backlog);
	replay_block(p->backlog, lines, len, now.wall, on_finding, &block);
	after = replay_stats(p->backlog);
	p->stats.lines += after.lines - before.lines;
	p->stats.headerless += after.headerless - before.headerless;
	if (replay)
		keep_last_stamp(p, lines, lines + len);
}

void
pipeline_caught_up(struct pipeline *p)
{
	replay_free(&p->backlog);
}

struct moment
pipeline_replay_moment(struct pipeline *p, time_t wall)
{
	time_t when;

	judge_all(p);
	if (p->last.stamp_len > 0 &&
	    recognizer_time(p->recognizer, &p->last, wall, &when) == 0)
		advance_replay(p, when, wall);
	p->last.stamp_len = 0;
	return (struct moment){p->replay_now, p->replay_now};
}

int
pipeline_stamp(struct pipeline *p, const char *line, size_t len, time_t now,
	       time_t *when)
{
	struct logline l;

	if (logline_parse(&l, line, len) != 0)
		return -1;
	return recognizer_time(p->recognizer, &l, now, when);
}

const char *
pipeline_refuse(struct pipeline *p, const struct addr *addr)
{
	return networks_refuse(p->networks, addr);
}

const struct pipeline_stats *
pipeline_stats(const struct pipeline *p)
{
	return &p->stats;
}

/* Sessions that are open stay so. A shorter bound counts for them too, a longer
 * one for those that begin from now on. */
static void
carry_holds(struct pipeline *p, struct pipeline *old, struct moment now)
{
	struct hold_row row;
	const void *at = NULL;

	if (p->holds == NULL || old->holds == NULL)
		return;
	holds_free(&p->holds);
	p->holds = old->holds;
	old->holds = NULL;
	holds_set_longest(p->holds, p->hold);
	while (holds_next(p->holds, &at, &row))
		release(p, &row.addr, 0, now);
}

void
pipeline_carry(struct pipeline *p, struct pipeline *old, struct moment now)
{
	judge_all(old);
	p->stats = old->stats;
	carry_holds(p, old, now);
}

struct holds *
pipeline_holds(struct pipeline *p)
{
	return p->holds;
}

size_t
pipeline_rules(const struct pipeline *p)
{
	return p->rules->count;
}
