/* The keeper as supervisor: starts the worker, reaps it, and starts the next
 * one after a pause. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/ipc/handover.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/keeper_requests.h"
#include "daemon/keeper/keeper_state.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/guardian.h"
#include "daemon/sys/helper.h"

enum {
	BACKOFF_MAX = 60,  /* seconds before a worker is restarted, at most */
	STABLE_MS = 60000, /* of life: its death starts the back-off again */
};

/* ---- starting ---- */

static void
become_worker(struct keeper *k, pid_t keeper, int socket, struct handover *out)
{
	int link = k->link != NULL ? guardian_descriptor(k->link) : -1;
	const int kept[] = {socket, k->resources.control, log_descriptor(),
			    guardian_descriptor(helper_guardian(k->helper)),
			    link};
	struct resources *r = &k->resources;
	struct map **maps = alloc_zero(r->nmaps + 1, sizeof(*maps));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(EX_SOFTWARE);
	prctl(PR_SET_NAME, "pbs-worker");
	sigprocmask(SIG_SETMASK, &k->old_mask, NULL);
	daemonize_close_others(kept, sizeof(kept) / sizeof(kept[0]));
	log_reconnect();
	helper_enable(k->helper);
	*out = (struct handover){.client = ipc_client_new(socket),
				 .maps = maps,
				 .control = r->control,
				 .helper = k->helper,
				 .link = link,
				 .keeper = keeper,
				 .lead_ms = loop_largest_lead_ms(k->loop),
				 .again = k->ever_ready,
				 .inherited = k};
	for (size_t i = 0; i < r->nmaps; i++)
		if (r->maps[i] != NULL)
			maps[i] = ipc_client_map(out->client, i, r->maps[i]);
}

/* 1 in the worker; 0 in the keeper; -1: it could not be started. */
static int
start_worker(struct keeper *k, struct handover *out, struct err *err)
{
	struct clocks now = loop_clocks(k->loop);
	pid_t keeper = getpid(), child;
	int ends[2];

	k->started_ms = now.steady_ms;
	keeper_try_candidate(k);
	if (ipc_open(ends, err) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		become_worker(k, keeper, ends[1], out);
		return 1;
	}
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return err_set(err, "fork: %s", strerror(errno));
	}
	k->worker_pid = child;
	k->socket = ends[0];
	k->ready = false;
	keeper_requests_reset(k->requests);
	heartbeat_begin(&k->heartbeat, now.steady_ms);
	timer_arm(k->tick, HEARTBEAT_MS);
	return loop_watch(k->loop, k->socket, POLLIN, keeper_on_packet, k, err);
}

/* ---- reaping ---- */

static void
log_death(pid_t pid, int status)
{
	if (WIFSIGNALED(status))
		log_error("worker %ld died of signal %d (%s)%s", (long)pid,
			  WTERMSIG(status), strsignal(WTERMSIG(status)),
			  WTERMSIG(status) == SIGSYS
			      ? ": it made a system call that the sandbox "
				"forbids"
			      : "");
	else
		log_error("worker %ld died with exit code %d", (long)pid,
			  WEXITSTATUS(status));
}

/* The worker itself has logged what is wrong, with file and line. */
static void
start_failed(struct keeper *k, int status)
{
	if (k->trial)
		log_error("not reloaded, going on as before: the worker cannot "
			  "start with the new configuration");
	else if (WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG)
		log_error("the worker cannot start: nobody is authorized until "
			  "the configuration is fixed; send SIGHUP to retry "
			  "at once");
	if (k->trial)
		keeper_settle_candidate(k, false);
}

static void
finish(struct keeper *k, int code)
{
	keeper_clear_written(k);
	loop_stop(k->loop, code);
}

static void
plan_restart(struct keeper *k)
{
	int64_t lived = loop_clocks(k->loop).steady_ms - k->started_ms;

	if (k->backoff == 0 || lived >= STABLE_MS)
		k->backoff = 1;
	else
		k->backoff =
		    k->backoff < BACKOFF_MAX / 2 ? k->backoff * 2 : BACKOFF_MAX;
	log_warning("restarting the worker in %us", k->backoff);
	timer_arm(k->restart, (int64_t)k->backoff * 1000);
}

/* A first start that fails is not tried again: the configuration may be wrong.
 * Whatever else died, it vouches for no address any more. */
static void
worker_exited(struct keeper *k, pid_t pid, int status)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == EX_OK;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;

	if (clean || !k->ever_ready) {
		if (WIFSIGNALED(status))
			log_death(pid, status);
		finish(k, code);
		return;
	}
	keeper_clear(k);
	log_death(pid, status);
	if (!k->ready)
		start_failed(k, status);
	k->ready = false;
	keeper_tell_status(k);
	if (k->stopping)
		finish(k, code);
	else
		plan_restart(k);
}

static void
forget_worker(struct keeper *k)
{
	loop_unwatch(k->loop, k->socket);
	close(k->socket);
	k->socket = -1;
	timer_disarm(k->tick);
	keeper_requests_reset(k->requests);
}

void
supervisor_on_child(void *arg, int signo)
{
	struct keeper *k = arg;
	pid_t pid = k->worker_pid;
	int status;

	(void)signo;
	guardian_reap(helper_guardian(k->helper));
	if (k->link != NULL)
		guardian_reap(k->link);
	if (pid == 0 || waitpid(pid, &status, WNOHANG) != pid)
		return;
	k->worker_pid = 0;
	keeper_drain(k); /* what it sent before it died */
	forget_worker(k);
	worker_exited(k, pid, status);
}

/* ---- restarts ---- */

void
supervisor_on_restart(void *arg)
{
	struct keeper *k = arg;

	k->start_now = true;
	loop_stop(k->loop, EX_OK);
}

int
supervisor_run(struct keeper *k, struct handover *out, int *code)
{
	struct err err;
	int started;

	do {
		k->start_now = false;
		started = start_worker(k, out, &err);
		if (started > 0)
			return 1;
		if (started < 0) {
			log_error("%s", err.text);
			plan_restart(k);
		}
		*code = loop_run(k->loop, &err);
	} while (k->start_now);
	if (*code >= 0)
		return 0;
	log_error("%s", err.text);
	finish(k, EX_OSERR);
	*code = EX_OSERR;
	return 0;
}
