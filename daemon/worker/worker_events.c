#include "daemon/worker/worker_state.h"

#include <string.h>
#include <sysexits.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/handover.h"
#include "daemon/publish/publish.h"
#include "daemon/source/source.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/notify.h"
#include "daemon/worker/figures.h"
#include "daemon/worker/recent.h"
#include "maps/entry.h"
#include "patterns/line/envelope.h"

void
worker_expire(void *arg)
{
	struct worker *w = arg;
	uint32_t next = authtab_sweep(w->table, worker_moment(w).lifetime);

	if (next == 0)
		timer_disarm(w->expiry);
	else
		timer_arm(w->expiry,
			  (int64_t)next * 1000 - worker_lifetime_ms(w) % 1000);
}

static void
save_soon(struct worker *w)
{
	if (!w->ready)
		return;
	worker_metrics_soon(w);
	worker_save_soon(w);
}

static void
log_gone(struct worker *w, enum authtab_event event, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	if (event == AUTHTAB_EVICTED && !w->evicting) {
		w->evicting = true;
		log_warning("table full: %zu addresses (max_addresses); those "
			    "that expire first are removed",
			    w->conf->max_addresses);
	}
	if (!w->ready || w->forgetting)
		return;
	addr_format(addr, text);
	log_info("%s %s", event == AUTHTAB_EXPIRED ? "expired" : "removed",
		 text);
}

/* Names the maps that cannot hold the address. */
static void
log_left_out(const struct worker *w, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	addr_format(addr, text);
	for (size_t i = 0; i < w->conf->maps.count; i++)
		if (map_spec_is_shortened(w->conf->maps.list[i]))
			log_warning("%s is not in %s: there it would let other "
				    "hosts relay, too, whose addresses begin "
				    "like it; a socketmap: map can hold it",
				    text, w->conf->maps.list[i]);
}

void
worker_on_table_event(void *arg, enum authtab_event event,
		      const struct addr *addr, time_t when)
{
	struct worker *w = arg;

	w->events[event]++;
	publish_event(w->publish, event, addr, when);
	if (event == AUTHTAB_ADDED && w->ready &&
	    !entry_is_possible(addr, &w->settings))
		log_left_out(w, addr);
	save_soon(w);
	if (event == AUTHTAB_EXPIRED || event == AUTHTAB_EVICTED ||
	    event == AUTHTAB_REMOVED)
		log_gone(w, event, addr);
}

void
worker_on_event(void *arg, const struct pipeline_event *event)
{
	struct worker *w = arg;

	recent_add(w->recent, event);
}

/* ---- the log ---- */

/* The same for addresses that were authorized before the start, in one line for
 * each map. */
static void
log_all_left_out(const struct worker *w)
{
	struct authtab_address row;
	struct addr first;
	size_t at = 0, count = 0;
	char text[ADDR_TEXT_MAX];

	while (authtab_next_address(w->table, &at, &row))
		if (!entry_is_possible(&row.addr, &w->settings) && count++ == 0)
			first = row.addr;
	if (count == 1)
		log_left_out(w, &first);
	if (count < 2)
		return;
	addr_format(&first, text);
	for (size_t i = 0; i < w->conf->maps.count; i++)
		if (map_spec_is_shortened(w->conf->maps.list[i]))
			log_warning("%zu addresses are not in %s, the first of "
				    "them %s: there they would let other hosts "
				    "relay, too, whose addresses begin like "
				    "them; a socketmap: map can hold them",
				    count, w->conf->maps.list[i], text);
}

static void
log_ready(struct worker *w)
{
	const struct pipeline_stats *stats = pipeline_stats(w->pipeline);
	size_t count = authtab_count(w->table);

	log_info("read %llu line%s, %llu login%s; %zu address%s authorized",
		 (unsigned long long)stats->lines, stats->lines == 1 ? "" : "s",
		 (unsigned long long)stats->logins,
		 stats->logins == 1 ? "" : "s", count, count == 1 ? "" : "es");
	if (w->conf->once && stats->stale > 0)
		log_info("%llu of the logins are older than the grace period "
			 "of %us and authorize nobody; pbsctl match lists "
			 "logins of any age",
			 (unsigned long long)stats->stale, w->conf->grace);
	for (size_t i = 0; i < w->nmaps; i++)
		log_info("publishing to %s", map_name(w->maps[i]));
	log_all_left_out(w);
	if (w->handover == NULL) {
		notify_ready(w->notify_ready);
		return;
	}
	if (w->conf->pidfile != NULL)
		daemonize_redirect(w->null_fd);
	ipc_client_ready(w->handover->client);
}

/* With --once, the checkpoint is written at the same time. */
static int
write_maps(struct worker *w, struct err *err)
{
	int result;

	if (w->conf->once)
		worker_save_ahead(w);
	result = publish_start(w->publish, err);
	worker_await_ahead(w);
	return result;
}

/* All that the logs held at the start has been read, so the maps are written
 * and live maps begin to answer. */
static void
become_ready(struct worker *w)
{
	struct err err;

	if (w->conf->reprocess) {
		time_t wall = worker_log_moment(w).wall;

		authtab_sweep(
		    w->table,
		    pipeline_backlog_moment(w->pipeline, wall).lifetime);
		log_info("reached the end of the log");
	}
	if (!w->conf->reprocess || !w->conf->once)
		worker_expire(w);
	if (write_maps(w, &err) != 0) {
		log_error("%s", err.text);
		loop_stop(w->loop, EX_CANTCREAT);
		return;
	}
	if (worker_start_live(w, &err) != 0) {
		log_error("%s", err.text);
		loop_stop(w->loop, EX_OSERR);
		return;
	}
	w->ready = true;
	pipeline_caught_up(w->pipeline);
	pipeline_set_backlog(w->pipeline, false);
	log_ready(w);
	pipeline_warn_unread(w->pipeline, w->conf->once);
	if (!w->conf->once) /* else worker_close() is about to save */
		worker_save(w);
	worker_metrics_soon(w);
}

void
worker_without_logs(struct worker *w)
{
	if (w->nfeeds == 0)
		become_ready(w);
}

static bool
all_feeds(const struct worker *w, bool ended)
{
	for (size_t i = 0; i < w->nfeeds; i++)
		if (!(ended ? w->feeds[i].ended : w->feeds[i].idle))
			return false;
	return true;
}

void
worker_on_line(void *arg, const char *line, size_t len)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;
	enum envelope_content content;

	content = envelope_open(feed->envelope, &line, &len);
	if (content == ENVELOPE_PART)
		return;
	worker_notice_clock(w);
	pipeline_from(w->pipeline, (size_t)(feed - w->feeds));
	pipeline_set_unseen(w->pipeline, feed->unseen, worker_set_back(w));
	if (envelope_is_lost(content))
		pipeline_unread(w->pipeline, line, len);
	else if (w->conf->reprocess && !w->ready)
		pipeline_backlog(w->pipeline, line, len,
				 worker_log_moment(w).wall);
	else
		pipeline_line(w->pipeline, line, len, worker_log_moment(w));
}

void
worker_on_lines(void *arg, const char *lines, size_t len)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;
	const char *end = lines + len, *begin = lines, *line;
	int next;

	if (!w->ready && !envelope_in_block(lines, len)) {
		pipeline_from(w->pipeline, (size_t)(feed - w->feeds));
		pipeline_begin_block(w->pipeline, lines, len,
				     worker_log_moment(w), w->conf->reprocess);
		return;
	}
	for (; (next = linebuf_next(&lines, end, &line, &len)) != 0;
	     begin = lines)
		if (next > 0)
			worker_on_line(arg, line, len);
		else
			worker_on_lost_line(arg, (uint64_t)(lines - begin));
}

void
worker_on_settle(void *arg)
{
	struct feed *feed = arg;

	pipeline_settle(feed->worker->pipeline);
}

bool
worker_on_read(void *arg, const struct readahead *ahead, const char **bytes)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;

	return !w->ready && pipeline_read(w->pipeline, ahead,
					  worker_log_moment(w).wall, bytes);
}

void
worker_on_read_end(void *arg)
{
	struct feed *feed = arg;

	pipeline_read_end(feed->worker->pipeline);
}

bool
worker_ignores(void *arg, const char *tag, size_t len)
{
	const struct feed *feed = arg;

	return pipeline_ignores(feed->worker->pipeline, tag, len);
}

void
worker_on_left_out(void *arg, uint64_t lines, time_t last)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;

	pipeline_from(w->pipeline, (size_t)(feed - w->feeds));
	pipeline_left_out(w->pipeline, lines, last);
}

void
worker_on_lost_line(void *arg, uint64_t size)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;

	pipeline_from(w->pipeline, (size_t)(feed - w->feeds));
	pipeline_lost(w->pipeline, size);
	envelope_lost(feed->envelope);
}

void
worker_on_rest(void *arg, const char *line, size_t len)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;

	pipeline_from(w->pipeline, (size_t)(feed - w->feeds));
	pipeline_rest(w->pipeline, line, len, loop_now(w->loop));
}

int
worker_on_stamp(void *arg, const char *line, size_t len, time_t *when)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;
	struct envelope *envelope = envelope_new(); /* without parts */
	int result = -1;

	if (envelope_has_line(envelope_open(envelope, &line, &len)))
		result = pipeline_stamp(w->pipeline, line, len,
					loop_now(w->loop), when);
	envelope_free(&envelope);
	return result;
}

void
worker_on_idle(void *arg)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;

	feed->idle = true;
	if (!w->ready) {
		if (all_feeds(w, false))
			become_ready(w);
		return;
	}
	pipeline_warn_unread(w->pipeline, w->conf->once);
	worker_expire(w);
	save_soon(w);
}

/* The next worker is restricted later, and may read what is there by then. */
void
worker_on_shut_out(void *arg, const char *why)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;

	if (w->handover == NULL || !w->ready)
		return;
	log_warning("%s is %s: only a new worker may read it",
		    feed->source->spec, why);
	loop_stop(w->loop, EX_NOINPUT);
}

void
worker_on_ended(void *arg)
{
	struct feed *feed = arg;
	struct worker *w = feed->worker;

	if (!feed->idle)
		worker_on_idle(feed);
	feed->ended = true;
	/* Not ready: it has failed, and the loop was stopped with the reason. */
	if (all_feeds(w, true) && w->ready)
		loop_stop(w->loop, EX_OK);
}

/* ---- control socket ---- */

void
worker_on_status(void *arg, FILE *out)
{
	figures_write_status(arg, out);
}

void
worker_on_metrics(void *arg, FILE *out)
{
	figures_write_metrics(arg, out);
}

bool
worker_on_peers(void *arg, FILE *out)
{
	return worker_peers_answer(arg, out);
}

void
worker_on_events(void *arg, uint64_t since, FILE *out)
{
	struct worker *w = arg;

	recent_write(w->recent, since, out);
}

struct moment
worker_on_now(void *arg)
{
	return worker_moment(arg);
}

const char *
worker_on_refuse(void *arg, const struct addr *addr)
{
	struct worker *w = arg;

	return pipeline_refuse(w->pipeline, addr);
}

static bool
is_left_out(const struct worker *w, const struct addr *addr)
{
	bool shortened = false;

	for (size_t i = 0; i < w->conf->maps.count; i++)
		if (map_spec_is_shortened(w->conf->maps.list[i]))
			shortened = true;
	return shortened && !entry_is_possible(addr, &w->settings);
}

/* What an operator has ordered is saved before it is answered: no worker that
 * follows takes it back. */
const char *
worker_on_added(void *arg, const struct authtab_login *login, int64_t seconds)
{
	struct worker *w = arg;
	const struct pipeline_event event = {
	    .when = worker_moment(w).wall,
	    .addr = &login->addr,
	    .seconds = seconds,
	    .user = login->user,
	    .user_len = login->user_len};
	const char *note;

	recent_add(w->recent, &event);
	note = worker_peers_added(w, login);
	if (is_left_out(w, &login->addr))
		note = "not in hash:, lmdb: and cdb: maps: there it would let "
		       "other hosts relay, too, whose addresses begin like it";
	worker_expire(w);
	worker_save(w);
	return note;
}

const char *
worker_on_removed(void *arg, const struct addr *addr)
{
	struct worker *w = arg;
	struct moment now = worker_moment(w);
	const char *note;

	pipeline_remove(w->pipeline, addr, now);
	note = worker_peers_removed(w, addr, now.wall);
	worker_save(w);
	return note;
}

/* ---- the keeper ---- */

bool
worker_on_find(void *arg, const struct addr *addr, time_t *when,
	       int64_t *expires)
{
	struct worker *w = arg;
	struct authtab_row row;

	if (!authtab_get(w->table, addr, &row))
		return false;
	*when = row.when;
	*expires = row.expires;
	return true;
}

void
worker_on_keeper_gone(void *arg)
{
	struct worker *w = arg;

	log_error("stopping: the keeper is gone");
	w->ready = false; /* nobody is left who could save anything */
	loop_stop(w->loop, EX_SOFTWARE);
}

/* ---- signals and watchdog ---- */

void
worker_on_stop(void *arg, int signo)
{
	struct worker *w = arg;

	log_info("stopping: %s", strsignal(signo));
	if (w->handover == NULL)
		notify("STOPPING=1");
	loop_stop(w->loop, EX_OK);
}

void
worker_on_state(void *arg, int signo)
{
	(void)signo;
	figures_log(arg);
}

void
worker_on_watchdog(void *arg)
{
	struct worker *w = arg;

	notify("WATCHDOG=1");
	timer_arm(w->watchdog, notify_watchdog_ms());
}
