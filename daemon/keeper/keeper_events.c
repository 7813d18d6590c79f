#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/addr.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_reload.h"
#include "daemon/keeper/keeper_requests.h"
#include "daemon/keeper/keeper_state.h"
#include "daemon/keeper/map_store.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/notify.h"
#include "daemon/sys/watchdog.h"
#include "maps/map.h"

enum {
	STOP_MS = 20000, /* for a clean stop; a worker that hangs is killed */
	ROUND = 64, /* packets, before signals and timers have their turn */
};

void
keeper_clear(struct keeper *k)
{
	bool holds = map_store_holds(k->vault);
	struct err err;

	if (map_store_clear_all(k->vault, &err) != 0) {
		log_error("%s", err.text);
		timer_arm(k->expiry, HEARTBEAT_TICK_MS);
		return;
	}
	for (size_t i = 0; holds && i < k->holdings.nmaps; i++)
		if (k->holdings.maps[i] != NULL)
			log_warning("cleared %s",
				    map_name(k->holdings.maps[i]));
}

void
keeper_disown(struct keeper *k)
{
	if (k->proven || map_store_published(k->vault))
		keeper_clear(k);
}

static struct map_store_time
time_of(const struct keeper *k)
{
	struct clocks now = loop_clocks(k->loop);

	return (struct map_store_time){now.wall, now.steady_ms};
}

/* ---- what the worker says ---- */

/* Its end comes as a SIGCHLD, and with it all the rest. */
static void
end_worker(struct keeper *k, const char *why)
{
	if (k->child <= 0)
		return;
	log_error("the daemon is killed: %s", why);
	kill(k->child, SIGKILL);
	loop_unwatch(k->loop, k->end);
	timer_disarm(k->tick);
	keeper_disown(k);
}

static void
say_refused(struct keeper *k)
{
	size_t refused = map_store_refused(k->vault);

	/* Not for each: who sends them may send many. */
	if (refused < k->refused * 2 || refused == k->refused)
		return;
	log_warning("refused %zu addresses from the daemon that it must not "
		    "publish; the last: %s",
		    refused, map_store_refusal(k->vault));
	k->refused = refused;
}

static void
become_ready(struct keeper *k)
{
	if (k->ready)
		return;
	k->ready = k->proven = true;
	if (k->trial)
		keeper_settle_offer(k, true);
	notify("READY=1");
	daemonize_done(&k->command, EX_OK);
}

static void
take_pong(struct keeper *k, const struct map_store_time *now)
{
	for (uint32_t i = 0; i < k->packet.count; i++)
		map_store_renew(k->vault, &k->packet.body.rows[i], now);
}

static int
take_request(struct keeper *k, const struct map_store_time *now, struct err *err)
{
	struct err lost;
	int result;

	watchdog_excuse(k->watchdog);
	result = keeper_requests_take(k->desk, &k->packet, now, err);
	if (result <= 0)
		return result;
	/* It waits for this: there is room, or it is not honest. */
	if (ipc_send(k->end, &k->packet, -1, false, &lost) == 0)
		return err_set(err, "it does not take its answers");
	say_refused(k);
	timer_arm(k->expiry, 0);
	return 0;
}

/* 1: go on; 0: nothing more; -1: it is being ended. */
static int
take_packet(struct keeper *k)
{
	struct map_store_time now = time_of(k);
	struct err err;
	int got = ipc_receive(k->end, &k->packet, NULL, false, &err);

	if (got == 0)
		return 0;
	if (got > 0 && k->packet.type == IPC_READY)
		become_ready(k);
	else if (got > 0 && k->packet.type == IPC_PONG)
		take_pong(k, &now);
	else if (got > 0 && k->packet.type == IPC_RELOADED)
		keeper_settle_offer(k, k->packet.code == 0);
	else if (got > 0)
		got = take_request(k, &now, &err) == 0 ? 1 : -1;
	if (got == -1)
		end_worker(k, err.text);
	else if (got == -2) /* its death is told by a signal */
		loop_unwatch(k->loop, k->end);
	return got;
}

static void
note_life(struct keeper *k)
{
	heartbeat_heard(&k->pulse, loop_clocks(k->loop).steady_ms,
		    map_store_holds(k->vault));
	if (!k->ready && !map_store_published(k->vault))
		heartbeat_excuse(&k->pulse, HEARTBEAT_START_MS);
	watchdog_set(k->watchdog, map_store_holds(k->vault));
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
		note_life(k);
}

void
keeper_drain(struct keeper *k)
{
	while (take_packet(k) > 0)
		;
}

/* Once more, before it is called dead: it may have spoken while we wrote. Then
 * all is arranged. */
static bool
heard_again(struct keeper *k)
{
	int got = take_packet(k);

	if (got > 0)
		note_life(k);
	return got > 0 || got == -1;
}

/* ---- time ---- */

/* A question that finds no room is put by the one before it. */
static void
ping(struct keeper *k)
{
	struct ipc_packet *p = &k->packet;
	struct err err;

	ipc_begin(p, IPC_PING);
	p->count =
	    (uint32_t)map_store_overdue(k->vault, loop_clocks(k->loop).steady_ms,
				    p->body.rows, IPC_ROWS_MAX);
	ipc_send(k->end, p, -1, false, &err);
}

void
keeper_on_tick(void *arg)
{
	struct keeper *k = arg;
	int64_t wait;

	if (k->child == 0)
		return;
	switch (heartbeat_look(&k->pulse, loop_clocks(k->loop).steady_ms, &wait)) {
	case HEARTBEAT_ASK:
		ping(k);
		break;
	case HEARTBEAT_DEAD:
		if (!heard_again(k))
			end_worker(k, "it does not answer");
		return;
	case HEARTBEAT_WAIT:
		break;
	}
	timer_arm(k->tick, wait);
}

static void
say_expired(size_t removed, const struct err *err)
{
	if (removed > 0)
		log_warning("took %zu addresses out that had expired: the "
			    "daemon did not",
			    removed);
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
	next = map_store_expire(k->vault, now, &removed, &err);
	watchdog_set(k->watchdog, map_store_holds(k->vault));
	say_expired(removed, &err);
	if (k->child > 0 && k->ready &&
	    map_store_overdue(k->vault, now, k->packet.body.rows, 1) > 0) {
		heartbeat_asked(&k->pulse, now);
		ping(k);
		timer_arm(k->tick, HEARTBEAT_TICK_MS);
	}
	if (next >= 0)
		timer_arm(k->expiry, next);
}

/* It was told to stop, long ago. */
void
keeper_on_stubborn(void *arg)
{
	struct keeper *k = arg;

	if (k->child > 0)
		end_worker(k, "it does not stop");
}

/* ---- signals ---- */

void
keeper_on_stop(void *arg, int signo)
{
	struct keeper *k = arg;

	if (!k->stopping)
		notify("STOPPING=1");
	k->stopping = true;
	timer_disarm(k->again);
	if (k->child == 0) {
		loop_stop(k->loop, EX_OK);
		return;
	}
	kill(k->child, signo);
	timer_arm(k->stop, STOP_MS);
}

void
keeper_on_state(void *arg, int signo)
{
	struct keeper *k = arg;

	if (k->child > 0)
		kill(k->child, signo);
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

static void
exchange(struct keeper *k)
{
	struct map_store_limits limits;

	conf_reload_adopt(k->conf, &k->offer);
	limits = keeper_limits(k->conf);
	map_store_set_limits(k->vault, &limits);
}

void
keeper_try_offer(struct keeper *k)
{
	if (!k->offered || k->trial)
		return;
	exchange(k);
	k->trial = true;
}

void
keeper_settle_offer(struct keeper *k, bool taken)
{
	struct err err;

	if (!k->offered)
		return;
	if (taken != k->trial)
		exchange(k);
	conf_clear(&k->offer);
	k->offered = k->trial = false;
	if (!taken && log_open(k->conf->logto, k->conf->debug, &err) != 0)
		log_error("%s", err.text);
}

/* Who rotates it asks for that, whatever becomes of the configuration. */
static void
reopen_log(struct keeper *k)
{
	struct err err;

	if (log_open(k->conf->logto, k->conf->debug, &err) != 0) {
		log_error("%s", err.text);
		return;
	}
	if (k->child <= 0 || log_descriptor() < 0)
		return;
	ipc_begin(&k->packet, IPC_LOG);
	if (ipc_send(k->end, &k->packet, log_descriptor(), false, &err) !=
	    1)
		log_error("the daemon does not listen: its own log is still "
			  "the old one");
}

static void
tell_reload(struct keeper *k, bool read)
{
	struct err err;

	heartbeat_excuse(&k->pulse, HEARTBEAT_BUSY_MS);
	ipc_begin(&k->packet, IPC_RELOAD);
	if (ipc_send(k->end, &k->packet, read ? log_descriptor() : -1,
			 false, &err) == 1)
		return;
	log_error("not reloaded: the daemon does not listen");
	keeper_settle_offer(k, false);
}

/* Only that it can be read is known by then; the worker knows whether it can be
 * used. */
static bool
take_offer(struct keeper *k, struct err *err)
{
	struct conf new;

	if (k->reread(k->reread_arg, k->helper, &new, err) != 0)
		return false;
	keeper_settle_offer(k, false); /* one before it */
	if (log_open(new.logto, new.debug, err) != 0) {
		conf_clear(&new);
		return false;
	}
	k->offer = new;
	k->offered = true;
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
	read = take_offer(k, &err);
	if (k->child > 0)
		tell_reload(k, read);
	else if (!read)
		log_error("not reloaded, going on as before: %s", err.text);
	/* Perhaps it was that which ended the last ones. */
	if (timer_armed(k->again))
		timer_arm(k->again, 0);
}
