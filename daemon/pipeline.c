#include "daemon/pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/authtab.h"
#include "daemon/conf.h"
#include "daemon/networks.h"
#include "daemon/users.h"
#include "patterns/recognizer.h"
#include "patterns/rules.h"

/* A doubtful line is said this often, then only counted: whoever can write
 * such lines could fill our log with them. */
enum { DOUBTFUL_SAID = 20 };

/* --reprocess: a login that was found, and is judged some logins later. */
enum { APART = 5, WAITING_MAX = AUTHTAB_PREFETCH_STEPS * APART };
struct waiting {
	struct match match;
	time_t when;
	struct moment now;
	char user[USERS_NAME_MAX];
};

struct pipeline {
	uint32_t grace;
	struct authtab *table;
	struct ruleset *rules;
	struct recognizer *recognizer;
	struct networks *networks;
	struct pipeline_stats stats;
	bool quiet;
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
	    .nenabled = conf->enable.count};
	struct pipeline *p = alloc_zero(1, sizeof(*p));

	p->grace = conf->grace;
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
	networks_free(&p->networks);
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

/* A login that a rule found: may it authorize, and for how long? */
static int
judge(struct pipeline *p, const struct match *m, time_t when, struct moment now)
{
	int64_t left;
	const char *why;
	int event;

	if (when > now.wall)
		when = now.wall;
	left = (int64_t)when + p->grace - now.wall;
	if (left <= 0) {
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
	event = authtab_grant(p->table, &m->addr, m->user, m->user_len, when,
			      now.lifetime + left, now.lifetime);
	if (event == AUTHTAB_ADDED)
		say_granted(p, m, left);
	else if (log_debugging())
		say_candidate(m, event < 0 ? "unchanged" : "renewed", NULL);
	return event >= 0;
}

/* 1: a login that *found tells. Says what is doubtful. */
static int
find_login(struct pipeline *p, const char *line, size_t len, time_t now,
	   struct found *found)
{
	struct err err;

	p->stats.lines++;
	switch (recognize(p->recognizer, line, len, now, found, &err)) {
	case FOUND_HEADERLESS:
		p->stats.headerless++;
		found->line.stamp_len = 0;
		return 0;
	case FOUND_DOUBTFUL:
		say_doubtful(p, &found->line, err.text);
		return 0;
	case FOUND_LOGIN:
		p->stats.logins++;
		if (found->dated)
			return 1;
		say_doubtful(p, &found->line, "no time that can be read");
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

	if (!find_login(p, line, len, now.wall, &found))
		return 0;
	return judge(p, &found.match, found.when, now);
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
	const struct waiting *login = waiting_at(p, p->judged++);

	judge(p, &login->match, login->when, login->now);
}

static void
judge_all(struct pipeline *p)
{
	while (p->judged < p->found)
		judge_next(p);
}

/* Of what points into the line, the user is copied; no other is needed. */
static void
keep_login(struct waiting *login, const struct found *found, time_t now)
{
	struct match *match = &login->match;

	*match = found->match;
	match->ip = match->session = NULL;
	match->ip_len = match->session_len = 0;
	login->when = found->when;
	login->now = (struct moment){now, now};
	if (match->user == NULL)
		return;
	if (match->user_len > sizeof(login->user))
		match->user_len = sizeof(login->user);
	match->user = memcpy(login->user, match->user, match->user_len);
}

/* Millions of logins in a row would each wait for the table's memory. */
static void
judge_later(struct pipeline *p, const struct found *found)
{
	size_t ago = 0;

	if (p->found - p->judged == WAITING_MAX)
		judge_next(p);
	keep_login(waiting_at(p, p->found++), found, p->replay_now);
	for (int step = 0; step < AUTHTAB_PREFETCH_STEPS; step++) {
		if (ago < p->found - p->judged)
			authtab_prefetch(
			    p->table,
			    &waiting_at(p, p->found - 1 - ago)->match.addr,
			    step);
		ago += APART;
	}
}

void
pipeline_replay(struct pipeline *p, const char *line, size_t len, time_t wall)
{
	struct found found;
	int login;

	login = find_login(p, line, len, wall, &found);
	keep_stamp(p, &found.line);
	if (!login)
		return;
	advance_replay(p, found.when, wall);
	judge_later(p, &found);
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

void
pipeline_carry_stats(struct pipeline *p, struct pipeline *old)
{
	judge_all(old);
	p->stats = old->stats;
}

size_t
pipeline_rules(const struct pipeline *p)
{
	return p->rules->count;
}
