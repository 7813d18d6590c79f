#include "daemon/worker/worker.h"

#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/handover.h"
#include "daemon/publish/publish.h"
#include "daemon/publish/resources.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/source/source.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/helper.h"
#include "daemon/sys/notify.h"
#include "daemon/worker/checkpoint.h"
#include "daemon/worker/control.h"
#include "daemon/worker/recent.h"
#include "daemon/worker/worker_state.h"
#include "patterns/line/envelope.h"

/* A map that is a file belongs to the keeper, if there is one; a live map,
 * which answers from the table, is always ours. */
static int
open_map(struct worker *w, size_t i, struct err *err)
{
	const char *name = w->conf->maps.list[i];
	struct map *map;

	if (!map_spec_is_live(name))
		map = w->handover != NULL ? w->handover->maps[i]
					  : w->resources.maps[i];
	else
		map = w->live[w->nlive] =
		    map_open(name, "hash", &w->settings, err);
	if (map == NULL)
		return -1;
	if (map_spec_is_live(name))
		w->nlive++;
	w->maps[w->nmaps++] = map;
	return 0;
}

static int
open_maps(struct worker *w, struct err *err)
{
	const struct conf *conf = w->conf;

	w->host = worker_host(w);
	w->settings = conf_map_settings(conf);
	w->settings.host = &w->host;
	if (!conf->write)
		return 0;
	w->maps = alloc_zero(conf->maps.count, sizeof(struct map *));
	w->live = alloc_zero(conf->maps.count, sizeof(struct map *));
	if (w->handover == NULL &&
	    resources_open_maps(&w->resources, conf, err) != 0)
		return -1;
	for (size_t i = 0; i < conf->maps.count; i++)
		if (open_map(w, i, err) != 0)
			return -1;
	return 0;
}

/* Only one daemon may write a map or the checkpoint. */
static int
take_locks(struct worker *w, struct err *err)
{
	if (!w->conf->write || w->handover != NULL)
		return 0;
	return resources_lock(&w->resources, w->conf, err);
}

static int
open_table(struct worker *w, struct err *err)
{
	struct clocks clocks = loop_clocks(w->loop);

	w->lifetime_base_ms = clocks.wall_ms - clocks.steady_ms;
	w->table = authtab_new(w->conf->grace, w->conf->max_addresses,
			       worker_on_table_event, w);
	authtab_set_ipv6_prefix(w->table, w->settings.ipv6_prefix);
	if (w->conf->sessions)
		authtab_set_hold(w->table, w->conf->session_max, 0);
	w->publish = publish_new(w->loop, w->table, w->maps, w->nmaps);
	w->pipeline = pipeline_new(w->conf, w->helper, w->table, err);
	if (w->pipeline == NULL)
		return -1;
	pipeline_set_backlog(w->pipeline, true);
	w->recent = recent_new();
	pipeline_set_events(w->pipeline, worker_on_event, w);
	w->expiry = timer_new(w->loop, worker_expire, w);
	w->save = timer_new(w->loop, worker_save, w);
	w->metrics = timer_new(w->loop, worker_write_metrics, w);
	w->beat = timer_new(w->loop, worker_on_beat, w);
	return 0;
}

static void
close_feed(struct feed *feed)
{
	source_close(&feed->source);
	envelope_free(&feed->envelope);
}

static int
open_feed(struct worker *w, const char *spec, const struct source_start *start,
	  struct err *err)
{
	struct feed *feed = &w->feeds[w->nfeeds];
	const struct source_sink sink = {.line = worker_on_line,
					 .lines = worker_on_lines,
					 .unseen = worker_on_unseen,
					 .settle = worker_on_settle,
					 .read = worker_on_read,
					 .read_end = worker_on_read_end,
					 .ignores = worker_ignores,
					 .left_out = worker_on_left_out,
					 .lost = worker_on_lost_line,
					 .rest = worker_on_rest,
					 .past = worker_on_past_line,
					 .from = worker_on_from,
					 .stamp = worker_on_stamp,
					 .searching = worker_on_searching,
					 .idle = worker_on_idle,
					 .shut_out = worker_on_shut_out,
					 .ended = worker_on_ended,
					 .arg = feed};

	feed->worker = w;
	feed->envelope = envelope_new();
	feed->source = source_open(spec, w->loop, start, &sink, err);
	if (feed->source == NULL) {
		close_feed(feed);
		return -1;
	}
	w->nfeeds++;
	return 0;
}

/* Restores the checkpoint. Returns the positions in the logs. */
static struct logpos *
restore(struct worker *w, size_t *npos)
{
	const struct conf *conf = w->conf;
	struct checkpoint_clock now = worker_checkpoint_clock(w);
	struct checkpoint_also also = worker_also(w);
	struct logpos *pos = NULL;
	struct err err;

	if (!conf->write || conf->reprocess)
		return NULL;
	w->restoring = &also;
	switch (checkpoint_load(conf->checkpoint, &now, worker_restore_row, w,
				&also, &pos, npos, &err)) {
	case -1:
		log_warning("%s; reading the logs from %us ago instead",
			    err.text, conf_longest(conf));
		break;
	case 2:
		log_warning("%s: written after what the clock says now, before "
			    "a reboot; its authorizations are dropped",
			    conf->checkpoint);
		break;
	}
	if (w->other_prefix > 0)
		log_warning("ipv6_prefix has changed; logins over IPv6 that "
			    "are not restored: %zu",
			    w->other_prefix);
	if (also.strangers)
		log_warning("peers: hosts were removed from the "
			    "configuration; all logins of other hosts are read "
			    "again");
	worker_know_set_back(w, also.set_back);
	worker_peers_restored(w);
	worker_forget_refused(w);
	w->restoring = NULL;
	return pos;
}

/* Restores the checkpoint, and opens the logs where it left them. */
static int
open_feeds(struct worker *w, struct err *err)
{
	const struct conf *conf = w->conf;
	struct source_start start = {.beginning = conf->reprocess,
				     .once = conf->once,
				     .again = w->handover != NULL &&
					      w->handover->again,
				     .since = loop_now(w->loop) -
					      conf_longest(conf)};
	struct logpos *pos = NULL;
	int result = 0;

	pos = restore(w, &start.npos);
	start.pos = pos;
	w->feeds = alloc_zero(conf->logfiles.count, sizeof(*w->feeds));
	for (size_t i = 0; i < conf->logfiles.count && result == 0; i++)
		result = open_feed(w, conf->logfiles.list[i], &start, err);
	worker_free_positions(pos, start.npos);
	return result;
}

static int
open_signals(struct worker *w, struct err *err)
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
	/* ^C and systemd signal all processes, and the keeper then sends the
	 * same signal again: one that arrives after the loop has ended stays
	 * pending, since main() has blocked it. To ignore it here would also
	 * discard one that came during the start. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(w->loop, signals[i].signo, signals[i].handler,
				w, err) != 0)
			return -1;
	w->notify_ready = notify_ready_new(w->loop);
	if (w->handover == NULL && notify_watchdog_ms() > 0) {
		w->watchdog = timer_new(w->loop, worker_on_watchdog, w);
		timer_arm(w->watchdog, notify_watchdog_ms());
	}
	return 0;
}

static int
open_control(struct worker *w, struct err *err)
{
	const struct control_ops ops = {.status = worker_on_status,
					.metrics = worker_on_metrics,
					.events = worker_on_events,
					.peers = worker_on_peers,
					.now = worker_on_now,
					.refuse = worker_on_refuse,
					.added = worker_on_added,
					.removed = worker_on_removed,
					.arg = w};

	if (w->handover == NULL || w->handover->control < 0)
		return 0;
	w->control =
	    control_new(w->loop, w->handover->control, w->table, &ops, err);
	return w->control != NULL ? 0 : -1;
}

static int
attach_client(struct worker *w, struct err *err)
{
	const struct ipc_client_ops ops = {.find = worker_on_find,
					   .reload = worker_on_reload,
					   .pinged = worker_on_pinged,
					   .lost = worker_on_keeper_gone,
					   .arg = w};

	if (w->handover == NULL)
		return 0;
	return ipc_client_attach(w->handover->client, w->loop,
				 w->lifetime_base_ms, &ops, err);
}

/* The next step, open_feeds(), already reads time stamps in the logs, which is
 * text that strangers write. */
static int
lock_down(struct worker *w, struct err *err)
{
	if (w->handover == NULL)
		return 0;
	if (w->conf->pidfile != NULL)
		w->null_fd = daemonize_open_null();
	helper_set_idle(w->helper, ipc_client_descriptor(w->handover->client),
			ipc_client_serve, w->handover->client);
	return sandbox_worker(w->conf, err);
}

static int
open_loop(struct worker *w, struct err *err)
{
	worker_read_boot_id(w);
	w->loop = loop_new(err);
	if (w->loop == NULL)
		return -1;
	if (w->handover != NULL)
		loop_know_lead(w->loop, w->handover->lead_ms);
	w->settings_read = w->started = loop_now(w->loop);
	return 0;
}

/* The exit code tells a wrong configuration, which only an administrator can
 * fix, from a disk that is mounted late. */
static int
open_all(struct worker *w, struct err *err)
{
	static const struct {
		int (*open)(struct worker *, struct err *);
		int code;
	} steps[] = {
	    {open_loop, EX_OSERR},     {take_locks, EX_CANTCREAT},
	    {open_maps, EX_CANTCREAT}, {open_table, EX_CONFIG},
	    {attach_client, EX_OSERR}, {open_control, EX_OSERR},
	    {open_signals, EX_OSERR},
	    {worker_peers_open, EX_CONFIG},  {lock_down, EX_OSERR},
	    {open_feeds, EX_NOINPUT},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].open(w, err) != 0)
			return w->resources.held ? EX_TEMPFAIL : steps[i].code;
	return EX_OK;
}

struct worker *
worker_open(struct conf *conf, worker_conf_fn *reread, void *arg,
	    const struct handover *handover, int *code, struct err *err)
{
	struct worker *w = alloc_zero(1, sizeof(*w));

	w->conf = conf;
	w->reread = reread;
	w->reread_arg = arg;
	w->handover = handover;
	w->helper = handover != NULL ? handover->helper : NULL;
	w->resources.control = -1;
	w->logged_before = log_counts();
	*code = open_all(w, err);
	if (*code != EX_OK)
		worker_close(&w);
	return w;
}

int
worker_run(struct worker *w)
{
	struct err err;
	int code;

	worker_without_logs(w);
	code = loop_run(w->loop, &err);
	if (code < 0) {
		log_error("%s", err.text);
		return EX_OSERR;
	}
	return code;
}

/* A clean stop saves the checkpoint and empties the maps; what --once wrote is
 * meant to stay. */
static void
shut_down(struct worker *w)
{
	struct err err;

	if (!w->ready || !w->conf->write)
		return;
	worker_save(w);
	if (!w->conf->once && publish_clear(w->publish, &err) != 0)
		log_error("%s", err.text);
}

void
worker_close(struct worker **worker)
{
	struct worker *w = *worker;

	*worker = NULL;
	shut_down(w);
	worker_drop_ahead(w);
	for (size_t i = 0; i < w->nfeeds; i++)
		close_feed(&w->feeds[i]);
	free(w->feeds);
	worker_peers_close(w);
	control_free(&w->control);
	recent_free(&w->recent);
	notify_ready_free(&w->notify_ready);
	timer_free(&w->watchdog);
	timer_free(&w->beat);
	timer_free(&w->metrics);
	timer_free(&w->save);
	timer_free(&w->expiry);
	pipeline_free(&w->pipeline);
	publish_free(&w->publish);
	authtab_free(&w->table);
	for (size_t i = 0; i < w->nlive; i++)
		map_close(&w->live[i]);
	free(w->live);
	free(w->maps);
	resources_release(&w->resources);
	if (w->handover != NULL)
		ipc_client_detach(w->handover->client);
	loop_free(&w->loop);
	free(w);
}
