#include "daemon/remote.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/rowpipe.h"
#include "maps/map.h"

struct remote {
	int end;
	struct loop *loop; /* NULL until attached */
	int64_t base_ms;
	struct remote_ops ops;
	int log;     /* came with a RELOAD; -1 = none */
	bool reload; /* while an answer was waited for */
	struct timer *later;
	bool lost;
	struct rowpipe_packet in, out;
};

struct remote_map {
	struct map map; /* first */
	struct remote *remote;
	uint16_t index;
};

static const struct map_ops renamed, renamed_whole, in_place;

/* ---- what the keeper wants ---- */

static void
lose(struct remote *r)
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
fill_row(const struct remote *r, struct rowpipe_row *row, const struct addr *a,
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
pong(struct remote *r)
{
	struct rowpipe_packet *p = &r->in;
	struct err err;

	for (uint32_t i = 0; i < p->count; i++) {
		struct addr addr = p->body.rows[i].addr;
		int64_t expires = 0;
		time_t when = 0;
		bool found = r->loop != NULL &&
			     r->ops.find(r->ops.arg, &addr, &when, &expires);

		fill_row(r, &p->body.rows[i], &addr, found, when, expires);
	}
	p->type = ROWPIPE_PONG;
	if (rowpipe_send(r->end, p, -1, true, &err) < 0)
		lose(r);
}

static void
keep_log(struct remote *r, int log)
{
	if (r->log >= 0)
		close(r->log);
	r->log = log;
}

static void
reload_later(void *arg)
{
	struct remote *r = arg;

	if (r->reload)
		r->ops.reload(r->ops.arg);
	r->reload = false;
}

/* Whatever is no answer. */
static void
serve(struct remote *r, int passed)
{
	if (r->in.type == ROWPIPE_LOG && passed >= 0) {
		log_adopt(passed, log_debugging());
		return;
	}
	if (r->in.type == ROWPIPE_RELOAD) {
		keep_log(r, passed);
		r->reload = true;
		if (r->later != NULL)
			timer_arm(r->later, 0);
		return;
	}
	if (r->in.type == ROWPIPE_PING)
		pong(r);
	if (passed >= 0)
		close(passed);
}

static void
on_packet(void *arg, uint32_t events)
{
	struct remote *r = arg;
	struct err err;
	int passed, got;

	(void)events;
	got = rowpipe_receive(r->end, &r->in, &passed, false, &err);
	if (got < 0)
		lose(r);
	else if (got > 0)
		serve(r, passed);
}

int
remote_descriptor(const struct remote *r)
{
	return r->end;
}

bool
remote_serve(void *arg)
{
	struct remote *r = arg;

	if (!r->lost)
		on_packet(r, POLLIN);
	return !r->lost;
}

/* ---- asking ---- */

static int
gone(struct remote *r, struct err *err)
{
	lose(r);
	return err_set(err, "the keeper is gone");
}

static int
send_packet(struct remote *r, const struct rowpipe_packet *p, struct err *err)
{
	struct err why;

	if (r->lost || rowpipe_send(r->end, p, -1, true, &why) < 0)
		return gone(r, err);
	return 0;
}

/* The answer's code; below 0 its text is in err. */
static int
await_answer(struct remote *r, struct err *err)
{
	struct err why;
	int passed;

	for (;;) {
		if (r->lost ||
		    rowpipe_receive(r->end, &r->in, &passed, true, &why) < 0)
			return gone(r, err);
		if (r->in.type == ROWPIPE_ANSWER)
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
ask(struct remote *r, enum rowpipe_type type, uint16_t map, struct err *err)
{
	rowpipe_begin(&r->out, type);
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
begin_rows(struct remote_map *m, enum rowpipe_type type, size_t count,
	   struct err *err)
{
	struct remote *r = m->remote;

	rowpipe_begin(&r->out, type);
	r->out.map = m->index;
	r->out.count = (uint32_t)count;
	if (send_packet(r, &r->out, err) != 0)
		return -1;
	rowpipe_begin(&r->out, ROWPIPE_ROWS);
	return 0;
}

static int
push_row(struct remote *r, const struct map_row *row, struct err *err)
{
	struct rowpipe_packet *p = &r->out;

	fill_row(r, &p->body.rows[p->count++], &row->addr, row->present,
		 row->when, row->expires);
	if (p->count < ROWPIPE_ROWS_MAX)
		return 0;
	if (send_packet(r, p, err) != 0)
		return -1;
	rowpipe_begin(p, ROWPIPE_ROWS);
	return 0;
}

/* What is left in r->out, and the end. */
static int
end_transfer(struct remote *r, int code, struct err *err)
{
	if (r->out.count > 0 && send_packet(r, &r->out, err) != 0)
		return -1;
	rowpipe_begin(&r->out, ROWPIPE_END);
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
transfer(struct map *map, enum rowpipe_type type, const struct map_row *rows,
	 size_t n, struct err *err)
{
	struct remote_map *m = (struct remote_map *)map;
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
	int result = transfer(map, ROWPIPE_REPLACE, list, count, err);

	free(list);
	return result;
}

static int
apply(struct map *map, const struct map_row *rows, size_t n, struct err *err)
{
	return transfer(map, ROWPIPE_APPLY, rows, n, err);
}

static int
clear(struct map *map, struct err *err)
{
	struct remote_map *m = (struct remote_map *)map;

	return unprefix(map, ask(m->remote, ROWPIPE_CLEAR, m->index, err), err);
}

static int
intact(struct map *map)
{
	struct remote_map *m = (struct remote_map *)map;
	struct err err;

	return ask(m->remote, ROWPIPE_INTACT, m->index, &err) == 1;
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
remote_map(struct remote *r, size_t index, const struct map *keepers)
{
	struct remote_map *m = alloc_zero(1, sizeof(*m));

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
	struct remote *r = arg;
	struct rowpipe_packet *p = &r->out;
	size_t done = 0, part;
	struct err err;

	while (done < len) {
		part = ROWPIPE_BYTES_MAX - p->count;
		if (part > len - done)
			part = len - done;
		memcpy(p->body.bytes + p->count, bytes + done, part);
		p->count += (uint32_t)part;
		done += part;
		if (p->count < ROWPIPE_BYTES_MAX)
			continue;
		if (send_packet(r, p, &err) != 0) {
			errno = EPIPE;
			return 0;
		}
		rowpipe_begin(p, ROWPIPE_BYTES);
	}
	return (ssize_t)len;
}

FILE *
remote_save_begin(struct remote *r)
{
	const cookie_io_functions_t io = {.write = write_bytes};
	struct err err;

	rowpipe_begin(&r->out, ROWPIPE_SAVE);
	if (send_packet(r, &r->out, &err) != 0)
		return NULL;
	rowpipe_begin(&r->out, ROWPIPE_BYTES);
	return fopencookie(r, "w", io);
}

int
remote_save_end(struct remote *r, FILE *file, struct err *err)
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

struct remote *
remote_new(int end)
{
	struct remote *r = alloc_zero(1, sizeof(*r));

	r->end = end;
	r->log = -1;
	return r;
}

int
remote_attach(struct remote *r, struct loop *loop, int64_t base_ms,
	      const struct remote_ops *ops, struct err *err)
{
	r->loop = loop;
	r->base_ms = base_ms;
	r->ops = *ops;
	r->later = timer_new(loop, reload_later, r);
	return loop_watch(loop, r->end, POLLIN, on_packet, r, err);
}

void
remote_ready(struct remote *r)
{
	struct err err;

	rowpipe_begin(&r->out, ROWPIPE_READY);
	send_packet(r, &r->out, &err);
}

void
remote_reloaded(struct remote *r, bool taken)
{
	struct err err;

	rowpipe_begin(&r->out, ROWPIPE_RELOADED);
	r->out.code = taken ? 0 : -1;
	send_packet(r, &r->out, &err);
}

int
remote_take_log(struct remote *r)
{
	int log = r->log;

	r->log = -1;
	return log;
}

void
remote_detach(struct remote *r)
{
	if (r->loop == NULL)
		return;
	loop_unwatch(r->loop, r->end);
	timer_free(&r->later);
	r->loop = NULL;
}

void
remote_free(struct remote **remote)
{
	struct remote *r = *remote;

	if (r == NULL)
		return;
	keep_log(r, -1);
	remote_detach(r);
	close(r->end);
	free(r);
	*remote = NULL;
}
