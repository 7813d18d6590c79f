/*
 * keeper_state: what the two halves of the keeper share.
 *
 * keeper.c opens, starts and buries; keeper_events.c is what happens in between.
 * Nobody else includes this.
 */
#ifndef DAEMON_KEEPER_KEEPER_STATE_H
#define DAEMON_KEEPER_KEEPER_STATE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/conf/conf.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/heartbeat.h"
#include "daemon/keeper/keeper.h"
#include "daemon/publish/resources.h"

struct keeper_requests;
struct loop;
struct timer;
struct map_store;
struct map_store_limits;
struct watchdog;

struct keeper {
	struct conf *conf; /* a worker has run by it, or is trying to */
	struct conf offer; /* what a SIGHUP found; in a trial what was before */
	bool offered;	   /* no worker has taken or refused it yet */
	bool trial;	   /* one was started with it */
	keeper_conf_fn *reread;
	void *reread_arg;
	struct lockfile *pidfile;
	struct helper *helper;
	struct resources holdings;
	struct map_store *vault; /* borrows the holdings' maps */
	struct keeper_requests *desk;
	struct loop *loop;
	struct timer *tick, *expiry, *again, *stop;
	struct watchdog *watchdog;
	sigset_t old_mask;
	int command; /* who typed it waits behind it; -1 = told */
	pid_t child; /* 0 = none */
	int end;     /* to it */
	struct heartbeat pulse;
	int64_t started_ms;
	unsigned int pause; /* seconds */
	bool ready;	    /* this worker is */
	bool proven;	    /* one has been */
	bool stopping;
	bool start; /* the loop was left for that */
	size_t refused; /* rows, as last said */
	struct ipc_packet packet;
};

/* What of a worker's rows is believed. Borrows from conf. */
struct map_store_limits keeper_limits(const struct conf *);

/* A worker is about to start: with what was offered, if anything was. */
void keeper_try_offer(struct keeper *);
/* Whether a worker can use what was offered. Only what one took is kept for the
 * next. */
void keeper_settle_offer(struct keeper *, bool taken);

/* Empties the maps that may hold somebody, and says so. What cannot be emptied is
 * tried again and again. */
void keeper_clear(struct keeper *);

/* The same for who dies: a first worker that has written nothing has not changed
 * what was there before it; but one that has written need not be ready. */
void keeper_disown(struct keeper *);

/* Reads all that the worker has said. */
void keeper_drain(struct keeper *);

/* loop_fd_fn, loop_timer_fn, loop_signal_fn */
void keeper_on_packet(void *arg, uint32_t events);
void keeper_on_tick(void *arg);
void keeper_on_expiry(void *arg);
void keeper_on_stubborn(void *arg);
void keeper_on_stop(void *arg, int signo);
void keeper_on_reload(void *arg, int signo);
void keeper_on_state(void *arg, int signo);

#endif
