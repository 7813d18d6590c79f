#include "daemon/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/authtab.h"
#include "daemon/checkpoint.h"
#include "daemon/conf.h"
#include "daemon/control.h"
#include "daemon/lock.h"
#include "daemon/notify.h"
#include "daemon/pipeline.h"
#include "daemon/publish.h"
#include "daemon/reload.h"
#include "daemon/source.h"
#include "maps/map.h"

/* How much log is read twice after a crash, against how often a large table
 * is written to disk. */
enum { SAVE_INTERVAL_MS = 30 * 1000 };

/* One log, and whether what was in it at the start has been read. */
struct feed {
	struct service *service;
	struct source *source;
	bool idle, ended;
};

struct service {
	struct conf *conf;
	service_conf_fn *reread;
	void *reread_arg;
	struct loop *loop;
	struct lock **locks; /* no second daemon on these maps */
	size_t nlocks;
	struct map **maps;
	size_t nmaps;
	struct map_settings settings;
	struct authtab *table;
	struct publish *publish;
	struct pipeline *pipeline;
	struct control *control;
	struct feed *feeds;
	size_t nfeeds;
	struct timer *expiry, *save, *watchdog;
	int64_t lifetime_base; /* lifetime - steady seconds */
	int ready_fd;
	bool ready, evicting;
};

static struct moment
moment(const struct service *s)
{
	struct clocks clocks = loop_clocks(s->loop);

	return (struct moment){clocks.wall,
			       s->lifetime_base + clocks.steady_ms / 1000};
}

/* Removes what has expired, and wakes up when the next one does. */
static void
expire(void *arg)
{
	struct service *s = arg;
	uint32_t next = authtab_sweep(s->table, moment(s).lifetime);

	if (next == 0)
		timer_disarm(s->expiry);
	else
		timer_arm(s->expiry, (int64_t)next * 1000 -
					 loop_clocks(s->loop).steady_ms % 1000);
}

static void
say_gone(struct service *s, enum authtab_event event, const struct addr *addr)
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

static void
on_table_event(void *arg, enum authtab_event event, const struct addr *addr,
	       time_t when)
{
	struct service *s = arg;

	(void)when;
	publish_event(s->publish, event);
	if (event != AUTHTAB_ADDED && event != AUTHTAB_RENEWED)
		say_gone(s, event, addr);
}

/* ---- checkpoint ---- */

static void
restore_row(void *arg, const struct addr *addr, const char *user,
	    size_t user_len, time_t when, time_t expires_wall)
{
	struct service *s = arg;
	struct moment now = moment(s);
	int64_t left = (int64_t)expires_wall - now.wall;

	/* A clock that was set back while we were down authorizes nobody
	 * for longer than the grace: the table sees to that. */
	if (left > 0)
		authtab_grant(s->table, addr, user, user_len, when,
			      now.lifetime + left, now.lifetime);
}

static void
free_positions(struct logpos *pos, size_t npos)
{
	for (size_t i = 0; i < npos; i++)
		logpos_clear(&pos[i]);
	free(pos);
}

static struct logpos *
positions(struct service *s, size_t *npos)
{
	struct logpos *pos = alloc_zero(s->nfeeds + 1, sizeof(*pos));

	*npos = 0;
	for (size_t i = 0; i < s->nfeeds; i++)
		if (source_position(s->feeds[i].source, &pos[*npos]) == 0)
			(*npos)++;
	return pos;
}

static void
save_checkpoint(void *arg)
{
	struct service *s = arg;
	struct moment now = moment(s);
	struct logpos *pos;
	struct err err;
	size_t npos;

	if (!s->conf->write || !s->ready)
		return;
	pos = positions(s, &npos);
	if (checkpoint_save(s->conf->checkpoint, s->table, pos, npos, now.wall,
			    now.lifetime, &err) != 0)
		log_error("%s", err.text);
	free_positions(pos, npos);
}

/* ---- the log ---- */

static void
say_ready(struct service *s)
{
	const struct pipeline_stats *stats = pipeline_stats(s->pipeline);

	log_info("read %llu lines, %llu logins; %zu addresses authorized",
		 (unsigned long long)stats->lines,
		 (unsigned long long)stats->logins, authtab_count(s->table));
	for (size_t i = 0; i < s->nmaps; i++)
		log_info("publishing to %s", map_name(s->maps[i]));
	notify("READY=1");
	if (s->ready_fd >= 0 && write(s->ready_fd, "", 1) != 1)
		log_warning("could not tell that we are ready");
}

/* What was in the logs at the start has been read: the maps may speak. */
static void
become_ready(struct service *s)
{
	struct err err;

	if (s->conf->reprocess) {
		time_t wall = loop_now(s->loop);

		authtab_sweep(
		    s->table,
		    pipeline_replay_moment(s->pipeline, wall).lifetime);
		log_info("reached the end of the log");
	}
	if (!s->conf->reprocess || !s->conf->once)
		expire(s);
	if (publish_start(s->publish, &err) != 0) {
		log_error("%s", err.text);
		loop_stop(s->loop, EX_CANTCREAT);
		return;
	}
	s->ready = true;
	pipeline_set_quiet(s->pipeline, false);
	say_ready(s);
	save_checkpoint(s);
}

static bool
all_feeds(const struct service *s, bool ended)
{
	for (size_t i = 0; i < s->nfeeds; i++)
		if (!(ended ? s->feeds[i].ended : s->feeds[i].idle))
			return false;
	return true;
}

static void
on_line(void *arg, const char *line, size_t len)
{
	struct feed *feed = arg;
	struct service *s = feed->service;

	if (s->conf->reprocess && !s->ready)
		pipeline_replay(s->pipeline, line, len, loop_now(s->loop));
	else
		pipeline_line(s->pipeline, line, len, moment(s));
}

static int
on_stamp(void *arg, const char *line, size_t len, time_t *when)
{
	struct feed *feed = arg;
	struct service *s = feed->service;

	return pipeline_stamp(s->pipeline, line, len, loop_now(s->loop), when);
}

static void
on_idle(void *arg)
{
	struct feed *feed = arg;
	struct service *s = feed->service;

	feed->idle = true;
	if (!s->ready) {
		if (all_feeds(s, false))
			become_ready(s);
		return;
	}
	expire(s);
	if (!timer_armed(s->save))
		timer_arm(s->save, SAVE_INTERVAL_MS);
}

static void
on_ended(void *arg)
{
	struct feed *feed = arg;
	struct service *s = feed->service;

	if (!feed->idle)
		on_idle(feed);
	feed->ended = true;
	if (all_feeds(s, true))
		loop_stop(s->loop, EX_OK);
}

/* ---- control socket ---- */

static void
on_status(void *arg, FILE *out)
{
	struct service *s = arg;
	const struct pipeline_stats *stats = pipeline_stats(s->pipeline);
	struct publish_stats published = publish_stats(s->publish);
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
	    {"addresses", authtab_count(s->table)},
	    {"grace", s->conf->grace},
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

	fprintf(out, "pid %ld\n", (long)getpid());
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		fprintf(out, "%s %llu\n", rows[i].key,
			(unsigned long long)rows[i].value);
}

static struct moment
on_now(void *arg)
{
	return moment(arg);
}

static const char *
on_refuse(void *arg, const struct addr *addr)
{
	struct service *s = arg;

	return pipeline_refuse(s->pipeline, addr);
}

/* ---- signals and watchdog ---- */

static void
on_stop(void *arg, int signo)
{
	struct service *s = arg;

	log_info("stopping: %s", strsignal(signo));
	notify("STOPPING=1");
	loop_stop(s->loop, EX_OK);
}

static void
on_state(void *arg, int signo)
{
	struct service *s = arg;
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

static void
on_watchdog(void *arg)
{
	struct service *s = arg;

	notify("WATCHDOG=1");
	timer_arm(s->watchdog, notify_watchdog_ms());
}

/* ---- reload ---- */

static void
reload(struct service *s, struct conf *new, struct pipeline *pipeline)
{
	struct err err;

	if (new->grace != s->conf->grace)
		authtab_set_longest(s->table, new->grace, moment(s).lifetime);
	reload_adopt(s->conf, new);
	pipeline_carry_stats(pipeline, s->pipeline);
	pipeline_free(&s->pipeline);
	s->pipeline = pipeline;
	if (log_open(s->conf->logto, s->conf->debug, &err) != 0)
		log_error("%s", err.text);
	log_info("reloaded: %zu rules", pipeline_rules(s->pipeline));
	expire(s);
}

/* SIGHUP: the new beside the old, then a swap; or the old as it was. */
static void
on_reload(void *arg, int signo)
{
	struct service *s = arg;
	struct conf new;
	struct pipeline *pipeline;
	struct err err;

	(void)signo;
	if (s->reread(s->reread_arg, &new, &err) != 0) {
		log_error("not reloaded, going on as before: %s", err.text);
		return;
	}
	pipeline = pipeline_new(&new, s->table, &err);
	if (pipeline == NULL)
		log_error("not reloaded, going on as before: %s", err.text);
	else
		reload(s, &new, pipeline);
	conf_clear(&new);
}

/* ---- life cycle ---- */

static int
take_lock(struct service *s, const char *name, struct err *err)
{
	char *path = alloc_format("%s.lock", name);
	struct lock *lock = lock_take(path, err);

	free(path);
	if (lock == NULL)
		return -1;
	s->locks = alloc_resize(s->locks, s->nlocks + 1, sizeof(lock));
	s->locks[s->nlocks++] = lock;
	return 0;
}

/* Each map that is a file, and the checkpoint, have one daemon. */
static int
take_locks(struct service *s, struct err *err)
{
	const struct conf *conf = s->conf;

	if (!conf->write)
		return 0;
	for (size_t i = 0; i < conf->maps.count; i++) {
		const char *name = strchr(conf->maps.list[i], ':') + 1;

		if (name[0] == '/' && take_lock(s, name, err) != 0)
			return -1;
	}
	return take_lock(s, conf->checkpoint, err);
}

static int
open_maps(struct service *s, struct err *err)
{
	const struct conf *conf = s->conf;

	s->settings.value = conf->value;
	s->settings.flock = conf->flock;
	if (!conf->write)
		return 0;
	s->maps = alloc_zero(conf->maps.count, sizeof(struct map *));
	for (size_t i = 0; i < conf->maps.count; i++) {
		s->maps[i] =
		    map_open(conf->maps.list[i], "hash", &s->settings, err);
		if (s->maps[i] == NULL)
			return -1;
		s->nmaps++;
	}
	return 0;
}

static int
open_table(struct service *s, struct err *err)
{
	struct clocks clocks = loop_clocks(s->loop);

	s->lifetime_base = clocks.wall - clocks.steady_ms / 1000;
	s->table = authtab_new(s->conf->grace, s->conf->max_addresses,
			       on_table_event, s);
	s->publish = publish_new(s->loop, s->table, s->maps, s->nmaps);
	s->pipeline = pipeline_new(s->conf, s->table, err);
	if (s->pipeline == NULL)
		return -1;
	pipeline_set_quiet(s->pipeline, true);
	s->expiry = timer_new(s->loop, expire, s);
	s->save = timer_new(s->loop, save_checkpoint, s);
	return 0;
}

static int
open_feed(struct service *s, const char *spec, const struct source_start *start,
	  struct err *err)
{
	struct feed *feed = &s->feeds[s->nfeeds];
	const struct source_sink sink = {.line = on_line,
					 .stamp = on_stamp,
					 .idle = on_idle,
					 .ended = on_ended,
					 .arg = feed};

	feed->service = s;
	feed->source = source_open(spec, s->loop, start, &sink, err);
	if (feed->source == NULL)
		return -1;
	s->nfeeds++;
	return 0;
}

/* Restores the checkpoint, and opens the logs where it left them. */
static int
open_feeds(struct service *s, struct err *err)
{
	const struct conf *conf = s->conf;
	struct source_start start = {.beginning = conf->reprocess,
				     .once = conf->once,
				     .since = loop_now(s->loop) - conf->grace};
	struct logpos *pos = NULL;
	int result = 0;

	if (conf->write && !conf->reprocess &&
	    checkpoint_load(conf->checkpoint, restore_row, s, &pos, &start.npos,
			    err) < 0)
		log_warning("%s; reading the logs from %us ago instead",
			    err->text, conf->grace);
	start.pos = pos;
	s->feeds = alloc_zero(conf->logfiles.count, sizeof(*s->feeds));
	for (size_t i = 0; i < conf->logfiles.count && result == 0; i++)
		result = open_feed(s, conf->logfiles.list[i], &start, err);
	free_positions(pos, start.npos);
	return result;
}

static int
open_signals(struct service *s, struct err *err)
{
	static const struct {
		int signo;
		loop_signal_fn *handler;
	} signals[] = {
	    {SIGTERM, on_stop},
	    {SIGINT, on_stop},
	    {SIGHUP, on_reload},
	    {SIGUSR1, on_state},
	};

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(s->loop, signals[i].signo, signals[i].handler,
				s, err) != 0)
			return -1;
	if (notify_watchdog_ms() > 0) {
		s->watchdog = timer_new(s->loop, on_watchdog, s);
		timer_arm(s->watchdog, notify_watchdog_ms());
	}
	return 0;
}

static int
open_control(struct service *s, struct err *err)
{
	const struct control_ops ops = {.status = on_status,
					.now = on_now,
					.refuse = on_refuse,
					.added = expire,
					.arg = s};
	char *path;

	if (!s->conf->write || s->conf->once)
		return 0;
	path = control_path(s->conf->checkpoint);
	s->control = control_new(s->loop, path, s->table, &ops, err);
	free(path);
	return s->control != NULL ? 0 : -1;
}

static int
open_all(struct service *s, struct err *err)
{
	static int (*const steps[])(struct service *, struct err *) = {
	    take_locks,	  open_maps,	open_table,
	    open_control, open_signals, open_feeds,
	};

	s->loop = loop_new(err);
	if (s->loop == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i](s, err) != 0)
			return -1;
	return 0;
}

struct service *
service_open(struct conf *conf, service_conf_fn *reread, void *arg,
	     int ready_fd, struct err *err)
{
	struct service *s = alloc_zero(1, sizeof(*s));

	s->conf = conf;
	s->reread = reread;
	s->reread_arg = arg;
	s->ready_fd = ready_fd;
	if (open_all(s, err) != 0)
		service_close(&s);
	return s;
}

int
service_run(struct service *s)
{
	struct err err;
	int code = loop_run(s->loop, &err);

	if (code < 0) {
		log_error("%s", err.text);
		return EX_OSERR;
	}
	return code;
}

/* A clean stop: the table goes to the checkpoint, the maps are emptied. What
 * --once wrote is meant to stay. */
static void
say_farewell(struct service *s)
{
	struct err err;

	if (!s->ready || !s->conf->write)
		return;
	save_checkpoint(s);
	if (!s->conf->once && publish_clear(s->publish, &err) != 0)
		log_error("%s", err.text);
}

void
service_close(struct service **service)
{
	struct service *s = *service;

	*service = NULL;
	say_farewell(s);
	for (size_t i = 0; i < s->nfeeds; i++)
		source_close(&s->feeds[i].source);
	free(s->feeds);
	control_free(&s->control);
	timer_free(&s->watchdog);
	timer_free(&s->save);
	timer_free(&s->expiry);
	pipeline_free(&s->pipeline);
	publish_free(&s->publish);
	authtab_free(&s->table);
	for (size_t i = 0; i < s->nmaps; i++)
		map_close(&s->maps[i]);
	free(s->maps);
	for (size_t i = 0; i < s->nlocks; i++)
		lock_release(&s->locks[i]);
	free(s->locks);
	loop_free(&s->loop);
	free(s);
}
