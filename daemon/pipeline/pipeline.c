#include "daemon/pipeline/pipeline_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/exclude.h"
#include "daemon/pipeline/load_rules.h"
#include "daemon/pipeline/login_counts.h"
#include "daemon/pipeline/scan_pool.h"
#include "daemon/pipeline/told.h"
#include "daemon/pipeline/unmatched.h"
#include "daemon/table/removals.h"
#include "patterns/match/rules.h"

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
	p->session_max = conf_hold(conf);
	if (conf->sessions)
		p->sessions = sessions_new(p->session_max, SESSIONS_MAX);
	p->removals = removals_new(conf_longest(conf));
	p->others = removals_new(conf_longest(conf));
	p->table = table;
	p->unmatched = unmatched_new();
	p->shared = told_new(SHARED_LOGGED);
	p->logs = alloc_zero(conf->logfiles.count + 1, sizeof(*p->logs));
	p->nlogs = conf->logfiles.count;
	for (size_t i = 0; i < p->nlogs; i++)
		strings_add(&p->names, conf->logfiles.list[i]);
	p->newest = alloc_zero(p->nlogs + 1, sizeof(*p->newest));
	p->lead = alloc_zero(p->nlogs + 1, sizeof(*p->lead));
	p->rules = load_rules(conf, true, err);
	if (p->rules != NULL)
		p->recognizer = recognizer_new(p->rules, &choice, err);
	if (p->recognizer == NULL) {
		pipeline_free(&p);
		return NULL;
	}
	if (!matcher_has_jit(recognizer_matcher(p->recognizer)))
		log_debug("this system forbids compiled expressions; "
			 "interpreting them");
	p->exclude = exclude_new(conf, helper);
	p->logins = login_counts_new(p->rules, p->recognizer);
	p->rule_numbers =
	    alloc_zero(p->rules->count, sizeof(*p->rule_numbers));
	return p;
}

void
pipeline_free(struct pipeline **pipeline)
{
	struct pipeline *p = *pipeline;

	*pipeline = NULL;
	if (p == NULL)
		return;
	scan_pool_free(&p->pool);
	exclude_free(&p->exclude);
	told_free(&p->shared);
	login_counts_free(&p->logins);
	free(p->rule_numbers);
	sessions_free(&p->sessions);
	removals_free(&p->removals);
	removals_free(&p->others);
	recognizer_free(&p->recognizer);
	ruleset_free(&p->rules);
	free(p->logs);
	free(p->newest);
	free(p->lead);
	strings_clear(&p->names);
	unmatched_free(&p->unmatched);
	free(p);
}

void
pipeline_observe(struct pipeline *p, const struct pipeline_observer *observer)
{
	p->observer = *observer;
}

void
pipeline_set_backlog(struct pipeline *p, bool backlog)
{
	p->backlog = backlog;
}

void
pipeline_set_own(struct pipeline *p, const struct pipeline_own *own)
{
	p->own = *own;
}

void
pipeline_set_events(struct pipeline *p, pipeline_event_fn *fn, void *arg)
{
	p->on_event = fn;
	p->event_arg = arg;
}

void
pipeline_know(struct pipeline *p, time_t when)
{
	for (size_t i = 0; i < p->nlogs; i++)
		if (when > p->newest[i])
			p->newest[i] = when;
}

void
pipeline_from(struct pipeline *p, size_t log)
{
	p->log = log;
}

void
pipeline_set_unseen(struct pipeline *p, bool unseen, time_t set_back)
{
	p->unseen = unseen;
	p->set_back = set_back;
}

const char *
pipeline_refuse(struct pipeline *p, const struct addr *addr)
{
	return exclude_refuse(p->exclude, addr);
}

const char *
pipeline_reason(struct pipeline *p, const struct addr *addr)
{
	return exclude_reason(p->exclude, addr);
}

const char *
pipeline_rule_missing(const struct pipeline *p, const char *rule)
{
	if (login_counts_has(p->logins, rule))
		return NULL;
	for (size_t i = 0; i < p->rules->count; i++)
		if (strcmp(p->rules->list[i].name, rule) == 0)
			return "is no longer enabled";
	return "no longer exists";
}

const struct pipeline_stats *
pipeline_stats(const struct pipeline *p)
{
	return &p->stats;
}

/* Open sessions stay open. A shorter bound counts for them as well, a longer
 * one only for sessions that begin from now on. */
static void
carry_sessions(struct pipeline *p, struct pipeline *old, struct moment now)
{
	struct session_row row;
	const void *at = NULL;

	if (p->sessions == NULL || old->sessions == NULL)
		return;
	sessions_free(&p->sessions);
	p->sessions = old->sessions;
	old->sessions = NULL;
	sessions_set_longest(p->sessions, p->session_max);
	while (sessions_next(p->sessions, &at, &row))
		pipeline_release(p, &row.addr, 0, now);
}

static void
carry_removals(const struct pipeline *p, struct removals **new,
	       struct removals **old)
{
	removals_free(new);
	*new = *old;
	*old = NULL;
	removals_set_longest(*new, p->grace > p->session_max ? p->grace
							     : p->session_max);
}

void
pipeline_carry(struct pipeline *p, struct pipeline *old, struct moment now)
{
	pipeline_authorize_waiting(old);
	p->stats = old->stats;
	memcpy(p->refused, old->refused, sizeof(p->refused));
	memcpy(p->doubtful, old->doubtful, sizeof(p->doubtful));
	login_counts_carry(p->logins, old->logins);
	pipeline_set_events(p, old->on_event, old->event_arg);
	p->own = old->own;
	memcpy(p->unread, old->unread, sizeof(p->unread));
	told_free(&p->shared);
	p->shared = old->shared;
	old->shared = NULL;
	p->unread_logged = old->unread_logged;
	unmatched_free(&p->unmatched);
	p->unmatched = old->unmatched;
	old->unmatched = NULL;
	carry_sessions(p, old, now);
	recognizer_carry(p->recognizer, old->recognizer);
	free(p->logs);
	free(p->newest);
	free(p->lead);
	p->logs = old->logs;
	p->newest = old->newest;
	p->lead = old->lead;
	old->logs = NULL;
	old->newest = NULL;
	old->lead = NULL;
	exclude_carry(p->exclude, old->exclude);
	carry_removals(p, &p->removals, &old->removals);
	carry_removals(p, &p->others, &old->others);
}

void
pipeline_remove(struct pipeline *p, const struct addr *addr, struct moment now)
{
	struct addr key = authtab_key(p->table, addr);

	removals_add(p->removals, &key, now.wall, now.wall);
	removals_note(p->removals, &key, now.lifetime);
}

struct removals *
pipeline_removals(struct pipeline *p)
{
	return p->removals;
}

struct sessions *
pipeline_sessions(struct pipeline *p)
{
	return p->sessions;
}

size_t
pipeline_rules(const struct pipeline *p)
{
	return p->rules->count;
}

struct removals *
pipeline_others_removals(struct pipeline *p)
{
	return p->others;
}
