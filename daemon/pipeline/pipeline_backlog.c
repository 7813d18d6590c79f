/*
 * Lines that have been waiting: many at once, or at the time of the log.
 */
#include "daemon/pipeline/pipeline_state.h"

#include <string.h>

#include "base/err.h"
#include "daemon/pipeline/scan_pool.h"

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
	if (when > p->scan_pool_now)
		p->scan_pool_now = when;
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

	pipeline_authorize(p, &waiting->login, waiting->now);
}

void
pipeline_authorize_all(struct pipeline *p)
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

	pipeline_take_login(p, found, &waiting->login);
	match->ip = match->session = NULL;
	match->ip_len = match->session_len = 0;
	waiting->now = (struct moment){p->scan_pool_now, p->scan_pool_now};
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

/* As pipeline_act(), at the time of the log. */
static void
act_then(struct pipeline *p, enum finding finding, const struct found *found,
	 time_t wall)
{
	if (finding == FOUND_LOGIN) {
		advance_replay(p, found->when, wall);
		judge_later(p, found);
	} else if (finding == FOUND_LOGOUT) {
		pipeline_authorize_all(p);
		advance_replay(p, found->when, wall);
		pipeline_end_session(
		    p, found, (struct moment){p->scan_pool_now, p->scan_pool_now});
	}
}

void
pipeline_backlog(struct pipeline *p, const char *line, size_t len, time_t wall)
{
	struct found found;
	enum finding finding = pipeline_look(p, line, len, wall, &found);

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
	finding = pipeline_weigh(p, finding, found, &err);
	if (block->replay)
		act_then(p, finding, found, block->now.wall);
	else
		pipeline_act(p, finding, found, block->now);
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
	struct scan_pool_stats before, after;

	if (p->backlog == NULL)
		p->backlog = scan_pool_new(p->recognizer, scan_pool_threads());
	before = scan_pool_stats(p->backlog);
	scan_pool_block(p->backlog, lines, len, now.wall, on_finding, &block);
	after = scan_pool_stats(p->backlog);
	p->stats.lines += after.lines - before.lines;
	p->stats.headerless += after.headerless - before.headerless;
	if (replay)
		keep_last_stamp(p, lines, lines + len);
}

void
pipeline_caught_up(struct pipeline *p)
{
	scan_pool_free(&p->backlog);
}

struct moment
pipeline_backlog_moment(struct pipeline *p, time_t wall)
{
	time_t when;

	pipeline_authorize_all(p);
	if (p->last.stamp_len > 0 &&
	    recognizer_time(p->recognizer, &p->last, wall, &when) == 0)
		advance_replay(p, when, wall);
	p->last.stamp_len = 0;
	return (struct moment){p->scan_pool_now, p->scan_pool_now};
}
