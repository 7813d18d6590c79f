#include <string.h>
#include <sysexits.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_reload.h"
#include "daemon/keeper/keeper_requests.h"
#include "daemon/keeper/keeper_state.h"
#include "daemon/keeper/map_store.h"
#include "daemon/keeper/map_watch.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/guardian.h"
#include "daemon/sys/helper.h"
#include "daemon/sys/notify.h"
#include "daemon/sys/watchdog.h"
#include "maps/map.h"

enum {
	STOP_MS = 20000, /* for a clean stop; then the worker is killed */
	LOOK_MS = 4000,	 /* so that what postmap(1) wrote is gone within 5 s */
	/* From such a write to ours, so that one who writes on and on does not
	 * keep us writing. */
	RESTORE_MS = 1000,
	ROUND = 64, /* packets, before signals and timers have their turn */
};

void
keeper_clear(struct keeper *k)
{
	bool holds = map_store_holds(k->store);
	struct err err;

	if (map_store_clear_all(k->store, &err) != 0) {
		log_error("%s", err.text);
		timer_arm(k->expiry, HEARTBEAT_TICK_MS);
		return;
	}
	for (size_t i = 0; holds && i < k->resources.nmaps; i++)
		if (k->resources.maps[i] != NULL)
			log_warning("cleared %s",
				    map_name(k->resources.maps[i]));
}

void
keeper_clear_written(struct keeper *k)
{
	if (k->ever_ready || map_store_published(k->store))
		keeper_clear(k);
}

static struct map_store_time
time_of(const struct keeper *k)
{
	struct clocks now = loop_clocks(k->loop);

	return (struct map_store_time){now.wall, now.steady_ms};
}

/* ---- messages from the worker ---- */

/* The rest follows with SIGCHLD, in supervisor_on_child(). */
static void
kill_worker(struct keeper *k, const char *why)
{
	if (k->worker_pid <= 0)
		return;
	log_error("killed worker %ld: %s", (long)k->worker_pid, why);
	kill(k->worker_pid, SIGKILL);
	loop_unwatch(k->loop, k->socket);
	timer_disarm(k->tick);
	keeper_clear_written(k);
}

static void
log_refused(struct keeper *k)
{
	size_t refused = map_store_refused(k->store);

	/* Logged each time their number has doubled. */
	if (refused < k->refused * 2 || refused == k->refused)
		return;
	log_warning("refused %zu address%s that the worker may not publish; "
		    "the last: %s",
		    refused, refused == 1 ? "" : "es",
		    map_store_refusal(k->store));
	k->refused = refused;
}

static void
become_ready(struct keeper *k)
{
	if (k->ready)
		return;
	k->ready = k->ever_ready = true;
	timer_arm(k->look, 0);
	if (k->trial)
		keeper_settle_candidate(k, true);
	notify_ready(k->notify_ready);
	keeper_tell_status(k);
	daemonize_done(&k->command_fd, EX_OK);
}

static void
take_pong(struct keeper *k, const struct map_store_time *now)
{
	for (uint32_t i = 0; i < k->packet.count; i++)
		map_store_renew(k->store, &k->packet.body.rows[i], now);
	watchdog_report(k->watchdog);
	if (k->ready)
		keeper_on_look(k); /* for what map_watch does not notice */
}

static int
take_request(struct keeper *k, const struct map_store_time *now,
	     struct err *err)
{
	struct err lost;
	int result;

	watchdog_excuse(k->watchdog);
	result = keeper_requests_take(k->requests, &k->packet, now, err);
	if (result <= 0)
		return result;
	if (keeper_requests_saved(k->requests))
		loop_forget_lead(k->loop); /* that file has its own clock */
	/* A worker waits for each reply, so there is room for it. */
	if (ipc_send(k->socket, &k->packet, -1, false, &lost) == 0)
		return err_set(err, "it does not read replies");
	log_refused(k);
	keeper_log_cost(k);
	timer_arm(k->expiry, 0); /* which tells the status, too */
	return 0;
}

/* 1: there may be more; 0: no more; -1: the worker was killed; -2: it has
 * closed its end. */
static int
take_packet(struct keeper *k)
{
	struct map_store_time now = time_of(k);
	struct err err;
	int got = ipc_receive(k->socket, &k->packet, NULL, false, &err);

	if (got == 0)
		return 0;
	if (got > 0 && k->packet.type == IPC_READY)
		become_ready(k);
	else if (got > 0 && k->packet.type == IPC_PONG)
		take_pong(k, &now);
	else if (got > 0 && k->packet.type == IPC_RELOADED)
		keeper_settle_candidate(k, k->packet.code == 0);
	else if (got > 0)
		got = take_request(k, &now, &err) == 0 ? 1 : -1;
	if (got == -1)
		kill_worker(k, err.text);
	else if (got == -2) /* SIGCHLD follows */
		loop_unwatch(k->loop, k->socket);
	return got;
}

static void
note_alive(struct keeper *k)
{
	heartbeat_heard(&k->heartbeat, loop_clocks(k->loop).steady_ms,
			map_store_holds(k->store));
	if (!k->ready && !map_store_published(k->store))
		heartbeat_excuse(&k->heartbeat, HEARTBEAT_START_MS);
	watchdog_set(k->watchdog, map_store_holds(k->store));
	keeper_on_tick(k);
}

void
keeper_on_packet(void *arg, uint32_t events)
{
	struct keeper *k = arg;
	int got = 1;

	(void)events;
	for (int i = 0; i < ROUND && got > 0; i++)
		got = take_packet(k);
	if (got >= 0)
		note_alive(k);
}

void
keeper_drain(struct keeper *k)
{
	while (take_packet(k) > 0)
		;
}

/* Before the worker is called dead: whether a message has come while we wrote a
 * map. If so, it has been handled. */
static bool
heard_again(struct keeper *k)
{
	int got = take_packet(k);

	if (got > 0)
		note_alive(k);
	return got > 0 || got == -1;
}

/* ---- time ---- */

/* If there is no room, an earlier PING is still unread and will be answered. */
static void
ping(struct keeper *k)
{
	struct ipc_packet *p = &k->packet;
	struct err err;

	ipc_begin(p, IPC_PING);
	p->code = k->heartbeat.beats ? HEARTBEAT_BEAT_MS : 0;
	p->count = (uint32_t)map_store_overdue(k->store,
					       loop_clocks(k->loop).steady_ms,
					       p->body.rows, IPC_ROWS_MAX);
	ipc_send(k->socket, p, -1, false, &err);
}

void
keeper_on_tick(void *arg)
{
	struct keeper *k = arg;
	int64_t wait;

	if (k->worker_pid == 0)
		return;
	switch (heartbeat_look(&k->heartbeat, loop_clocks(k->loop).steady_ms,
			       &wait)) {
	case HEARTBEAT_ASK:
		ping(k);
		break;
	case HEARTBEAT_DEAD:
		if (!heard_again(k))
			kill_worker(k, "it does not answer");
		return;
	case HEARTBEAT_WAIT:
		break;
	}
	timer_arm(k->tick, wait);
}

static void
log_expired(size_t removed, const struct err *err)
{
	if (removed > 0)
		log_warning("removed %zu address%s that had expired; the "
			    "worker should have done so",
			    removed, removed == 1 ? "" : "es");
	if (err->text[0] != '\0')
		log_error("%s", err->text);
}

void
keeper_on_expiry(void *arg)
{
	struct keeper *k = arg;
	int64_t now = loop_clocks(k->loop).steady_ms, next;
	size_t removed;
	struct err err;

	watchdog_excuse(k->watchdog);
	next = map_store_expire(k->store, now, &removed, &err);
	watchdog_set(k->watchdog, map_store_holds(k->store));
	log_expired(removed, &err);
	if (k->worker_pid > 0 && k->ready &&
	    map_store_overdue(k->store, now, k->packet.body.rows, 1) > 0) {
		heartbeat_asked(&k->heartbeat, now);
		ping(k);
		timer_arm(k->tick, HEARTBEAT_TICK_MS);
	}
	if (k->ready)
		keeper_tell_status(k);
	if (next >= 0)
		timer_arm(k->expiry, next);
}

/* An entry that another program has written has no expiry that anybody knows,
 * so it must not stay. */
void
keeper_on_look(void *arg)
{
	struct keeper *k = arg;
	const char *name;
	struct err err;

	if (!map_watch_complete(k->map_watch))
		timer_arm(k->look, LOOK_MS);
	if (!map_store_disturbed(k->store))
		return;
	watchdog_excuse(k->watchdog);
	for (size_t i = 0; i < k->resources.nmaps &&
			   map_store_restore(k->store, &name, &err) != 0;
	     i++) {
		log_warning("%s: another program has replaced it; written "
			    "again",
			    name);
		if (err.text[0] != '\0')
			log_error("%s; emptied instead", err.text);
	}
	watchdog_set(k->watchdog, map_store_holds(k->store));
}

/* Most of what happens in the directories is our own doing. */
void
keeper_on_map_event(void *arg)
{
	struct keeper *k = arg;

	if (k->ever_ready && !timer_armed(k->look) &&
	    (map_store_disturbed(k->store) ||
	     !map_watch_complete(k->map_watch)))
		timer_arm(k->look, RESTORE_MS);
}

/* STOP_MS after the signal. */
void
keeper_on_stop_limit(void *arg)
{
	struct keeper *k = arg;

	if (k->worker_pid > 0)
		kill_worker(k, "it does not stop");
}

/* ---- the helper, and pbs-link ---- */

static void
log_notices(struct keeper *k, struct guardian *guardian)
{
	if (!guardian_log_notices(guardian))
		loop_unwatch(k->loop, guardian_notices(guardian));
}

void
keeper_on_helper(void *arg, uint32_t events)
{
	struct keeper *k = arg;

	(void)events;
	log_notices(k, helper_guardian(k->helper));
}

void
keeper_on_link(void *arg, uint32_t events)
{
	struct keeper *k = arg;

	(void)events;
	log_notices(k, k->link);
}

/* ---- signals ---- */

void
keeper_on_stop(void *arg, int signo)
{
	struct keeper *k = arg;

	if (!k->stopping)
		notify("STOPPING=1");
	k->stopping = true;
	timer_disarm(k->restart);
	if (k->worker_pid == 0) {
		loop_stop(k->loop, EX_OK);
		return;
	}
	kill(k->worker_pid, signo);
	timer_arm(k->stop_limit, STOP_MS);
}

void
keeper_on_state(void *arg, int signo)
{
	struct keeper *k = arg;

	if (k->worker_pid > 0)
		kill(k->worker_pid, signo);
}

/* ---- configuration ---- */

struct map_store_limits
keeper_limits(const struct conf *conf)
{
	return (struct map_store_limits){.max_addresses = conf->max_addresses,
					 .longest = conf_longest(conf),
					 .exclude = conf->exclude,
					 .nexclude = conf->nexclude};
}

unsigned long long
keeper_checkpoint_max(const struct conf *conf)
{
	enum {
		BYTES_PER_ADDRESS = 1024,
		BYTES_MORE = 1 << 20, /* log positions and sessions */
	};
	unsigned long long max =
	    BYTES_MORE +
	    (unsigned long long)BYTES_PER_ADDRESS * conf->max_addresses;

	return max < CONF_CHECKPOINT_MAX ? max : CONF_CHECKPOINT_MAX;
}

/* conf and candidate change places. */
static void
swap_configurations(struct keeper *k)
{
	struct map_store_limits limits;

	conf_reload_adopt(k->conf, &k->candidate);
	limits = keeper_limits(k->conf);
	map_store_set_limits(k->store, &limits);
	keeper_requests_set_max(k->requests, keeper_checkpoint_max(k->conf));
}

void
keeper_try_candidate(struct keeper *k)
{
	if (!k->has_candidate || k->trial)
		return;
	swap_configurations(k);
	k->trial = true;
}

void
keeper_settle_candidate(struct keeper *k, bool accepted)
{
	struct err err;

	if (!k->has_candidate)
		return;
	if (accepted != k->trial)
		swap_configurations(k);
	conf_clear(&k->candidate);
	k->has_candidate = k->trial = false;
	if (!accepted && log_open(k->conf->logto, k->conf->debug, &err) != 0)
		log_error("%s", err.text);
}

/* Log rotation depends on this, even if the new configuration is refused. */
static void
reopen_log(struct keeper *k)
{
	struct err err;

	if (log_open(k->conf->logto, k->conf->debug, &err) != 0) {
		log_error("%s; messages go on to where they went", err.text);
		return;
	}
	if (k->worker_pid <= 0 || log_descriptor() < 0)
		return;
	ipc_begin(&k->packet, IPC_LOG);
	if (ipc_send(k->socket, &k->packet, log_descriptor(), false, &err) != 1)
		log_error("the worker does not read messages: it still writes "
			  "to the old log");
}

static void
send_reload(struct keeper *k, bool read)
{
	struct err err;

	heartbeat_excuse(&k->heartbeat, HEARTBEAT_BUSY_MS);
	ipc_begin(&k->packet, IPC_RELOAD);
	if (ipc_send(k->socket, &k->packet, read ? log_descriptor() : -1, false,
		     &err) == 1)
		return;
	log_error("not reloaded: the worker does not read messages");
	keeper_settle_candidate(k, false);
}

/* A log that cannot be opened is no reason to keep the old settings: the worker does
 * not either, and both must go by the same. */
static void
open_new_log(struct keeper *k, const struct conf *new)
{
	const char *old = k->conf->logto;
	struct err err;

	if (log_open(new->logto, new->debug, &err) != 0 &&
	    (old == NULL || strcmp(old, new->logto) != 0))
		log_error("%s; messages go on to where they went", err.text);
}

/* That the file parses is all we can know; whether the rules compile, only a
 * worker finds out. */
static bool
take_candidate(struct keeper *k, struct err *err)
{
	struct conf new;

	if (k->reread(k->reread_arg, k->helper, &new, err) != 0)
		return false;
	keeper_settle_candidate(k, false); /* an earlier one */
	open_new_log(k, &new);
	k->candidate = new;
	k->has_candidate = true;
	return true;
}

void
keeper_on_reload(void *arg, int signo)
{
	struct keeper *k = arg;
	struct err err;
	bool read;

	(void)signo;
	reopen_log(k);
	read = take_candidate(k, &err);
	if (read)
		keeper_renew_link(k);
	if (k->worker_pid > 0)
		send_reload(k, read);
	else if (!read)
		log_error("not reloaded, going on as before: %s", err.text);
	/* The old configuration may be what made the last workers fail. */
	if (timer_armed(k->restart))
		timer_arm(k->restart, 0);
}
