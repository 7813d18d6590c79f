#include "daemon/keeper/keeper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
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
#include "daemon/conf/conf.h"
#include "daemon/ipc/ipc.h"
#include "daemon/ipc/ipc_client.h"
#include "daemon/keeper/keeper_requests.h"
#include "daemon/keeper/keeper_state.h"
#include "daemon/keeper/map_store.h"
#include "daemon/publish/resources.h"
#include "daemon/sandbox/privileges.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/helper.h"
#include "daemon/sys/lockfile.h"
#include "daemon/sys/watchdog.h"
#include "maps/map.h"

enum {
	PAUSE_MAX =
	    60, /* seconds before a worker that keeps dying comes back */
	PROVEN_MS = 60000, /* of life, after which a death is a first one */
	BYTES_EACH = 1024, /* of a checkpoint, for each address there may be */
	BYTES_MORE = 1 << 20,
};

/* ---- the worker ---- */

static void
become_worker(struct keeper *k, pid_t keeper, int end, struct handover *out)
{
	const int kept[] = {end, k->holdings.control, log_descriptor(),
			    helper_descriptor(k->helper)};
	struct resources *h = &k->holdings;
	struct map **maps = alloc_zero(h->nmaps + 1, sizeof(*maps));

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != keeper)
		_exit(EX_SOFTWARE);
	prctl(PR_SET_NAME, "pbs-worker");
	sigprocmask(SIG_SETMASK, &k->old_mask, NULL);
	daemonize_close_others(kept, sizeof(kept) / sizeof(kept[0]));
	log_reconnect();
	helper_enable(k->helper);
	*out = (struct handover){.remote = ipc_client_new(end),
				 .maps = maps,
				 .control = h->control,
				 .helper = k->helper,
				 .keeper = keeper,
				 .inherited = k};
	for (size_t i = 0; i < h->nmaps; i++)
		if (h->maps[i] != NULL)
			maps[i] = ipc_client_map(out->remote, i, h->maps[i]);
}

/* 1 in the worker, 0 in the keeper, -1: there is none. */
static int
start_worker(struct keeper *k, struct handover *out, struct err *err)
{
	struct clocks now = loop_clocks(k->loop);
	pid_t keeper = getpid(), child;
	int ends[2];

	k->started_ms = now.steady_ms;
	keeper_try_offer(k);
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
	k->child = child;
	k->end = ends[0];
	k->ready = false;
	keeper_requests_reset(k->desk);
	heartbeat_begin(&k->pulse, now.steady_ms);
	timer_arm(k->tick, HEARTBEAT_MS);
	return loop_watch(k->loop, k->end, POLLIN, keeper_on_packet, k, err);
}

/* ---- its death ---- */

static void
say_death(int status)
{
	if (WIFSIGNALED(status))
		log_error("the daemon died of signal %d (%s)%s",
			  WTERMSIG(status), strsignal(WTERMSIG(status)),
			  WTERMSIG(status) == SIGSYS
			      ? ": it tried what the sandbox forbids"
			      : "");
	else
		log_error("the daemon died with exit code %d",
			  WEXITSTATUS(status));
}

/* Its own last message says what is wrong, with file and line. */
static void
say_stillborn(struct keeper *k, int status)
{
	if (k->trial)
		log_error("not reloaded, going on as before: the daemon cannot "
			  "begin with the new configuration");
	else if (WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG)
		log_error("the daemon cannot begin: nobody is authorized until "
			  "what it complains of is mended; SIGHUP then tries "
			  "it at once");
	if (k->trial)
		keeper_settle_offer(k, false);
}

static void
finish(struct keeper *k, int code)
{
	keeper_disown(k);
	loop_stop(k->loop, code);
}

static void
plan_restart(struct keeper *k)
{
	int64_t lived = loop_clocks(k->loop).steady_ms - k->started_ms;

	if (k->pause == 0 || lived >= PROVEN_MS)
		k->pause = 1;
	else
		k->pause = k->pause < PAUSE_MAX / 2 ? k->pause * 2 : PAUSE_MAX;
	log_warning("starting the daemon anew in %us", k->pause);
	timer_arm(k->again, (int64_t)k->pause * 1000);
}

/* A first start that fails is not tried again; perhaps it failed because the
 * configuration is wrong. Whatever dies leaves no word behind. */
static void
mourn(struct keeper *k, int status)
{
	bool clean = WIFEXITED(status) && WEXITSTATUS(status) == EX_OK;
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;

	if (clean || !k->proven) {
		if (WIFSIGNALED(status))
			say_death(status);
		finish(k, code);
		return;
	}
	keeper_clear(k);
	say_death(status);
	if (!k->ready)
		say_stillborn(k, status);
	if (k->stopping)
		finish(k, code);
	else
		plan_restart(k);
}

static void
forget_worker(struct keeper *k)
{
	loop_unwatch(k->loop, k->end);
	close(k->end);
	k->end = -1;
	timer_disarm(k->tick);
	keeper_requests_reset(k->desk);
}

static void
on_child(void *arg, int signo)
{
	struct keeper *k = arg;
	int status;

	(void)signo;
	if (helper_died(k->helper))
		log_error("the helper died; Postfix is not asked for mynetworks "
			  "any more before a restart");
	if (k->child == 0 || waitpid(k->child, &status, WNOHANG) != k->child)
		return;
	k->child = 0;
	keeper_drain(k); /* its last words */
	forget_worker(k);
	mourn(k, status);
}

/* ---- the keeper's life ---- */

static void
start_again(void *arg)
{
	struct keeper *k = arg;

	k->start = true;
	loop_stop(k->loop, EX_OK);
}

/* 1 in a worker; 0: all is over, *code. */
static int
keep(struct keeper *k, struct handover *out, int *code)
{
	struct err err;
	int started;

	do {
		k->start = false;
		started = start_worker(k, out, &err);
		if (started > 0)
			return 1;
		if (started < 0) {
			log_error("%s", err.text);
			plan_restart(k);
		}
		*code = loop_run(k->loop, &err);
	} while (k->start);
	if (*code >= 0)
		return 0;
	log_error("%s", err.text);
	finish(k, EX_OSERR);
	*code = EX_OSERR;
	return 0;
}

static int
open_loop(struct keeper *k, struct err *err)
{
	static const struct {
		int signo;
		loop_signal_fn *handler;
	} signals[] = {
	    {SIGTERM, keeper_on_stop},	{SIGINT, keeper_on_stop},
	    {SIGHUP, keeper_on_reload}, {SIGUSR1, keeper_on_state},
	    {SIGCHLD, on_child},
	};

	sigprocmask(SIG_BLOCK, NULL, &k->old_mask);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	k->loop = loop_new(err);
	if (k->loop == NULL)
		return -1;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (loop_signal(k->loop, signals[i].signo, signals[i].handler,
				k, err) != 0)
			return -1;
	k->tick = timer_new(k->loop, keeper_on_tick, k);
	k->expiry = timer_new(k->loop, keeper_on_expiry, k);
	k->again = timer_new(k->loop, start_again, k);
	k->stop = timer_new(k->loop, keeper_on_stubborn, k);
	k->watchdog = watchdog_new(k->loop);
	return 0;
}

static int
take_locks(struct keeper *k, struct err *err)
{
	return resources_lock(&k->holdings, k->conf, err);
}

static int
open_maps(struct keeper *k, struct err *err)
{
	return resources_open_maps(&k->holdings, k->conf, err);
}

static int
open_vault(struct keeper *k, struct err *err)
{
	struct map_store_limits limits = keeper_limits(k->conf);

	(void)err;
	k->vault = map_store_new(k->holdings.maps, k->holdings.nmaps, &limits);
	k->desk = keeper_requests_new(k->vault, k->conf->checkpoint,
			   BYTES_MORE + (unsigned long long)BYTES_EACH *
					    k->conf->max_addresses);
	return 0;
}

static int
open_control(struct keeper *k, struct err *err)
{
	return resources_listen(&k->holdings, k->conf, err);
}

static int
drop_privileges(struct keeper *k, struct err *err)
{
	if (k->conf->user != NULL && privileges_drop(k->conf->user, err) != 0)
		return -1;
	return k->conf->sandbox == CONF_SANDBOX_OFF
		   ? 0
		   : sandbox_drop_capabilities(err);
}

/* In the helper, which outlives us by that. */
static void
clear_left(void *arg)
{
	resources_clear_left(arg);
}

static int
start_helper(struct keeper *k, struct err *err)
{
	k->helper = helper_start(clear_left, k->conf, err);
	return k->helper != NULL ? 0 : -1;
}

static int
lock_down(struct keeper *k, struct err *err)
{
	char what[64];

	if (sandbox_keeper(k->conf, err) != 0)
		return -1;
	sandbox_describe(k->conf, what);
	log_info("sandbox: %s", what);
	return 0;
}

/* The code tells a wrong configuration, which waiting does not mend, from a
 * disk that comes late. */
static int
open_all(struct keeper *k, struct err *err)
{
	static const struct {
		int (*open)(struct keeper *, struct err *);
		int code;
	} steps[] = {
	    {drop_privileges, EX_NOPERM}, {start_helper, EX_OSERR},
	    {take_locks, EX_CANTCREAT},	  {open_maps, EX_CANTCREAT},
	    {open_vault, EX_OSERR},	  {open_control, EX_OSERR},
	    {open_loop, EX_OSERR},	  {lock_down, EX_OSERR},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].open(k, err) != 0)
			return k->holdings.held ? EX_TEMPFAIL : steps[i].code;
	return EX_OK;
}

static void
close_all(struct keeper *k)
{
	watchdog_free(&k->watchdog);
	timer_free(&k->stop);
	timer_free(&k->again);
	timer_free(&k->expiry);
	timer_free(&k->tick);
	keeper_requests_free(&k->desk);
	if (k->proven)
		resources_remove_sockets(k->conf);
	map_store_free(&k->vault);
	resources_release(&k->holdings);
	helper_stop(&k->helper);
	lockfile_release(&k->pidfile);
	loop_free(&k->loop);
}

/* In the background nobody else does: 0, all is said. */
static int
complain(const struct keeper *k, const struct err *err)
{
	if (k->command < 0)
		return -1;
	log_error("%s", err->text);
	if (k->conf->logto != NULL && strcmp(k->conf->logto, "-") != 0)
		fprintf(stderr, "pop-before-smtp: %s\n", err->text);
	return 0;
}

/* As keeper_run(). A worker leaves its keeper's things where they are: their
 * files are not its own. */
static int
be_keeper(struct keeper *k, struct handover *out, int *code, struct err *err)
{
	int result;

	if (k->pidfile != NULL)
		lockfile_adopt(k->pidfile);
	*code = open_all(k, err);
	result = *code == EX_OK ? keep(k, out, code) : complain(k, err);
	if (result > 0)
		return 1;
	close_all(k);
	daemonize_done(&k->command, *code);
	conf_clear(&k->offer);
	free(k);
	return result;
}

int
keeper_run(struct conf *conf, keeper_conf_fn *reread, void *arg,
	   struct handover *out, int *code, struct err *err)
{
	struct keeper *k = alloc_zero(1, sizeof(*k));
	int result = 1;
	bool held;

	*k = (struct keeper){.conf = conf,
			     .reread = reread,
			     .reread_arg = arg,
			     .command = -1,
			     .end = -1,
			     .holdings.control = -1};
	*code = EX_OSERR;
	if (conf->pidfile != NULL) {
		k->pidfile = lockfile_take_pidfile(conf->pidfile, &held, err);
		*code = k->pidfile ? EX_OSERR
			: held	   ? EX_TEMPFAIL
				   : EX_CANTCREAT;
		result = k->pidfile ? daemonize(&k->command, code, err) : -1;
	}
	if (result > 0)
		return be_keeper(k, out, code, err);
	/* The keeper may not be allowed to remove it, or was killed. */
	if (result < 0 || *code != EX_OK)
		lockfile_release(&k->pidfile);
	lockfile_close(&k->pidfile);
	free(k);
	return result;
}
