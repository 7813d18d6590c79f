/*
 * Other hosts, through pbs-link: publishes the logins of our own logs, and
 * takes those of others. Without `peers:' w->peers is NULL.
 */
#include "daemon/worker/worker_state.h"

#ifdef WITHOUT_PEERS

int
worker_peers_open(struct worker *w, struct err *err)
{
	(void)w;
	(void)err;
	return 0;
}

void
worker_peers_close(struct worker *w)
{
	(void)w;
}

void
worker_peers_reload(struct worker *w)
{
	(void)w;
}

void
worker_peers_restored(struct worker *w)
{
	(void)w;
}

void
worker_peers_own(void *arg, const struct authtab_login *login)
{
	(void)arg;
	(void)login;
}

const char *
worker_peers_added(struct worker *w, const struct authtab_login *login)
{
	(void)w;
	(void)login;
	return NULL;
}

void
worker_peers_withdrawn(struct worker *w)
{
	(void)w;
}

const char *
worker_peers_removed(struct worker *w, const struct addr *addr, time_t stamp)
{
	(void)w;
	(void)addr;
	(void)stamp;
	return NULL;
}

bool
worker_peers_answer(const struct worker *w, FILE *out)
{
	(void)w;
	(void)out;
	return false;
}

void
worker_peers_status(const struct worker *w, FILE *out)
{
	(void)w;
	(void)out;
}

void
worker_peers_metrics(const struct worker *w, FILE *out)
{
	(void)w;
	(void)out;
}

#else

#include <stdlib.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/ipc/handover.h"
#include "daemon/peers/sign_file.h"
#include "daemon/table/removals.h"
#include "daemon/worker/worker_peers_state.h"

enum { LOOK_MS = 5000 };

/* ---- what others vouch for ---- */

static int64_t
on_grant(void *arg, const char *host, const struct peer_entry_record *record)
{
	struct worker *w = arg;
	const struct pipeline_remote login = {.host = host,
					      .addr = &record->addr,
					      .user = record->user,
					      .user_len = record->user_len,
					      .when = record->when,
					      .until = record->until,
					      .held = record->kind ==
						      PEER_ENTRY_HELD};

	return pipeline_remote(w->pipeline, &login, worker_moment(w));
}

static void
on_remote_removal(void *arg, const char *host,
		  const struct peer_entry_record *record)
{
	struct worker *w = arg;

	if (w->peers->outbox != NULL)
		outbox_others_removed(w->peers->outbox);
	if (!pipeline_remote_removal(w->pipeline, &record->addr, record->when,
				     worker_moment(w)) &&
	    !w->peers->forgot_removal) {
		w->peers->forgot_removal = true;
		log_warning("peers: %s has removed so many addresses that the "
			    "oldest removals are forgotten, and logins from "
			    "those may count again",
			    host);
	}
}

static void
on_look_timer(void *arg)
{
	struct worker_peers *p = arg;

	inbox_look(p->inbox, p->read.up, worker_peers_now(p->worker));
	timer_arm(p->look, LOOK_MS);
}

/* Removes the addresses that nobody vouches for, once a host is gone from the
 * configuration. They are collected first, since the table must not change
 * while it is walked. */
static void
forget_unvouched(struct worker_peers *p)
{
	struct worker *w = p->worker;
	struct addr *gone = NULL;
	size_t count = 0, room = 0, at = 0;
	struct authtab_address row;

	while (authtab_next_address(w->table, &at, &row)) {
		if (row.own || inbox_vouches(p->inbox, &row.addr,
					     worker_moment(w).lifetime))
			continue;
		if (count == room) {
			room = room > 0 ? 2 * room : 64;
			gone = alloc_resize(gone, room, sizeof(*gone));
		}
		gone[count++] = row.addr;
	}
	w->forgetting = true;
	for (size_t i = 0; i < count; i++)
		authtab_remove(w->table, &gone[i]);
	w->forgetting = false;
	free(gone);
	if (count > 0)
		log_info("peers: removed %zu address%s that nobody vouches for "
			 "any more",
			 count, count == 1 ? "" : "es");
}

/* ---- what we vouch for ---- */

void
worker_peers_own(void *arg, const struct authtab_login *login)
{
	struct worker *w = arg;
	struct worker_peers *p = w->peers;
	struct peers_time now;

	if (p == NULL || p->outbox == NULL)
		return;
	now = worker_peers_now(w);
	outbox_login(p->outbox, &login->addr, login->user, login->user_len,
		     login->when, login->expires, now);
	if (login->until > login->expires)
		outbox_hold(p->outbox, &login->addr, login->user,
			    login->user_len, login->when, login->until, now);
	worker_link_send_soon(p);
}

/* The operator may ask for any time; as in the table, it is cut to the grace. A
 * removal in the same second came before, so the login counts from the next. */
const char *
worker_peers_added(struct worker *w, const struct authtab_login *login)
{
	int64_t longest = worker_moment(w).lifetime + w->conf->grace;
	struct authtab_login added = *login;

	added.addr = authtab_key(w->table, &login->addr);
	if (added.expires > longest)
		added.expires = longest;
	if (removals_cover(pipeline_removals(w->pipeline), &added.addr,
			   added.when))
		added.when++;
	worker_peers_own(w, &added);
	return w->peers != NULL && w->peers->outbox == NULL
		   ? "added here only: this host publishes nothing"
		   : NULL;
}

static void
on_released(void *arg, const struct addr *addr, int64_t until, bool open)
{
	struct worker *w = arg;

	outbox_release(w->peers->outbox, addr, until, open,
		       worker_peers_now(w));
}

static bool
table_vouches(void *arg, const struct addr *addr, bool held)
{
	const struct worker *w = arg;
	struct authtab_row row;

	return authtab_get(w->table, addr, &row) && row.own &&
	       (!held || row.expires > row.granted);
}

void
worker_peers_withdrawn(struct worker *w)
{
	if (w->peers != NULL && w->peers->outbox != NULL)
		outbox_withdraw(w->peers->outbox, table_vouches, w);
}

const char *
worker_peers_removed(struct worker *w, const struct addr *addr, time_t stamp)
{
	struct worker_peers *p = w->peers;
	struct addr key = authtab_key(w->table, addr);

	if (p == NULL)
		return NULL;
	inbox_removed(p->inbox, &key, stamp);
	if (p->outbox == NULL)
		return "removed here only: this host publishes nothing";
	outbox_remove(p->outbox, &key, stamp, worker_peers_now(w));
	worker_link_send_soon(p);
	return NULL;
}

void
worker_peers_restored(struct worker *w)
{
	const struct removals *removals = pipeline_removals(w->pipeline);
	struct worker_peers *p = w->peers;
	const void *at = NULL;
	struct addr addr;
	time_t stamp;

	if (p == NULL || p->outbox == NULL)
		return;
	while (removals_next(removals, &at, &addr, &stamp))
		outbox_remove(p->outbox, &addr, stamp, worker_peers_now(w));
}

/* ---- life ---- */

static struct outbox_settings
outbox_settings(const struct worker *w)
{
	const struct conf *conf = w->conf;

	return (struct outbox_settings){.grace = conf->grace,
					.refresh = conf->peers->refresh,
					.lease = conf->peers->lease,
					.longest = conf_longest(conf),
					.max = 2 * conf->max_addresses,
					.networks = conf->ipv6_prefix == 64,
					.sessions = conf->sessions};
}

/* Another host may have sessions even if they are off here, so this is not
 * conf_longest(). */
static struct inbox_limits
inbox_limits(const struct worker *w)
{
	const struct conf *conf = w->conf;

	return (struct inbox_limits){.longest = conf->grace > conf->session_max
						    ? conf->grace
						    : conf->session_max,
				     .networks = conf->ipv6_prefix == 64};
}

static int
open_outbox(struct worker_peers *p, struct err *err)
{
	struct worker *w = p->worker;
	const struct peers_conf *conf = w->conf->peers;
	const struct pipeline_own own = {
	    .login = worker_peers_own, .released = on_released, .arg = w};
	const struct outbox_removals removals = {
	    .own = pipeline_removals(w->pipeline),
	    .others = pipeline_others_removals(w->pipeline)};
	struct outbox_settings settings = outbox_settings(w);

	if (conf->name == NULL)
		return 0;
	if (sign_file_read(p->secret, conf->key_file, err) != 0)
		return err_prefix(err, "peers: publish: key");
	worker_peers_stream(p, conf->name, p->stream);
	p->outbox = outbox_new(&settings, &removals, worker_peers_now(w));
	pipeline_set_own(w->pipeline, &own);
	return 0;
}

int
worker_peers_open(struct worker *w, struct err *err)
{
	const struct inbox_ops ops = {
	    .grant = on_grant, .remove = on_remote_removal, .arg = w};
	struct inbox_limits limits;
	struct worker_peers *p;

	if (w->conf->peers == NULL || w->handover == NULL ||
	    w->handover->link < 0)
		return 0;
	p = w->peers = alloc_zero(1, sizeof(*p));
	p->worker = w;
	p->fd = w->handover->link;
	p->send = timer_new(w->loop, worker_link_on_timer, p);
	p->look = timer_new(w->loop, on_look_timer, p);
	if (sign_begin(err) != 0 || open_outbox(p, err) != 0)
		return -1;
	limits = inbox_limits(w);
	p->inbox =
	    inbox_new(w->conf->peers, &limits, &ops, worker_peers_now(w));
	if (w->conf->peers->nhosts > 0)
		timer_arm(p->look, LOOK_MS);
	return worker_link_open(p, err);
}

void
worker_peers_reload(struct worker *w)
{
	struct worker_peers *p = w->peers;
	struct outbox_settings settings;
	struct inbox_limits limits;

	if (p == NULL)
		return;
	settings = outbox_settings(w);
	limits = inbox_limits(w);
	if (p->outbox != NULL)
		outbox_set(p->outbox, &settings);
	timer_arm(p->look, LOOK_MS);
	if (inbox_set(p->inbox, w->conf->peers, &limits, worker_peers_now(w))) {
		forget_unvouched(p);
		worker_link_begin(p);
	} else {
		p->step = STEP_READ;
		worker_link_send(p);
	}
}

void
worker_peers_close(struct worker *w)
{
	struct worker_peers *p = w->peers;

	w->peers = NULL;
	if (p == NULL)
		return;
	if (p->fd >= 0)
		loop_unwatch(w->loop, p->fd);
	timer_free(&p->send);
	timer_free(&p->look);
	outbox_free(&p->outbox);
	inbox_free(&p->inbox);
	sign_forget(p->secret, sizeof(p->secret));
	free(p);
}

/* ---- for the operator ---- */

static struct peers_figures
figures_of(const struct worker *w)
{
	const struct worker_peers *p = w->peers;

	return (struct peers_figures){
	    .inbox = p->inbox,
	    .outbox = p->outbox,
	    .stream = p->stream,
	    .write = p->outbox != NULL ? &p->write : NULL,
	    .read = inbox_hosts(p->inbox) > 0 ? &p->read : NULL,
	    .now = worker_peers_now(w)};
}

bool
worker_peers_answer(const struct worker *w, FILE *out)
{
	struct peers_figures figures;

	if (w->peers == NULL)
		return false;
	figures = figures_of(w);
	peers_figures_write_answer(&figures, out);
	return true;
}

void
worker_peers_status(const struct worker *w, FILE *out)
{
	struct peers_figures figures;

	if (w->peers == NULL)
		return;
	figures = figures_of(w);
	peers_figures_write_status(&figures, out);
}

void
worker_peers_metrics(const struct worker *w, FILE *out)
{
	struct peers_figures figures;

	if (w->peers == NULL)
		return;
	figures = figures_of(w);
	peers_figures_write_metrics(&figures, out);
}

#endif
