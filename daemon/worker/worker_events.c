#include "daemon/worker/worker_state.h"

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_reload.h"
#include "daemon/ipc/ipc_client.h"
#include "daemon/keeper/keeper.h"
#include "daemon/publish/publish.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/notify.h"
#include "daemon/table/sessions.h"

/* How much log is read twice after a crash, against how often a large table
 * is written to disk. */
enum { SAVE_INTERVAL_MS = 30 * 1000 };

static int64_t
lifetime_ms(const struct worker *s)
{
	return s->lifetime_base_ms + loop_clocks(s->loop).steady_ms;
}

struct moment
worker_moment(const struct worker *s)
{
	return (struct moment){loop_now(s->loop), lifetime_ms(s) / 1000};
}

void
worker_expire(void *arg)
{
	struct worker *s = arg;
	uint32_t next = authtab_sweep(s->table, worker_moment(s).lifetime);

	if (next == 0)
		timer_disarm(s->expiry);
	else
		timer_arm(s->expiry,
			  (int64_t)next * 1000 - lifetime_ms(s) % 1000);
}

static void
save_soon(struct worker *s)
{
	if (s->ready && !timer_armed(s->save))
		timer_arm(s->save, SAVE_INTERVAL_MS);
}

static void
say_gone(struct worker *s, enum authtab_event event, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	if (event == AUTHTAB_EVICTED && !s->evicting) {
		s->evicting = true;
		log_warning("table full: %zu addresses (max_addresses); those "
			    "that would expire first go",
			    s->conf->max_addresses);
	}
	if (!s->ready)
		return;
	addr_format(addr, text);
	log_info("%s %s", event == AUTHTAB_EXPIRED ? "expired" : "removed",
		 text);
}

void
worker_on_table_event(void *arg, enum authtab_event event,
		       const struct addr *addr, time_t when)
{
	struct worker *s = arg;

	(void)when;
	publish_event(s->publish, event, addr);
	save_soon(s);
	if (event != AUTHTAB_ADDED && event != AUTHTAB_RENEWED)
		say_gone(s, event, addr);
}

/* ---- the log ---- */

static void
say_ready(struct worker *s)
{
	const struct pipeline_stats *stats = pipeline_stats(s->pipeline);

	log_info("read %llu lines, %llu logins; %zu addresses authorized",
		 (unsigned long long)stats->lines,
		 (unsigned long long)stats->logins, authtab_count(s->table));
	for (size_t i = 0; i < s->nmaps; i++)
		log_info("publishing to %s", map_name(s->maps[i]));
	if (s->handover == NULL) {
		notify("READY=1");
		return;
	}
	if (s->conf->pidfile != NULL)
		daemonize_redirect(s->null);
	ipc_client_ready(s->handover->remote);
}

/* What was in the logs at the start has been read: the maps may speak. */
static void
become_ready(struct worker *s)
{
	struct err err;

	if (s->conf->reprocess) {
		time_t wall = loop_now(s->loop);

		authtab_sweep(
		    s->table,
		    pipeline_backlog_moment(s->pipeline, wall).lifetime);
		log_info("reached the end of the log");
	}
	if (!s->conf->reprocess || !s->conf->once)
		worker_expire(s);
	if (publish_start(s->publish, &err) != 0) {
		log_error("%s", err.text);
		loop_stop(s->loop, EX_CANTCREAT);
		return;
	}
	if (worker_start_live(s, &err) != 0) {
		log_error("%s", err.text);
		loop_stop(s->loop, EX_OSERR);
		return;
	}
	s->ready = true;
	pipeline_caught_up(s->pipeline);
	pipeline_set_quiet(s->pipeline, false);
	say_ready(s);
	if (!s->conf->once) /* which saves at its end, in a moment */
		worker_save(s);
}

static bool
all_feeds(const struct worker *s, bool ended)
{
	for (size_t i = 0; i < s->nfeeds; i++)
		if (!(ended ? s->feeds[i].ended : s->feeds[i].idle))
			return false;
	return true;
}

void
worker_on_line(void *arg, const char *line, size_t len)
{
	struct feed *feed = arg;
	struct worker *s = feed->service;

	if (s->conf->reprocess && !s->ready)
		pipeline_backlog(s->pipeline, line, len, loop_now(s->loop));
	else
		pipeline_line(s->pipeline, line, len, worker_moment(s));
}

void
worker_on_lines(void *arg, const char *lines, size_t len)
{
	struct feed *feed = arg;
	struct worker *s = feed->service;
	const char *end = lines + len, *line;
	int next;

	if (!s->ready) {
		pipeline_block(s->pipeline, lines, len, worker_moment(s),
			       s->conf->reprocess);
		return;
	}
	while ((next = linebuf_next(&lines, end, &line, &len)) != 0)
		if (next > 0)
			worker_on_line(arg, line, len);
}

int
worker_on_stamp(void *arg, const char *line, size_t len, time_t *when)
{
	struct feed *feed = arg;
	struct worker *s = feed->service;

	return pipeline_stamp(s->pipeline, line, len, loop_now(s->loop), when);
}

void
worker_on_idle(void *arg)
{
	struct feed *feed = arg;
	struct worker *s = feed->service;

	feed->idle = true;
	if (!s->ready) {
		if (all_feeds(s, false))
			become_ready(s);
		return;
	}
	worker_expire(s);
	save_soon(s);
}

void
worker_on_ended(void *arg)
{
	struct feed *feed = arg;
	struct worker *s = feed->service;

	if (!feed->idle)
		worker_on_idle(feed);
	feed->ended = true;
	if (all_feeds(s, true))
		loop_stop(s->loop, EX_OK);
}

/* ---- control socket ---- */

void
worker_on_status(void *arg, FILE *out)
{
	struct worker *s = arg;
	const struct pipeline_stats *stats = pipeline_stats(s->pipeline);
	struct publish_stats published = publish_stats(s->publish);
	const struct sessions *holds = pipeline_sessions(s->pipeline);
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
	    {"addresses", authtab_count(s->table)},
	    {"grace", s->conf->grace},
	    {"sessions", holds ? sessions_count(holds) : 0},
	    {"rules", pipeline_rules(s->pipeline)},
	    {"lines", stats->lines},
	    {"logins", stats->logins},
	    {"stale", stats->stale},
	    {"refused", stats->refused},
	    {"doubtful", stats->doubtful},
	    {"headerless", stats->headerless},
	    {"publishes", published.flushes},
	    {"publish_failures", published.failures},
	};

	fprintf(out, "pid %ld\n",
		(long)(s->handover ? s->handover->keeper : getpid()));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(out, "%s %llu\n", rows[i].key,
			(unsigned long long)rows[i].value);
}

struct moment
worker_on_now(void *arg)
{
	return worker_moment(arg);
}

const char *
worker_on_refuse(void *arg, const struct addr *addr)
{
	struct worker *s = arg;

	return pipeline_refuse(s->pipeline, addr);
}

/* ---- the keeper ---- */

bool
worker_on_find(void *arg, const struct addr *addr, time_t *when,
		int64_t *expires)
{
	struct worker *s = arg;
	struct authtab_row row;

	if (!authtab_get(s->table, addr, &row))
		return false;
	*when = row.when;
	*expires = row.expires;
	return true;
}

void
worker_on_lost(void *arg)
{
	struct worker *s = arg;

	log_error("stopping: the keeper is gone");
	s->ready = false; /* nobody is there to save anything */
	loop_stop(s->loop, EX_SOFTWARE);
}

/* ---- signals and watchdog ---- */

void
worker_on_stop(void *arg, int signo)
{
	struct worker *s = arg;

	log_info("stopping: %s", strsignal(signo));
	if (s->handover == NULL)
		notify("STOPPING=1");
	loop_stop(s->loop, EX_OK);
}

void
worker_on_state(void *arg, int signo)
{
	struct worker *s = arg;
	const struct pipeline_stats *stats = pipeline_stats(s->pipeline);

	(void)signo;
	log_info("state: addresses=%zu lines=%llu logins=%llu stale=%llu "
		 "refused=%llu doubtful=%llu headerless=%llu publishes=%llu",
		 authtab_count(s->table), (unsigned long long)stats->lines,
		 (unsigned long long)stats->logins,
		 (unsigned long long)stats->stale,
		 (unsigned long long)stats->refused,
		 (unsigned long long)stats->doubtful,
		 (unsigned long long)stats->headerless,
		 (unsigned long long)publish_stats(s->publish).flushes);
}

void
worker_on_watchdog(void *arg)
{
	struct worker *s = arg;

	notify("WATCHDOG=1");
	timer_arm(s->watchdog, notify_watchdog_ms());
}

/* ---- reload ---- */

/* What the keeper has opened we may not be able to open. */
static void
reopen_log(struct worker *s)
{
	int fd = s->handover ? ipc_client_take_log(s->handover->remote) : -1;
	struct err err;

	if (fd >= 0)
		log_adopt(fd, s->conf->debug);
	else if (log_open(s->conf->logto, s->conf->debug, &err) != 0)
		log_error("%s", err.text);
}

static void
reload(struct worker *s, struct conf *new, struct pipeline *pipeline)
{
	/* Before any row that is by the new. */
	if (s->handover != NULL)
		ipc_client_reloaded(s->handover->remote, true);
	if (new->grace != s->conf->grace)
		authtab_set_longest(s->table, new->grace,
				    worker_moment(s).lifetime);
	if (conf_hold(new) != conf_hold(s->conf))
		authtab_set_hold(s->table, conf_hold(new),
				 worker_moment(s).lifetime);
	conf_reload_log(s->conf, new);
	conf_reload_adopt(s->conf, new);
	pipeline_carry(pipeline, s->pipeline, worker_moment(s));
	pipeline_free(&s->pipeline);
	s->pipeline = pipeline;
	reopen_log(s);
	conf_warn(s->conf);
	log_info("reloaded: %zu rules", pipeline_rules(s->pipeline));
	worker_expire(s);
}

/* One file of senders for all maps: if the first can read it, all can. */
static int
change_maps(struct worker *s, const struct conf *new, struct err *err)
{
	for (size_t i = 0; i < s->nmaps; i++)
		if (map_change(s->maps[i], &new->policy, err) != 0)
			return -1;
	return 0;
}

/* What runs still has the old rules in memory; what is started has not. */
static void
refuse_reload(struct worker *s, const struct err *err)
{
	log_error("not reloaded, going on as before: %s", err->text);
	log_warning("until that is mended the daemon cannot be started again");
	if (s->handover != NULL)
		ipc_client_reloaded(s->handover->remote, false);
}

/* SIGHUP: the new beside the old, then a swap; or the old as it was. */
void
worker_on_reload(void *arg)
{
	struct worker *s = arg;
	struct conf new;
	struct pipeline *pipeline;
	struct err err;

	if (s->reread(s->reread_arg, s->helper, &new, &err) != 0) {
		refuse_reload(s, &err);
		return;
	}
	pipeline = pipeline_new(&new, s->helper, s->table, &err);
	if (pipeline != NULL && change_maps(s, &new, &err) != 0)
		pipeline_free(&pipeline);
	if (pipeline == NULL)
		refuse_reload(s, &err);
	else
		reload(s, &new, pipeline);
	conf_clear(&new);
}

void
worker_on_hangup(void *arg, int signo)
{
	struct worker *s = arg;

	(void)signo;
	if (s->handover != NULL) /* the keeper tells us */
		return;
	reopen_log(s);
	worker_on_reload(s);
}
