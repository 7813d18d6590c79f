/*
 * keeper_state: what the files of the keeper share; nobody else includes it.
 *
 * keeper.c opens and closes everything; supervisor.c starts workers and reaps
 * them; keeper_events.c handles what happens in between.
 */
#ifndef DAEMON_KEEPER_KEEPER_STATE_H
#define DAEMON_KEEPER_KEEPER_STATE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/conf/conf.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/heartbeat.h"
#include "daemon/keeper/keeper.h"
#include "daemon/link/link_process.h"
#include "daemon/publish/former_maps.h"
#include "daemon/publish/resources.h"

struct keeper_requests;
struct loop;
struct notify_ready;
struct timer;
struct map_store;
struct map_watch;
struct map_store_limits;
struct watchdog;

struct keeper {
	struct conf *conf; /* a worker runs by it, or is about to try */
	/* The configuration that SIGHUP has read. While a worker tries it, conf
	 * and candidate are swapped: this is then the configuration to return
	 * to. */
	struct conf candidate;
	bool has_candidate; /* no worker has accepted or refused it yet */
	bool trial;	    /* a worker was started with it */
	keeper_conf_fn *reread;
	void *reread_arg;
	struct helper *helper;
	struct guardian *link; /* of pbs-link; NULL: no other hosts */
	struct link_files link_files; /* as they were when they were read */
	struct lockfile *pidfile;
	struct resources resources;
	struct former_maps former;
	struct map_store *store; /* borrows the resources' maps */
	struct keeper_requests *requests;
	struct loop *loop;
	struct timer *tick;	     /* looks at the heartbeat */
	struct timer *expiry;	     /* removes what has expired */
	struct timer *look;	     /* whether others write our maps */
	struct map_watch *map_watch; /* which tells when to look */
	struct timer *restart;	     /* starts the next worker */
	struct timer *stop_limit;    /* kills a worker that does not stop */
	struct watchdog *watchdog;
	struct notify_ready *notify_ready;
	sigset_t old_mask;
	int command_fd; /* the command waits for its code here; -1 = no more */
	pid_t worker_pid; /* 0 = none */
	int socket;	  /* to the worker; -1 = none */
	struct heartbeat heartbeat;
	int64_t started_ms;
	unsigned int backoff; /* seconds before the last restart */
	bool ready;	      /* this worker has been ready */
	bool ever_ready;      /* some worker has */
	bool stopping;
	bool start_now;	  /* why the loop was left: to start a worker */
	size_t refused;	  /* rows, when they were last logged */
	bool cost_logged; /* by keeper_log_cost() */
	char status[256]; /* as the service manager was last told */
	struct ipc_packet packet;
};

/* Which of a worker's rows are accepted. Borrows from conf. */
struct map_store_limits keeper_limits(const struct conf *);

/* The bound of a checkpoint's size in bytes. */
unsigned long long keeper_checkpoint_max(const struct conf *);

/* Before a worker starts: gives it the candidate, if there is one. */
void keeper_try_candidate(struct keeper *);
/* A worker has accepted or refused the candidate. */
void keeper_settle_candidate(struct keeper *, bool accepted);

/* Empties the maps that may hold addresses, and logs that. Maps that cannot be
 * emptied are tried again until they can. */
void keeper_clear(struct keeper *);

/* The same, unless no worker was ever ready or wrote a row: then the maps are
 * still what they were before the start. */
void keeper_clear_written(struct keeper *);

/* Tells the service manager what is followed, how many are authorized and when
 * the last login was, if it has changed; so `systemctl status' shows it. */
void keeper_tell_status(struct keeper *);

/* Once there are many addresses, warns once of each map that writes much to a
 * disk for each login. */
void keeper_log_cost(struct keeper *);

/* Takes all messages that the worker has sent. */
void keeper_drain(struct keeper *);

/* Reaps the worker, and restarts it or ends the keeper's loop. */
void supervisor_on_child(void *arg, int signo);
/* The timer of the next start; leaves the loop for supervisor_run(). */
void supervisor_on_restart(void *arg);
/* Starts a worker and runs the loop, again for each restart. 1 in a worker; 0:
 * all is over, *code is set. */
int supervisor_run(struct keeper *, struct handover *, int *code);

/* loop_fd_fn, loop_timer_fn, loop_signal_fn */
void keeper_on_packet(void *arg, uint32_t events);
void keeper_on_helper(void *arg, uint32_t events);
void keeper_on_link(void *arg, uint32_t events);
/* After SIGHUP, with a candidate: has the password and the certificates read
 * again if they have changed, and reports what is wrong with them or with the
 * key for signing. */
void keeper_renew_link(struct keeper *);
void keeper_on_tick(void *arg);
void keeper_on_expiry(void *arg);
void keeper_on_look(void *arg);
void keeper_on_map_event(void *arg); /* map_watch_fn */
void keeper_on_stop_limit(void *arg);
void keeper_on_stop(void *arg, int signo);
void keeper_on_reload(void *arg, int signo);
void keeper_on_state(void *arg, int signo);

#endif
