/* What outlives the process: read back at the start, written in due time. */
#include "daemon/worker/worker_state.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/ipc/ipc_client.h"
#include "daemon/keeper/keeper.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/source/source.h"
#include "daemon/sys/atomic_file.h"
#include "daemon/worker/checkpoint.h"

void
worker_restore_row(void *arg, const struct addr *addr, const char *user,
		    size_t user_len, time_t when, time_t expires_wall,
		    time_t held_wall)
{
	struct worker *s = arg;
	struct moment now = worker_moment(s);
	int64_t to_lifetime = now.lifetime - now.wall;

	/* A clock that was set back while we were down authorizes nobody
	 * for longer than the grace or a session: the table sees to that. */
	authtab_hold(s->table, addr, user, user_len, when,
		     expires_wall + to_lifetime, held_wall + to_lifetime,
		     now.lifetime);
}

void
worker_free_positions(struct logpos *pos, size_t npos)
{
	for (size_t i = 0; i < npos; i++)
		logpos_clear(&pos[i]);
	free(pos);
}

static struct logpos *
positions(struct worker *s, size_t *npos)
{
	struct logpos *pos = alloc_zero(s->nfeeds + 1, sizeof(*pos));

	*npos = 0;
	for (size_t i = 0; i < s->nfeeds; i++)
		if (source_position(s->feeds[i].source, &pos[*npos]) == 0)
			(*npos)++;
	return pos;
}

static void
write_checkpoint(struct worker *s, FILE *file)
{
	struct moment now = worker_moment(s);
	struct logpos *pos;
	size_t npos;

	pos = positions(s, &npos);
	checkpoint_write(file, s->table, pipeline_sessions(s->pipeline), pos, npos,
			 now.wall, now.lifetime);
	worker_free_positions(pos, npos);
}

/* What goes wrong on the way stays in the file, and is told at its end. */
static int
save_remote(struct worker *s, struct err *err)
{
	FILE *file = ipc_client_save_begin(s->handover->remote);

	if (file != NULL)
		write_checkpoint(s, file);
	return ipc_client_save_end(s->handover->remote, file, err);
}

static int
save_here(struct worker *s, struct err *err)
{
	struct atomic_file *stored = atomic_file_create(s->conf->checkpoint, err);

	if (stored == NULL)
		return -1;
	write_checkpoint(s, atomic_file_stream(stored));
	return atomic_file_commit(&stored, err);
}

void
worker_save(void *arg)
{
	struct worker *s = arg;
	struct err err;

	if (!s->conf->write || !s->ready)
		return;
	if ((s->handover != NULL ? save_remote : save_here)(s, &err) != 0)
		log_error("%s", err.text);
}
