#include "daemon/keeper/keeper.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/keeper/boot_map.h"
#include "daemon/keeper/keeper_requests.h"
#include "daemon/keeper/keeper_state.h"
#include "daemon/keeper/map_store.h"
#include "daemon/keeper/map_watch.h"
#include "daemon/link/link_process.h"
#include "daemon/publish/former_maps.h"
#include "daemon/publish/resources.h"
#include "daemon/sandbox/privileges.h"
#include "daemon/sandbox/sandbox.h"
#include "daemon/sys/daemonize.h"
#include "daemon/sys/guardian.h"
#include "daemon/sys/helper.h"
#include "daemon/sys/lockfile.h"
#include "daemon/sys/notify.h"
#include "daemon/sys/watchdog.h"

static void
watch_maps(struct keeper *k)
{
	k->map_watch = map_watch_new(k->loop, keeper_on_map_event, k);
	for (size_t i = 0; i < k->resources.nmaps; i++)
		if (k->resources.maps[i] != NULL)
			map_watch_add(k->map_watch, k->resources.maps[i]);
}

static int
open_loop(struct keeper *k, struct err *err)
{
	static const struct {
		int signo;
		loop_signal_fn *handler;
	} signals[] = {
	    {SIGTERM, keeper_on_stop},	    {SIGINT, keeper_on_stop},
	    {SIGHUP, keeper_on_reload},	    {SIGUSR1, keeper_on_state},
	    {SIGCHLD, supervisor_on_child},
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
	k->look = timer_new(k->loop, keeper_on_look, k);
	k->restart = timer_new(k->loop, supervisor_on_restart, k);
	k->stop_limit = timer_new(k->loop, keeper_on_stop_limit, k);
	watch_maps(k);
	k->watchdog = watchdog_new(k->loop);
	k->notify_ready = notify_ready_new(k->loop);
	if (k->link != NULL && loop_watch(k->loop, guardian_notices(k->link),
					  POLLIN, keeper_on_link, k, err) != 0)
		return -1;
	return loop_watch(k->loop, guardian_notices(helper_guardian(k->helper)),
			  POLLIN, keeper_on_helper, k, err);
}

static int
take_locks(struct keeper *k, struct err *err)
{
	return resources_lock(&k->resources, k->conf, err);
}

static int
list_maps(struct keeper *k, struct err *err)
{
	(void)err;
	former_maps_clear(&k->former, k->conf);
	former_maps_save(&k->former, k->conf, FORMER_MAPS_ALL);
	return 0;
}

static int
open_maps(struct keeper *k, struct err *err)
{
	if (resources_open_maps(&k->resources, k->conf, err) != 0)
		return -1;
	boot_map_keep(k->resources.maps, k->resources.nmaps);
	return 0;
}

static int
open_store(struct keeper *k, struct err *err)
{
	struct map_store_limits limits = keeper_limits(k->conf);

	(void)err;
	k->store =
	    map_store_new(k->resources.maps, k->resources.nmaps, &limits);
	k->requests =
	    keeper_requests_new(k->store, k->conf->checkpoint,
				keeper_checkpoint_max(k->conf),
				k->conf->metrics);
	return 0;
}

static int
open_control(struct keeper *k, struct err *err)
{
	return resources_listen(&k->resources, k->conf, err);
}

static int
drop_privileges(struct keeper *k, struct err *err)
{
	if (k->conf->user != NULL && privileges_drop(k->conf->user, err) != 0)
		return -1;
	conf_warn_log(k->conf);
	return k->conf->sandbox == CONF_SANDBOX_OFF
		   ? 0
		   : sandbox_drop_capabilities(err);
}

/* Runs in the helper when keeper and worker are gone. */
static void
clear_left(void *arg)
{
	resources_clear_left(arg);
}

static int
start_helper(struct keeper *k, struct err *err)
{
	k->helper =
	    helper_start(clear_left, k->conf, k->conf->pidfile != NULL, err);
	return k->helper != NULL ? 0 : -1;
}

static int
check_link(struct keeper *k, struct err *err)
{
	return k->conf->peers != NULL ? link_process_check(k->conf, err) : 0;
}

static int
start_link(struct keeper *k, struct err *err)
{
	if (k->conf->peers == NULL)
		return 0;
	k->link_files = link_process_files(k->conf);
	k->link = link_process_start(k->conf, err);
	return k->link != NULL ? 0 : -1;
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

/* The exit code tells a wrong configuration, which only an administrator can
 * fix, from a disk that is mounted late. */
static int
open_all(struct keeper *k, struct err *err)
{
	static const struct {
		int (*open)(struct keeper *, struct err *);
		int code;
	} steps[] = {
	    {drop_privileges, EX_NOPERM}, {check_link, EX_CONFIG},
	    {start_helper, EX_OSERR},	  {start_link, EX_OSERR},
	    {take_locks, EX_CANTCREAT},	  {list_maps, EX_OSERR},
	    {open_maps, EX_CANTCREAT},	  {open_store, EX_OSERR},
	    {open_control, EX_OSERR},	  {open_loop, EX_OSERR},
	    {lock_down, EX_OSERR},
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].open(k, err) != 0)
			return k->resources.held ? EX_TEMPFAIL : steps[i].code;
	return EX_OK;
}

/* A start that failed before it wrote a map leaves the list as it was. */
static void
list_left(const struct keeper *k)
{
	bool holds = k->store == NULL || map_store_holds(k->store);
	bool wrote = k->ever_ready ||
		     (k->store != NULL && map_store_published(k->store));

	if (!holds)
		former_maps_save(&k->former, k->conf, FORMER_MAPS_NONE);
	else if (!wrote)
		former_maps_save(&k->former, k->conf, FORMER_MAPS_LISTED);
}

static void
close_all(struct keeper *k)
{
	notify_ready_free(&k->notify_ready);
	watchdog_free(&k->watchdog);
	timer_free(&k->stop_limit);
	timer_free(&k->restart);
	map_watch_free(&k->map_watch);
	timer_free(&k->look);
	timer_free(&k->expiry);
	timer_free(&k->tick);
	keeper_requests_free(&k->requests);
	resources_remove_sockets(&k->resources, k->conf);
	list_left(k);
	map_store_free(&k->store);
	resources_release(&k->resources);
	guardian_stop(&k->link);
	helper_stop(&k->helper);
	lockfile_release(&k->pidfile);
	loop_free(&k->loop);
}

/* In the background, reports the error before the waiting command returns: 0.
 * In the foreground the caller of keeper_run() does: -1. */
static int
report(const struct keeper *k, const struct err *err)
{
	if (k->command_fd < 0)
		return -1;
	log_error("%s", err->text);
	if (k->conf->logto != NULL && strcmp(k->conf->logto, "-") != 0)
		fprintf(stderr, "pop-before-smtp: %s\n", err->text);
	return 0;
}

/* As keeper_run(). A worker does not close what it inherited from the keeper.
 */
static int
run_keeper(struct keeper *k, struct handover *out, int *code, struct err *err)
{
	int result;

	if (k->pidfile != NULL)
		lockfile_adopt(k->pidfile);
	*code = open_all(k, err);
	result = *code == EX_OK ? supervisor_run(k, out, code) : report(k, err);
	if (result > 0)
		return 1;
	close_all(k);
	daemonize_done(&k->command_fd, *code);
	conf_clear(&k->candidate);
	former_maps_forget(&k->former);
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
			     .command_fd = -1,
			     .socket = -1,
			     .resources.control = -1};
	*code = EX_OSERR;
	if (conf->pidfile != NULL) {
		k->pidfile = lockfile_take_pidfile(conf->pidfile, &held, err);
		*code = k->pidfile ? EX_OSERR
			: held	   ? EX_TEMPFAIL
				   : EX_CANTCREAT;
		result = k->pidfile ? daemonize(&k->command_fd, code, err) : -1;
	}
	if (result > 0)
		return run_keeper(k, out, code, err);
	/* The keeper may have been killed, or not be allowed to remove it. */
	if (result < 0 || *code != EX_OK)
		lockfile_release(&k->pidfile);
	lockfile_close(&k->pidfile);
	free(k);
	return result;
}
