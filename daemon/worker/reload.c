/* SIGHUP: the configuration is read again while the worker runs. */
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_reload.h"
#include "daemon/ipc/handover.h"
#include "daemon/worker/worker_state.h"

/* The keeper may be allowed to open a log that we are not. */
static void
reopen_log(struct worker *w)
{
	int fd = w->handover ? ipc_client_take_log(w->handover->client) : -1;
	struct err err;

	if (fd >= 0)
		log_adopt(fd, w->conf->debug);
	else if (log_open(w->conf->logto, w->conf->debug, &err) != 0)
		log_error("%s", err.text);
}

static void
adopt(struct worker *w, struct conf *new, struct pipeline *pipeline)
{
	/* The keeper must check by the new limits before new rows come. */
	if (w->handover != NULL)
		ipc_client_reloaded(w->handover->client, true);
	if (new->grace != w->conf->grace)
		authtab_set_longest(w->table, new->grace,
				    worker_moment(w).lifetime);
	authtab_set_max(w->table, new->max_addresses);
	if (conf_hold(new) != conf_hold(w->conf))
		authtab_set_hold(w->table, conf_hold(new),
				 worker_moment(w).lifetime);
	conf_reload_log(w->conf, new);
	conf_reload_adopt(w->conf, new);
	w->settings_read = loop_now(w->loop);
	pipeline_carry(pipeline, w->pipeline, worker_moment(w));
	pipeline_free(&w->pipeline);
	w->pipeline = pipeline;
	reopen_log(w);
	conf_warn(w->conf);
	log_info("reloaded: %zu rule%s", pipeline_rules(pipeline),
		 pipeline_rules(pipeline) == 1 ? "" : "s");
	worker_forget_refused(w);
	worker_peers_reload(w);
	worker_expire(w);
	worker_save(w); /* or the next start would restore what is gone */
}

/* All maps read the same file of senders: if the first can, the others can. */
static int
change_maps(struct worker *w, const struct conf *new, struct err *err)
{
	for (size_t i = 0; i < w->nmaps; i++)
		if (map_change(w->maps[i], &new->policy, err) != 0)
			return -1;
	return 0;
}

/* We still have the old rules in memory; a process started now would not. */
static void
refuse_reload(struct worker *w, const struct err *err)
{
	log_error("not reloaded, going on as before: %s", err->text);
	log_warning("until this is fixed the daemon cannot be started again");
	if (w->handover != NULL)
		ipc_client_reloaded(w->handover->client, false);
}

/* Builds everything new beside the old, then swaps; on failure the old stays.
 */
void
worker_on_reload(void *arg)
{
	struct worker *w = arg;
	struct conf new;
	struct pipeline *pipeline;
	struct err err;

	if (w->reread(w->reread_arg, w->helper, &new, &err) != 0) {
		refuse_reload(w, &err);
		return;
	}
	pipeline = pipeline_new(&new, w->helper, w->table, &err);
	if (pipeline != NULL && change_maps(w, &new, &err) != 0)
		pipeline_free(&pipeline);
	if (pipeline == NULL)
		refuse_reload(w, &err);
	else
		adopt(w, &new, pipeline);
	conf_clear(&new);
}

void
worker_on_hangup(void *arg, int signo)
{
	struct worker *w = arg;

	(void)signo;
	if (w->handover != NULL) /* the keeper sends RELOAD */
		return;
	reopen_log(w);
	worker_on_reload(w);
}
