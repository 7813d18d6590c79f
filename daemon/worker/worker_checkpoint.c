/* Saves the table and the log positions, and restores them at the start. */
#include "daemon/worker/worker_state.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/thread.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/handover.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/source/source.h"
#include "daemon/sys/atomic_file.h"
#include "daemon/worker/checkpoint.h"

/*
 * A row is a /64, known by its first address, or one address, by what
 * ipv6_prefix was when it was written. Now the one would authorize an address
 * that nobody logged in from, the other all neighbours of the one that somebody
 * did. The row itself does not say which it is, but an interface identifier of
 * zero is that of no host (RFC 4291, 2.6.1).
 */
static bool
has_other_prefix(const struct worker *w, const struct addr *addr)
{
	struct addr network;

	if (addr->family != 6)
		return false;
	network = cidr_network(&(struct cidr){*addr, 64});
	return addr_equal(addr, &network) != (w->conf->ipv6_prefix == 64);
}

/* How much longer a login lasts by the grace of now than by that of the file:
 * what a reload adds, too (authtab_set_longest()). */
static int64_t
longer(const struct worker *w)
{
	int64_t then = w->restoring->grace;

	return then != 0 ? (int64_t)w->conf->grace - then : 0;
}

void
worker_restore_row(void *arg, const struct checkpoint_login *kept)
{
	struct worker *w = arg;
	struct moment now = worker_moment(w);
	int64_t to_lifetime = now.lifetime - now.wall;
	struct authtab_login login = {.addr = *kept->addr,
				      .user = kept->user,
				      .user_len = kept->user_len,
				      .when = kept->when,
				      .expires = kept->expires + to_lifetime +
						 longer(w),
				      .remote = kept->remote};

	if (kept->held > kept->expires) /* by a session */
		login.until = kept->held + to_lifetime;
	if (kept->remote && w->restoring->strangers)
		return;
	pipeline_know(w->pipeline, kept->when);
	if (has_other_prefix(w, kept->addr)) {
		w->other_prefix++;
		return;
	}
	if (kept->rule != NULL)
		login.rule = authtab_rule(w->table, kept->rule);
	authtab_grant(w->table, &login, now.lifetime);
	if (!login.remote) {
		login.addr = authtab_key(w->table, kept->addr);
		worker_peers_own(w, &login);
	}
}

struct checkpoint_also
worker_also(const struct worker *w)
{
	struct moment now = worker_moment(w);

	return (struct checkpoint_also){
	    .sessions = pipeline_sessions(w->pipeline),
	    .removals = pipeline_removals(w->pipeline),
	    .others = pipeline_others_removals(w->pipeline),
	    .peers = w->conf->peers,
	    .grace = w->conf->grace,
	    .to_lifetime = now.lifetime - now.wall};
}

void
worker_free_positions(struct logpos *pos, size_t npos)
{
	for (size_t i = 0; i < npos; i++)
		logpos_clear(&pos[i]);
	free(pos);
}

static struct logpos *
positions(struct worker *w, size_t *npos)
{
	struct logpos *all = NULL, pos;

	*npos = 0;
	for (size_t i = 0; i < w->nfeeds; i++) {
		struct source *source = w->feeds[i].source;

		for (size_t k = 0; source_position(source, k, &pos) == 0; k++) {
			all = alloc_resize(all, *npos + 1, sizeof(*all));
			all[(*npos)++] = pos;
		}
	}
	return all;
}

/*
 * The longer the interval, the more of the log is read again after a crash; the
 * shorter, the more often a large table is written to the disk.
 */
enum {
	SAVE_MS = 30 * 1000,
	SAVE_MAX_MS = 15 * 60 * 1000,
	SAVE_BYTES = 1 << 20, /* a minute */
};

/* Standard input cannot be read again: logins from there that are not saved are
 * lost in a crash. */
static bool
logs_can_be_read_again(struct worker *w)
{
	struct logpos pos;

	for (size_t i = 0; i < w->nfeeds; i++) {
		if (source_position(w->feeds[i].source, 0, &pos) != 0)
			return false;
		logpos_clear(&pos);
	}
	return true;
}

void
worker_save_soon(struct worker *w)
{
	int64_t wait = w->saved_bytes * 60 * 1000 / SAVE_BYTES;

	if (timer_armed(w->save))
		return;
	if (wait < SAVE_MS || !logs_can_be_read_again(w))
		wait = SAVE_MS;
	timer_arm(w->save, wait < SAVE_MAX_MS ? wait : SAVE_MAX_MS);
}

/* All that a checkpoint holds, but for the table, is collected before it is
 * written, so that a thread can do that. */
struct save {
	const struct authtab *table;
	struct checkpoint_clock now;
	int64_t lifetime;
	struct checkpoint_also also;
	struct logpos *pos;
	size_t npos;
	long long bytes; /* see checkpoint_write() */
};

static struct save
begin_save(struct worker *w)
{
	struct save save = {
	    .table = w->table,
	    .now = worker_checkpoint_clock(w),
	    .lifetime = worker_moment(w).lifetime,
	    .also = worker_also(w),
	};

	save.pos = positions(w, &save.npos);
	return save;
}

static void
write_save(struct save *save, FILE *file)
{
	save->bytes =
	    checkpoint_write(file, save->table, &save->also, save->pos,
			     save->npos, &save->now, save->lifetime);
}

static void
end_save(struct worker *w, struct save *save)
{
	w->saved_bytes = save->bytes;
	worker_free_positions(save->pos, save->npos);
}

static void
write_checkpoint(struct worker *w, FILE *file)
{
	struct save save = begin_save(w);

	write_save(&save, file);
	end_save(w, &save);
}

/* ---- while the maps are written ---- */

enum { STACK = 256 * 1024 };

struct save_ahead {
	struct save save;
	struct atomic_file *file;
	pthread_t thread;
	bool running;
};

static void *
write_ahead(void *arg)
{
	struct save_ahead *ahead = arg;

	write_save(&ahead->save, atomic_file_stream(ahead->file));
	atomic_file_sync(ahead->file);
	return NULL;
}

void
worker_save_ahead(struct worker *w)
{
	struct save_ahead *ahead;
	struct atomic_file *file;
	struct err ignored; /* worker_save() tries again */

	if (!w->conf->write || w->handover != NULL ||
	    !logs_can_be_read_again(w) ||
	    (file = atomic_file_create(w->conf->checkpoint, &ignored)) == NULL)
		return;
	w->ahead = ahead = alloc_zero(1, sizeof(*ahead));
	ahead->file = file;
	ahead->save = begin_save(w);
	ahead->running =
	    thread_start(&ahead->thread, STACK, write_ahead, ahead);
	if (!ahead->running)
		worker_drop_ahead(w);
}

void
worker_await_ahead(struct worker *w)
{
	if (w->ahead == NULL || !w->ahead->running)
		return;
	pthread_join(w->ahead->thread, NULL);
	w->ahead->running = false;
}

void
worker_drop_ahead(struct worker *w)
{
	if (w->ahead == NULL)
		return;
	worker_await_ahead(w);
	atomic_file_discard(&w->ahead->file);
	end_save(w, &w->ahead->save);
	free(w->ahead);
	w->ahead = NULL;
}

static int
save_written_ahead(struct worker *w, struct err *err)
{
	int result = atomic_file_commit(&w->ahead->file, err);

	worker_drop_ahead(w);
	return result;
}

/* ---- saving ---- */

/* An error while writing is kept by the stream; ..._save_end() reports it. */
static int
save_by_keeper(struct worker *w, struct err *err)
{
	FILE *file = ipc_client_save_begin(w->handover->client);

	if (file != NULL)
		write_checkpoint(w, file);
	return ipc_client_save_end(w->handover->client, file, err);
}

static int
save_here(struct worker *w, struct err *err)
{
	struct atomic_file *file;

	if (w->ahead != NULL)
		return save_written_ahead(w, err);
	file = atomic_file_create(w->conf->checkpoint, err);
	if (file == NULL)
		return -1;
	write_checkpoint(w, atomic_file_stream(file));
	return atomic_file_commit(&file, err);
}

void
worker_save(void *arg)
{
	struct worker *w = arg;
	struct err err;

	w->saved_lead_ms = loop_lead_ms(w->loop);
	if (!w->conf->write || !w->ready)
		return;
	timer_disarm(w->save);
	if ((w->handover != NULL ? save_by_keeper : save_here)(w, &err) == 0)
		return;
	log_error("%s", err.text);
	w->saved_bytes = -1;
}

void
worker_notice_clock(struct worker *w)
{
	int64_t step = loop_lead_ms(w->loop) - w->saved_lead_ms;

	if (w->ready && llabs(step) >= WORKER_STEP_MS)
		worker_save(w);
}
