/* Lines of the past: many at once, or with the time of the log as now. */
#include "daemon/pipeline/pipeline_state.h"

#include <string.h>

#include "base/err.h"
#include "base/thread.h"
#include "daemon/pipeline/scan_pool.h"

/* Copies the stamp, which the line would take with it. */
static void
keep_stamp(struct pipeline *p, const struct logline *l)
{
	if (l->stamp_len == 0 || l->stamp_len > sizeof(p->last_stamp))
		return;
	memcpy(p->last_stamp, l->stamp, l->stamp_len);
	p->last = *l;
	p->last.stamp = p->last_stamp;
	p->last_left_out = 0;
}

static void
advance_log_now(struct pipeline *p, time_t when, time_t wall)
{
	if (when > wall)
		when = wall;
	if (when > p->log_now)
		p->log_now = when;
}

/* Where login number n waits. */
static struct waiting_login *
waiting_at(struct pipeline *p, size_t n)
{
	return &p->waiting[n % WAITING_MAX];
}

static void
authorize_next(struct pipeline *p)
{
	const struct waiting_login *waiting = waiting_at(p, p->nauthorized++);

	pipeline_authorize(p, &waiting->login, waiting->now);
}

void
pipeline_authorize_waiting(struct pipeline *p)
{
	while (p->nauthorized < p->nfound)
		authorize_next(p);
}

static void
keep_user(struct waiting_login *waiting)
{
	struct match *match = &waiting->login.match;

	if (match->user != NULL && match->user != waiting->user)
		match->user =
		    memcpy(waiting->user, match->user, match->user_len);
}

/* Copies the users of those that wait, the only text that authorizing needs,
 * before their lines are gone. */
static void
keep_users(struct pipeline *p)
{
	size_t n = p->nkept > p->nauthorized ? p->nkept : p->nauthorized;

	for (; n < p->nfound; n++)
		keep_user(waiting_at(p, n));
	p->nkept = p->nfound;
}

/* Otherwise it is borrowed from another line, until the next one. */
static bool
is_of_line(const char *text, const struct logline *l)
{
	return (uintptr_t)text - (uintptr_t)l->line < l->line_len;
}

static void
keep_login(const struct pipeline *p, struct waiting_login *waiting,
	   const struct found *found)
{
	struct match *match = &waiting->login.match;

	pipeline_take_login(p, found, &waiting->login);
	match->ip = match->session = NULL;
	match->ip_len = match->session_len = 0;
	if (match->user_len > sizeof(waiting->user))
		match->user_len = sizeof(waiting->user);
	if (!is_of_line(match->user, &found->line))
		keep_user(waiting);
	waiting->now = (struct moment){p->log_now, p->log_now};
	waiting->hash = authtab_hash(p->table, &match->addr);
}

/* Otherwise each of millions of logins would wait for the table's memory. */
static void
authorize_later(struct pipeline *p, const struct found *found)
{
	size_t ago = 0;

	if (p->nfound - p->nauthorized == WAITING_MAX)
		authorize_next(p);
	keep_login(p, waiting_at(p, p->nfound++), found);
	for (int step = 0; step < AUTHTAB_PREFETCH_STEPS; step++) {
		if (ago < p->nfound - p->nauthorized)
			authtab_prefetch(
			    p->table, waiting_at(p, p->nfound - 1 - ago)->hash,
			    step);
		ago += APART;
	}
}

/* As pipeline_act(), with the time of the log as now. */
static void
act_in_log_time(struct pipeline *p, enum finding finding,
		const struct found *found, time_t wall)
{
	if (finding == FOUND_LOGIN) {
		advance_log_now(p, found->when, wall);
		authorize_later(p, found);
	} else if (finding == FOUND_LOGOUT) {
		pipeline_authorize_waiting(p);
		advance_log_now(p, found->when, wall);
		pipeline_end_session(p, found,
				     (struct moment){p->log_now, p->log_now});
	}
}

void
pipeline_backlog(struct pipeline *p, const char *line, size_t len, time_t wall)
{
	struct found found;
	enum finding finding = pipeline_recognize(p, line, len, wall, &found);

	keep_stamp(p, &found.line);
	act_in_log_time(p, finding, &found, wall);
	keep_users(p);
}

/* ---- many lines at once ---- */

static void
on_finding(void *arg, enum finding finding, struct found *found)
{
	struct pipeline *p = arg;
	const struct lent_block *block = &p->block;
	struct logline line = found->line;
	struct err err;

	if (finding == FOUND_DOUBTFUL) /* again, for the reason */
		recognize_alone(p->recognizer, line.line, line.line_len,
				block->now.wall, found, &err);
	p->logs[p->log].at = block->at + (uint64_t)(line.line - block->lines);
	finding = pipeline_count(p, finding, found, &err);
	if (block->log_time)
		act_in_log_time(p, finding, found, block->now.wall);
	else
		pipeline_act(p, finding, found, block->now);
}

/* Keeps the stamp of the last line that has one. */
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

static struct scan_pool *
pool_of(struct pipeline *p)
{
	if (p->pool == NULL)
		p->pool = scan_pool_new(
		    p->recognizer, (unsigned int)thread_processors() - 1);
	return p->pool;
}

bool
pipeline_read(struct pipeline *p, const struct readahead *ahead, time_t now,
	      const char **bytes)
{
	pipeline_settle(p);
	return scan_pool_read(pool_of(p), ahead, now, bytes);
}

void
pipeline_read_end(struct pipeline *p)
{
	if (p->pool != NULL)
		scan_pool_read_end(p->pool);
}

void
pipeline_begin_block(struct pipeline *p, const char *lines, size_t len,
		     struct moment now, bool log_time)
{
	p->block =
	    (struct lent_block){now, log_time, lines, len, p->logs[p->log].at};
	if (!scan_pool_begin(pool_of(p), lines, len, now.wall))
		pipeline_settle(p); /* at once, while they are in cache */
}

void
pipeline_settle(struct pipeline *p)
{
	const struct lent_block *block = &p->block;
	struct scan_pool_stats before, after;

	if (block->lines == NULL)
		return;
	before = scan_pool_stats(p->pool);
	scan_pool_finish(p->pool, on_finding, p);
	keep_users(p);
	after = scan_pool_stats(p->pool);
	p->logs[p->log].at = block->at + block->len;
	p->stats.lines += after.lines - before.lines;
	p->stats.headerless += after.headerless - before.headerless;
	if (after.unread != NULL)
		pipeline_keep_unread(p, after.unread, after.unread_len);
	if (block->log_time)
		keep_last_stamp(p, block->lines, block->lines + block->len);
	p->block.lines = NULL;
}

void
pipeline_block(struct pipeline *p, const char *lines, size_t len,
	       struct moment now, bool log_time)
{
	pipeline_begin_block(p, lines, len, now, log_time);
	pipeline_settle(p);
}

void
pipeline_caught_up(struct pipeline *p)
{
	scan_pool_free(&p->pool);
}

struct moment
pipeline_backlog_moment(struct pipeline *p, time_t wall)
{
	time_t when;

	pipeline_authorize_waiting(p);
	if (p->last.stamp_len > 0 &&
	    recognizer_time(p->recognizer, &p->last, wall, &when) == 0)
		advance_log_now(p, when, wall);
	advance_log_now(p, p->last_left_out, wall);
	p->last.stamp_len = 0;
	p->last_left_out = 0;
	return (struct moment){p->log_now, p->log_now};
}
