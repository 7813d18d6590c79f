#include "daemon/keeper/keeper_requests.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/map_store.h"
#include "daemon/keeper/metrics_file.h"
#include "daemon/sys/atomic_file.h"

/* What the worker is sending, until its END. */
enum transfer { NOTHING, ROWS, BYTES, METRICS };

struct keeper_requests {
	struct map_store *store;
	const char *checkpoint;
	unsigned long long max_bytes, bytes;
	enum transfer transfer;
	struct atomic_file *file; /* NULL: it could not be created ... */
	struct err why;		  /* ... for this reason */
	bool saved;		  /* see keeper_requests_saved() */
	struct metrics_file *metrics;
};

struct keeper_requests *
keeper_requests_new(struct map_store *store, const char *checkpoint,
		    unsigned long long max_bytes, const char *metrics)
{
	struct keeper_requests *r = alloc_zero(1, sizeof(*r));

	r->metrics = metrics_file_new(metrics);
	r->store = store;
	r->checkpoint = checkpoint;
	r->max_bytes = max_bytes;
	return r;
}

void
keeper_requests_set_max(struct keeper_requests *r, unsigned long long max_bytes)
{
	r->max_bytes = max_bytes;
}

void
keeper_requests_free(struct keeper_requests **requests)
{
	if (*requests == NULL)
		return;
	atomic_file_discard(&(*requests)->file);
	metrics_file_free(&(*requests)->metrics);
	free(*requests);
	*requests = NULL;
}

void
keeper_requests_reset(struct keeper_requests *r)
{
	atomic_file_discard(&r->file);
	map_store_abort(r->store);
	r->transfer = NOTHING;
}

static int
answer(struct ipc_packet *p, int code, const struct err *err)
{
	ipc_begin(p, IPC_ANSWER);
	p->code = code;
	if (code < 0) {
		p->count = (uint32_t)strlen(err->text);
		memcpy(p->body.bytes, err->text, p->count);
	}
	return 1;
}

/* ---- one function for each type of message; as keeper_requests_take() ---- */

typedef int take_fn(struct keeper_requests *, struct ipc_packet *,
		    const struct map_store_time *, struct err *);

static int
take_begin(struct keeper_requests *r, struct ipc_packet *p,
	   const struct map_store_time *now, struct err *err)
{
	(void)now;
	if (r->transfer != NOTHING)
		return err_set(err, "REPLACE or APPLY before END");
	if (map_store_begin(r->store, p->map, p->type == IPC_REPLACE, p->count,
			    err) != 0)
		return -1;
	r->transfer = ROWS;
	return 0;
}

static int
take_save(struct keeper_requests *r, struct ipc_packet *p,
	  const struct map_store_time *now, struct err *err)
{
	(void)p;
	(void)now;
	if (r->transfer != NOTHING)
		return err_set(err, "SAVE before END");
	r->transfer = BYTES;
	r->bytes = 0;
	r->file = atomic_file_create(r->checkpoint, &r->why);
	return 0;
}

static int
take_metrics(struct keeper_requests *r, struct ipc_packet *p,
	     const struct map_store_time *now, struct err *err)
{
	(void)p;
	(void)now;
	if (r->transfer != NOTHING)
		return err_set(err, "METRICS before END");
	r->transfer = METRICS;
	metrics_file_begin(r->metrics);
	return 0;
}

static int
take_rows(struct keeper_requests *r, struct ipc_packet *p,
	  const struct map_store_time *now, struct err *err)
{
	if (r->transfer != ROWS)
		return err_set(err, "ROWS without REPLACE or APPLY");
	return map_store_add(r->store, p->body.rows, p->count, now, err);
}

static int
take_bytes(struct keeper_requests *r, struct ipc_packet *p,
	   const struct map_store_time *now, struct err *err)
{
	(void)now;
	if (r->transfer == METRICS) {
		metrics_file_add(r->metrics, p->body.bytes, p->count);
		return 0;
	}
	r->bytes += p->count;
	if (r->transfer != BYTES)
		return err_set(err, "BYTES without SAVE or METRICS");
	if (r->bytes > r->max_bytes)
		return err_set(err, "the checkpoint is too large");
	/* A write error stays in the stream; end_save() reports it. */
	if (r->file != NULL)
		fwrite(p->body.bytes, 1, p->count, atomic_file_stream(r->file));
	return 0;
}

static int
end_save(struct keeper_requests *r, struct ipc_packet *p)
{
	struct err why = r->why;
	int code = -1;

	if (p->code != 0) {
		atomic_file_discard(&r->file);
		code = 0;
	} else if (r->file != NULL) {
		code = atomic_file_commit(&r->file, &why);
		r->saved |= code == 0;
	}
	return answer(p, code, &why);
}

static int
end_metrics(struct keeper_requests *r, struct ipc_packet *p)
{
	if (p->code == 0)
		metrics_file_write(r->metrics);
	return answer(p, 0, NULL);
}

static int
end_rows(struct keeper_requests *r, struct ipc_packet *p, struct err *err)
{
	struct err why;
	int code = 0;

	if (p->code != 0)
		map_store_abort(r->store);
	else
		code = map_store_end(r->store, &why);
	if (code > 0)
		return err_set(err, "%s", why.text);
	return answer(p, code, &why);
}

static int
take_end(struct keeper_requests *r, struct ipc_packet *p,
	 const struct map_store_time *now, struct err *err)
{
	enum transfer transfer = r->transfer;

	(void)now;
	r->transfer = NOTHING;
	if (transfer == ROWS)
		return end_rows(r, p, err);
	if (transfer == BYTES)
		return end_save(r, p);
	if (transfer == METRICS)
		return end_metrics(r, p);
	return err_set(err, "END without REPLACE, APPLY, SAVE or METRICS");
}

static int
answer_counts(const struct keeper_requests *r, struct ipc_packet *p)
{
	struct log_counts logged = log_counts();

	answer(p, 0, NULL);
	p->count = sizeof(p->body.counts);
	p->body.counts =
	    (struct ipc_counts){.replaced = map_store_replaced(r->store),
				.errors = logged.errors,
				.warnings = logged.warnings};
	return 1;
}

static int
take_request(struct keeper_requests *r, struct ipc_packet *p,
	     const struct map_store_time *now, struct err *err)
{
	struct err why;
	int code;

	(void)now;
	if (r->transfer != NOTHING)
		return err_set(err, "CLEAR, INTACT or COUNTS before END");
	if (p->type == IPC_COUNTS)
		return answer_counts(r, p);
	if (!map_store_has(r->store, p->map))
		return err_set(err, "there is no map %u", p->map);
	code = p->type == IPC_CLEAR ? map_store_clear(r->store, p->map, &why)
				    : map_store_intact(r->store, p->map);
	return answer(p, code, &why);
}

int
keeper_requests_take(struct keeper_requests *r, struct ipc_packet *p,
		     const struct map_store_time *now, struct err *err)
{
	static take_fn *const handlers[] = {
	    [IPC_REPLACE] = take_begin,	 [IPC_APPLY] = take_begin,
	    [IPC_SAVE] = take_save,	 [IPC_ROWS] = take_rows,
	    [IPC_BYTES] = take_bytes,	 [IPC_END] = take_end,
	    [IPC_CLEAR] = take_request,	 [IPC_INTACT] = take_request,
	    [IPC_COUNTS] = take_request, [IPC_METRICS] = take_metrics,
	};

	if (p->type >= sizeof(handlers) / sizeof(handlers[0]) ||
	    handlers[p->type] == NULL)
		return err_set(
		    err, "message type %u is not valid from a worker", p->type);
	return handlers[p->type](r, p, now, err);
}

bool
keeper_requests_saved(struct keeper_requests *r)
{
	bool saved = r->saved;

	r->saved = false;
	return saved;
}
