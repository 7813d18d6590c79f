#include "daemon/worker/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/ipc_client.h"
#include "daemon/keeper/keeper.h"
#include "daemon/publish/publish.h"
#include "daemon/publish/resources.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/source/source.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/helper.h"
#include "daemon/sys/notify.h"
#include "daemon/worker/checkpoint.h"
#include "daemon/worker/control.h"
#include "daemon/worker/worker_state.h"

/* The keeper's maps are reached through it; others, which answer from the table
 * itself, are always ours. */
static int
open_map(struct worker *s, size_t i, struct err *err)
{
	const char *name = s->conf->maps.list[i];
	struct map *map;

	if (!map_spec_is_live(name))
		map = s->handover != NULL ? s->handover->maps[i]
					  : s->holdings.maps[i];
	else
		map = s->own[s->nown] =
		    map_open(name, "hash", &s->settings, err);
	if (map == NULL)
		return -1;
	if (map_spec_is_live(name))
		s->nown++;
	s->maps[s->nmaps++] = map;
	return 0;
}

static int
open_maps(struct worker *s, struct err *err)
{
	const struct conf *conf = s->conf;

	s->host = worker_host(s);
	s->settings = conf_map_settings(conf);
	s->settings.host = &s->host;
	if (!conf->write)
		return 0;
	s->maps = alloc_zero(conf->maps.count, sizeof(struct map *));
	s->own = alloc_zero(conf->maps.count, sizeof(struct map *));
	if (s->handover == NULL &&
	    resources_open_maps(&s->holdings, conf, err) != 0)
		return -1;
	for (size_t i = 0; i < conf->maps.count; i++)
		if (open_map(s, i, err) != 0)
			return -1;
	return 0;
}

/* Each map that is a file, and the checkpoint, have one daemon. */
static int
take_locks(struct worker *s, struct err *err)
{
	if (!s->conf->write || s->handover != NULL)
		return 0;
	return resources_lock(&s->holdings, s->conf, err);
}

static int
open_table(struct worker *s, struct err *err)
{
	struct clocks clocks = loop_clocks(s->loop);

	s->lifetime_base_ms = clocks.wall_ms - clocks.steady_ms;
	s->table = authtab_new(s->conf->grace, s->conf->max_addresses,
			       worker_on_table_event, s);
	authtab_set_ipv6_prefix(s->table, s->settings.ipv6_prefix);
	if (s->conf->sessions)
		authtab_set_hold(s->table, s->conf->session_max, 0);
	s->publish = publish_new(s->loop, s->table, s->maps, s->nmaps);
	s->pipeline = pipeline_new(s->conf, s->helper, s->table, err);
	if (s->pipeline == NULL)
		return -1;
	pipeline_set_quiet(s->pipeline, true);
	s->expiry = timer_new(s->loop, worker_expire, s);
	s->save = timer_new(s->loop, worker_save, s);
	return 0;
}

static int
open_feed(struct worker *s, const char *spec, const struct source_start *start,
	  struct err *err)
{
	struct feed *feed = &s->feeds[s->nfeeds];
	const struct source_sink sink = {.line = worker_on_line,
					 .lines = worker_on_lines,
					 .stamp = worker_on_stamp,
					 .idle = worker_on_idle,
					 .ended = worker_on_ended,
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
open_feeds(struct worker *s, struct err *err)
{
	const struct conf *conf = s->conf;
	struct source_start start = {.beginning = conf->reprocess,
				     .once = conf->once,
				     .since = loop_now(s->loop) -
					      conf_longest(conf)};
	struct logpos *pos = NULL;
	int result = 0;

	if (conf->write && !conf->reprocess &&
	    checkpoint_load(conf->checkpoint, worker_restore_row, s,
			    pipeline_sessions(s->pipeline), &pos, &start.npos,
			    err) < 0)
		log_warning("%s; reading the logs from %us ago instead",
			    err->text, conf_longest(conf));
	start.pos = pos;
	s->feeds = alloc_zero(conf->logfiles.count, sizeof(*s->feeds));
	for (size_t i = 0; i < conf->logfiles.count && result == 0; i++)
		result = open_feed(s, conf->logfiles.list[i], &start, err);
	worker_free_positions(pos, start.npos);
	return result;
}

static int
open_signals(struct worker *s, struct err *err)
{
	static const struct {
		int signo;
		loop_signal_fn *handler;
	} signals[] = {
	    {SIGTERM, worker_on_stop},
	    {SIGINT, worker_on_stop},
	    {SIGHUP, worker_on_hangup},
	    {SIGUSR1, worker_on_state},
	};

	signal(SIGPIPE, SIG_IGN);
	/* A signal is sent to all processes by ^C and by systemd, and then by
	 * the keeper once more: what comes behind the end of the loop is
	 * nothing. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (signal(signals[i].signo, SIG_IGN) != SIG_ERR &&
		    loop_signal(s->loop, signals[i].signo, signals[i].handler,
				s, err) != 0)
			return -1;
	if (s->handover == NULL && notify_watchdog_ms() > 0) {
		s->watchdog = timer_new(s->loop, worker_on_watchdog, s);
		timer_arm(s->watchdog, notify_watchdog_ms());
	}
	return 0;
}

static int
open_control(struct worker *s, struct err *err)
{
	const struct control_ops ops = {.status = worker_on_status,
					.now = worker_on_now,
					.refuse = worker_on_refuse,
					.added = worker_expire,
					.arg = s};

	if (s->handover == NULL || s->handover->control < 0)
		return 0;
	s->control =
	    control_new(s->loop, s->handover->control, s->table, &ops, err);
	return s->control != NULL ? 0 : -1;
}

static int
open_remote(struct worker *s, struct err *err)
{
	const struct ipc_client_ops ops = {.find = worker_on_find,
				       .reload = worker_on_reload,
				       .lost = worker_on_lost,
				       .arg = s};

	if (s->handover == NULL)
		return 0;
	return ipc_client_attach(s->handover->remote, s->loop, s->lifetime_base_ms,
			     &ops, err);
}

/* From here on strangers' text is read: stamps in the logs, for one. */
static int
lock_down(struct worker *s, struct err *err)
{
	if (s->handover == NULL)
		return 0;
	if (s->conf->pidfile != NULL)
		s->null = daemonize_open_null();
	helper_set_idle(s->helper, ipc_client_descriptor(s->handover->remote),
		      ipc_client_serve, s->handover->remote);
	return sandbox_worker(s->conf, err);
}

static int
open_loop(struct worker *s, struct err *err)
{
	s->loop = loop_new(err);
	return s->loop != NULL ? 0 : -1;
}

/* In order. The code tells a wrong configuration, which waiting does not mend,
 * from a disk that comes late. */
static int
open_all(struct worker *s, struct err *err)
{
	static const struct {
		int (*open)(struct worker *, struct err *);
		int code;
	} steps[] = {
	    {open_loop, EX_OSERR},     {take_locks, EX_CANTCREAT},
	    {open_maps, EX_CANTCREAT}, {open_table, EX_CONFIG},
	    {open_remote, EX_OSERR},   {open_control, EX_OSERR},
	    {open_signals, EX_OSERR},  {lock_down, EX_OSERR},
	    {open_feeds, EX_NOINPUT},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].open(s, err) != 0)
			return s->holdings.held ? EX_TEMPFAIL : steps[i].code;
	return EX_OK;
}

struct worker *
worker_open(struct conf *conf, worker_conf_fn *reread, void *arg,
	     const struct handover *handover, int *code, struct err *err)
{
	struct worker *s = alloc_zero(1, sizeof(*s));

	s->conf = conf;
	s->reread = reread;
	s->reread_arg = arg;
	s->handover = handover;
	s->helper = handover != NULL ? handover->helper : NULL;
	s->holdings.control = -1;
	*code = open_all(s, err);
	if (*code != EX_OK)
		worker_close(&s);
	return s;
}

int
worker_run(struct worker *s)
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
say_farewell(struct worker *s)
{
	struct err err;

	if (!s->ready || !s->conf->write)
		return;
	worker_save(s);
	if (!s->conf->once && publish_clear(s->publish, &err) != 0)
		log_error("%s", err.text);
}

void
worker_close(struct worker **service)
{
	struct worker *s = *service;

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
	for (size_t i = 0; i < s->nown; i++)
		map_close(&s->own[i]);
	free(s->own);
	free(s->maps);
	resources_release(&s->holdings);
	if (s->handover != NULL)
		ipc_client_detach(s->handover->remote);
	loop_free(&s->loop);
	free(s);
}
