#include "daemon/keeper/keeper_requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/map_store.h"
#include "daemon/sys/atomic_file.h"

enum coming { NOTHING, ROWS, BYTES };

struct keeper_requests {
	struct map_store *vault;
	const char *checkpoint;
	unsigned long long max_bytes, bytes;
	enum coming coming;
	struct atomic_file *stored; /* NULL: it could not be created */
	struct err trouble;    /* why not */
};

struct keeper_requests *
keeper_requests_new(struct map_store *vault, const char *checkpoint,
	 unsigned long long max_bytes)
{
	struct keeper_requests *d = alloc_zero(1, sizeof(*d));

	d->vault = vault;
	d->checkpoint = checkpoint;
	d->max_bytes = max_bytes;
	return d;
}

void
keeper_requests_free(struct keeper_requests **desk)
{
	if (*desk == NULL)
		return;
	atomic_file_discard(&(*desk)->stored);
	free(*desk);
	*desk = NULL;
}

void
keeper_requests_reset(struct keeper_requests *d)
{
	atomic_file_discard(&d->stored);
	map_store_give_up(d->vault);
	d->coming = NOTHING;
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

static int
nonsense(struct err *err, const char *what)
{
	return err_set(err, "%s", what);
}

/* ---- one function for each word; as keeper_requests_take() ---- */

typedef int take_fn(struct keeper_requests *, struct ipc_packet *,
		    const struct map_store_time *, struct err *);

static int
take_begin(struct keeper_requests *d, struct ipc_packet *p,
	   const struct map_store_time *now, struct err *err)
{
	(void)now;
	if (d->coming != NOTHING)
		return nonsense(err, "a second map before the end of the "
				     "first");
	if (map_store_begin(d->vault, p->map, p->type == IPC_REPLACE, p->count,
			err) != 0)
		return -1;
	d->coming = ROWS;
	return 0;
}

static int
take_save(struct keeper_requests *d, struct ipc_packet *p,
	  const struct map_store_time *now, struct err *err)
{
	(void)p;
	(void)now;
	if (d->coming != NOTHING)
		return nonsense(err, "a checkpoint before the end of a map");
	d->coming = BYTES;
	d->bytes = 0;
	d->stored = atomic_file_create(d->checkpoint, &d->trouble);
	return 0;
}

static int
take_rows(struct keeper_requests *d, struct ipc_packet *p,
	  const struct map_store_time *now, struct err *err)
{
	if (d->coming != ROWS)
		return nonsense(err, "rows for no map");
	return map_store_add(d->vault, p->body.rows, p->count, now, err);
}

static int
take_bytes(struct keeper_requests *d, struct ipc_packet *p,
	   const struct map_store_time *now, struct err *err)
{
	(void)now;
	d->bytes += p->count;
	if (d->coming != BYTES)
		return nonsense(err, "bytes for no checkpoint");
	if (d->bytes > d->max_bytes)
		return nonsense(err, "a checkpoint without end");
	/* What cannot be written is told at the end. */
	if (d->stored != NULL)
		fwrite(p->body.bytes, 1, p->count, atomic_file_stream(d->stored));
	return 0;
}

static int
end_save(struct keeper_requests *d, struct ipc_packet *p)
{
	struct err why = d->trouble;
	int code = -1;

	if (p->code != 0) {
		atomic_file_discard(&d->stored);
		code = 0;
	} else if (d->stored != NULL) {
		code = atomic_file_commit(&d->stored, &why);
	}
	return answer(p, code, &why);
}

static int
end_rows(struct keeper_requests *d, struct ipc_packet *p, struct err *err)
{
	struct err why;
	int code = 0;

	if (p->code != 0)
		map_store_give_up(d->vault);
	else
		code = map_store_end(d->vault, &why);
	if (code > 0)
		return nonsense(err, why.text);
	return answer(p, code, &why);
}

static int
take_end(struct keeper_requests *d, struct ipc_packet *p, const struct map_store_time *now,
	 struct err *err)
{
	enum coming coming = d->coming;

	(void)now;
	d->coming = NOTHING;
	if (coming == ROWS)
		return end_rows(d, p, err);
	if (coming == BYTES)
		return end_save(d, p);
	return nonsense(err, "the end of nothing");
}

static int
take_request(struct keeper_requests *d, struct ipc_packet *p,
	     const struct map_store_time *now, struct err *err)
{
	struct err why;
	int code;

	(void)now;
	if (d->coming != NOTHING || !map_store_has(d->vault, p->map))
		return nonsense(err, "a request for no map");
	code = p->type == IPC_CLEAR ? map_store_clear(d->vault, p->map, &why)
					: map_store_intact(d->vault, p->map);
	return answer(p, code, &why);
}

int
keeper_requests_take(struct keeper_requests *d, struct ipc_packet *p,
	  const struct map_store_time *now, struct err *err)
{
	static take_fn *const words[] = {
	    [IPC_REPLACE] = take_begin, [IPC_APPLY] = take_begin,
	    [IPC_SAVE] = take_save,	    [IPC_ROWS] = take_rows,
	    [IPC_BYTES] = take_bytes,   [IPC_END] = take_end,
	    [IPC_CLEAR] = take_request, [IPC_INTACT] = take_request,
	};

	if (p->type >= sizeof(words) / sizeof(words[0]) ||
	    words[p->type] == NULL)
		return nonsense(err, "a word that is the keeper's");
	return words[p->type](d, p, now, err);
}
