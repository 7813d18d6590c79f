#include "daemon/ipc/ipc_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/ipc/ipc.h"
#include "maps/map.h"

struct ipc_client {
	int end;
	struct loop *loop; /* NULL until attached */
	int64_t base_ms;
	struct ipc_client_ops ops;
	int log;     /* came with a RELOAD; -1 = none */
	bool reload; /* while an answer was waited for */
	struct timer *later;
	bool lost;
	struct ipc_packet in, out;
};

struct ipc_client_map {
	struct map map; /* first */
	struct ipc_client *remote;
	uint16_t index;
};

static const struct map_ops renamed, renamed_whole, in_place;

/* ---- what the keeper wants ---- */

static void
lose(struct ipc_client *r)
{
	if (r->lost)
		return;
	r->lost = true;
	if (r->loop != NULL) {
		loop_unwatch(r->loop, r->end);
		r->ops.lost(r->ops.arg);
	}
}

static void
fill_row(const struct ipc_client *r, struct ipc_row *row, const struct addr *a,
	 bool present, time_t when, int64_t expires)
{
	memset(row, 0, sizeof(*row));
	row->addr = *a;
	row->present = present;
	row->when = when;
	row->expires = expires * 1000 - r->base_ms;
}

/* In the packet that asked: its addresses are those of the answer. */
static void
pong(struct ipc_client *r)
{
	struct ipc_packet *p = &r->in;
	struct err err;

	for (uint32_t i = 0; i < p->count; i++) {
		struct addr addr = p->body.rows[i].addr;
		int64_t expires = 0;
		time_t when = 0;
		bool found = r->loop != NULL &&
			     r->ops.find(r->ops.arg, &addr, &when, &expires);

		fill_row(r, &p->body.rows[i], &addr, found, when, expires);
	}
	p->type = IPC_PONG;
	if (ipc_send(r->end, p, -1, true, &err) < 0)
		lose(r);
}

static void
keep_log(struct ipc_client *r, int log)
{
	if (r->log >= 0)
		close(r->log);
	r->log = log;
}

static void
reload_later(void *arg)
{
	struct ipc_client *r = arg;

	if (r->reload)
		r->ops.reload(r->ops.arg);
	r->reload = false;
}

/* Whatever is no answer. */
static void
serve(struct ipc_client *r, int passed)
{
	if (r->in.type == IPC_LOG && passed >= 0) {
		log_adopt(passed, log_debugging());
		return;
	}
	if (r->in.type == IPC_RELOAD) {
		keep_log(r, passed);
		r->reload = true;
		if (r->later != NULL)
			timer_arm(r->later, 0);
		return;
	}
	if (r->in.type == IPC_PING)
		pong(r);
	if (passed >= 0)
		close(passed);
}

static void
on_packet(void *arg, uint32_t events)
{
	struct ipc_client *r = arg;
	struct err err;
	int passed, got;

	(void)events;
	got = ipc_receive(r->end, &r->in, &passed, false, &err);
	if (got < 0)
		lose(r);
	else if (got > 0)
		serve(r, passed);
}

int
ipc_client_descriptor(const struct ipc_client *r)
{
	return r->end;
}

bool
ipc_client_serve(void *arg)
{
	struct ipc_client *r = arg;

	if (!r->lost)
		on_packet(r, POLLIN);
	return !r->lost;
}

/* ---- asking ---- */

static int
gone(struct ipc_client *r, struct err *err)
{
	lose(r);
	return err_set(err, "the keeper is gone");
}

static int
send_packet(struct ipc_client *r, const struct ipc_packet *p, struct err *err)
{
	struct err why;

	if (r->lost || ipc_send(r->end, p, -1, true, &why) < 0)
		return gone(r, err);
	return 0;
}

/* The answer's code; below 0 its text is in err. */
static int
await_answer(struct ipc_client *r, struct err *err)
{
	struct err why;
	int passed;

	for (;;) {
		if (r->lost ||
		    ipc_receive(r->end, &r->in, &passed, true, &why) < 0)
			return gone(r, err);
		if (r->in.type == IPC_ANSWER)
			break;
		serve(r, passed);
	}
	if (passed >= 0)
		close(passed);
	if (r->in.code < 0)
		err_set(err, "%.*s", (int)r->in.count, r->in.body.bytes);
	return r->in.code;
}

/* A request without rows. */
static int
ask(struct ipc_client *r, enum ipc_type type, uint16_t map, struct err *err)
{
	ipc_begin(&r->out, type);
	r->out.map = map;
	if (send_packet(r, &r->out, err) != 0)
		return -1;
	return await_answer(r, err);
}

/* ---- a map ---- */

/* The keeper's message names the map, and so will map.c. */
static int
unprefix(const struct map *map, int code, struct err *err)
{
	size_t len = strlen(map->name);

	if (code < 0 && strncmp(err->text, map->name, len) == 0 &&
	    strncmp(err->text + len, ": ", 2) == 0)
		memmove(err->text, err->text + len + 2,
			strlen(err->text + len + 2) + 1);
	return code;
}

static int
begin_rows(struct ipc_client_map *m, enum ipc_type type, size_t count,
	   struct err *err)
{
	struct ipc_client *r = m->remote;

	ipc_begin(&r->out, type);
	r->out.map = m->index;
	r->out.count = (uint32_t)count;
	if (send_packet(r, &r->out, err) != 0)
		return -1;
	ipc_begin(&r->out, IPC_ROWS);
	return 0;
}

static int
push_row(struct ipc_client *r, const struct map_row *row, struct err *err)
{
	struct ipc_packet *p = &r->out;

	fill_row(r, &p->body.rows[p->count++], &row->addr, row->present,
		 row->when, row->expires);
	if (p->count < IPC_ROWS_MAX)
		return 0;
	if (send_packet(r, p, err) != 0)
		return -1;
	ipc_begin(p, IPC_ROWS);
	return 0;
}

/* What is left in r->out, and the end. */
static int
end_transfer(struct ipc_client *r, int code, struct err *err)
{
	if (r->out.count > 0 && send_packet(r, &r->out, err) != 0)
		return -1;
	ipc_begin(&r->out, IPC_END);
	r->out.code = code;
	if (send_packet(r, &r->out, err) != 0)
		return -1;
	return await_answer(r, err);
}

/* How many there will be is only a hint of the caller's, but the keeper wants
 * to know: so they are counted first. */
static size_t
count_rows(const struct map_rows *rows, struct map_row **list)
{
	size_t count = 0, room = rows->count + 1;

	*list = alloc_zero(room, sizeof(**list));
	while (rows->next(rows->arg, &(*list)[count]))
		if (++count == room) {
			room *= 2;
			*list = alloc_resize(*list, room, sizeof(**list));
		}
	return count;
}

static int
transfer(struct map *map, enum ipc_type type, const struct map_row *rows,
	 size_t n, struct err *err)
{
	struct ipc_client_map *m = (struct ipc_client_map *)map;
	int result = begin_rows(m, type, n, err);

	for (size_t i = 0; i < n && result == 0; i++)
		result = push_row(m->remote, &rows[i], err);
	if (result == 0)
		result = end_transfer(m->remote, 0, err);
	return unprefix(map, result, err);
}

static int
replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct map_row *list;
	size_t count = count_rows(rows, &list);
	int result = transfer(map, IPC_REPLACE, list, count, err);

	free(list);
	return result;
}

static int
apply(struct map *map, const struct map_row *rows, size_t n, struct err *err)
{
	return transfer(map, IPC_APPLY, rows, n, err);
}

static int
clear(struct map *map, struct err *err)
{
	struct ipc_client_map *m = (struct ipc_client_map *)map;

	return unprefix(map, ask(m->remote, IPC_CLEAR, m->index, err), err);
}

static int
intact(struct map *map)
{
	struct ipc_client_map *m = (struct ipc_client_map *)map;
	struct err err;

	return ask(m->remote, IPC_INTACT, m->index, &err) == 1;
}

static void
close_map(struct map *map)
{
	free(map);
}

static const struct map_ops renamed = {
    .type = "remote",
    .replace = replace,
    .apply = apply,
    .clear = clear,
    .intact = intact,
    .close = close_map,
};

static const struct map_ops renamed_whole = {
    .type = "remote",
    .replace = replace,
    .clear = clear,
    .intact = intact,
    .close = close_map,
};

static const struct map_ops in_place = {
    .type = "remote",
    .in_place = true,
    .replace = replace,
    .apply = apply,
    .clear = clear,
    .intact = intact,
    .close = close_map,
};

struct map *
ipc_client_map(struct ipc_client *r, size_t index, const struct map *keepers)
{
	struct ipc_client_map *m = alloc_zero(1, sizeof(*m));

	m->remote = r;
	m->index = (uint16_t)index;
	m->map.name = alloc_string(map_name(keepers));
	m->map.settings = keepers->settings;
	m->map.ops = !map_can_apply(keepers) ? &renamed_whole
		     : map_in_place(keepers) ? &in_place
					     : &renamed;
	return &m->map;
}

/* ---- the checkpoint ---- */

static ssize_t
write_bytes(void *arg, const char *bytes, size_t len)
{
	struct ipc_client *r = arg;
	struct ipc_packet *p = &r->out;
	size_t done = 0, part;
	struct err err;

	while (done < len) {
		part = IPC_BYTES_MAX - p->count;
		if (part > len - done)
			part = len - done;
		memcpy(p->body.bytes + p->count, bytes + done, part);
		p->count += (uint32_t)part;
		done += part;
		if (p->count < IPC_BYTES_MAX)
			continue;
		if (send_packet(r, p, &err) != 0) {
			errno = EPIPE;
			return 0;
		}
		ipc_begin(p, IPC_BYTES);
	}
	return (ssize_t)len;
}

FILE *
ipc_client_save_begin(struct ipc_client *r)
{
	const cookie_io_functions_t io = {.write = write_bytes};
	struct err err;

	ipc_begin(&r->out, IPC_SAVE);
	if (send_packet(r, &r->out, &err) != 0)
		return NULL;
	ipc_begin(&r->out, IPC_BYTES);
	return fopencookie(r, "w", io);
}

int
ipc_client_save_end(struct ipc_client *r, FILE *file, struct err *err)
{
	bool failed;

	if (file == NULL)
		return gone(r, err);
	failed = ferror(file) != 0;
	if (fclose(file) != 0)
		failed = true;
	return end_transfer(r, failed ? -1 : 0, err);
}

/* ---- life ---- */

struct ipc_client *
ipc_client_new(int end)
{
	struct ipc_client *r = alloc_zero(1, sizeof(*r));

	r->end = end;
	r->log = -1;
	return r;
}

int
ipc_client_attach(struct ipc_client *r, struct loop *loop, int64_t base_ms,
	      const struct ipc_client_ops *ops, struct err *err)
{
	r->loop = loop;
	r->base_ms = base_ms;
	r->ops = *ops;
	r->later = timer_new(loop, reload_later, r);
	return loop_watch(loop, r->end, POLLIN, on_packet, r, err);
}

void
ipc_client_ready(struct ipc_client *r)
{
	struct err err;

	ipc_begin(&r->out, IPC_READY);
	send_packet(r, &r->out, &err);
}

void
ipc_client_reloaded(struct ipc_client *r, bool taken)
{
	struct err err;

	ipc_begin(&r->out, IPC_RELOADED);
	r->out.code = taken ? 0 : -1;
	send_packet(r, &r->out, &err);
}

int
ipc_client_take_log(struct ipc_client *r)
{
	int log = r->log;

	r->log = -1;
	return log;
}

void
ipc_client_detach(struct ipc_client *r)
{
	if (r->loop == NULL)
		return;
	loop_unwatch(r->loop, r->end);
	timer_free(&r->later);
	r->loop = NULL;
}

void
ipc_client_free(struct ipc_client **remote)
{
	struct ipc_client *r = *remote;

	if (r == NULL)
		return;
	keep_log(r, -1);
	ipc_client_detach(r);
	close(r->end);
	free(r);
	*remote = NULL;
}
