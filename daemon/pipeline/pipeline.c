#include "daemon/pipeline/pipeline_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/exclude.h"
#include "daemon/pipeline/load_rules.h"
#include "daemon/pipeline/scan_pool.h"
#include "patterns/match/rules.h"

/* A doubtful line is said this often, then only counted: whoever can write
 * such lines could fill our log with them. */
enum { DOUBTFUL_SAID = 20 };

struct pipeline *
pipeline_new(const struct conf *conf, struct helper *helper,
	     struct authtab *table, struct err *err)
{
	const struct rule_choice choice = {
	    .enabled = (const char *const *)conf->enable.list,
	    .nenabled = conf->enable.count,
	    .logouts = conf->sessions};
	struct pipeline *p = alloc_zero(1, sizeof(*p));

	p->grace = conf->grace;
	p->hold = conf_hold(conf);
	if (conf->sessions)
		p->holds = sessions_new(p->hold, SESSIONS_MAX);
	p->table = table;
	p->rules = load_rules(conf, err);
	if (p->rules != NULL)
		p->recognizer = recognizer_new(p->rules, &choice, err);
	if (p->recognizer == NULL) {
		pipeline_free(&p);
		return NULL;
	}
	if (!matcher_has_jit(recognizer_matcher(p->recognizer)))
		log_info("this system forbids compiled expressions; "
			 "interpreting them");
	p->networks = exclude_new(conf, helper);
	return p;
}

void
pipeline_free(struct pipeline **pipeline)
{
	struct pipeline *p = *pipeline;

	*pipeline = NULL;
	if (p == NULL)
		return;
	scan_pool_free(&p->backlog);
	exclude_free(&p->networks);
	sessions_free(&p->holds);
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

enum finding
pipeline_weigh(struct pipeline *p, enum finding finding, struct found *found,
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

enum finding
pipeline_look(struct pipeline *p, const char *line, size_t len, time_t now,
	      struct found *found)
{
	enum finding finding;
	struct err err;

	p->stats.lines++;
	finding = recognize(p->recognizer, line, len, now, found, &err);
	return finding == FOUND_NOTHING
		   ? finding
		   : pipeline_weigh(p, finding, found, &err);
}

int
pipeline_act(struct pipeline *p, enum finding finding,
	     const struct found *found, struct moment now)
{
	struct login login;

	switch (finding) {
	case FOUND_LOGIN:
		pipeline_take_login(p, found, &login);
		return pipeline_authorize(p, &login, now);
	case FOUND_LOGOUT:
		pipeline_end_session(p, found, now);
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
	enum finding finding = pipeline_look(p, line, len, now.wall, &found);

	return pipeline_act(p, finding, &found, now);
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
	return exclude_refuse(p->networks, addr);
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
	struct session_row row;
	const void *at = NULL;

	if (p->holds == NULL || old->holds == NULL)
		return;
	sessions_free(&p->holds);
	p->holds = old->holds;
	old->holds = NULL;
	sessions_set_longest(p->holds, p->hold);
	while (sessions_next(p->holds, &at, &row))
		pipeline_release(p, &row.addr, 0, now);
}

void
pipeline_carry(struct pipeline *p, struct pipeline *old, struct moment now)
{
	pipeline_authorize_all(old);
	p->stats = old->stats;
	carry_holds(p, old, now);
}

struct sessions *
pipeline_sessions(struct pipeline *p)
{
	return p->holds;
}

size_t
pipeline_rules(const struct pipeline *p)
{
	return p->rules->count;
}
