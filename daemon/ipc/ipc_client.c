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
	int fd;
	struct loop *loop; /* NULL until attached */
	int64_t base_ms;
	struct ipc_client_ops ops;
	int log;     /* descriptor that came with a RELOAD; -1 = none */
	bool reload; /* a RELOAD came, and is still to be handled */
	struct timer *later;
	bool lost;
	struct ipc_packet in, out;
};

/* A map of the keeper's. */
struct ipc_client_map {
	struct map map; /* first */
	struct ipc_client *client;
	uint16_t index;
};

/* ---- messages from the keeper ---- */

static void
lose_keeper(struct ipc_client *c)
{
	if (c->lost)
		return;
	c->lost = true;
	if (c->loop != NULL) {
		loop_unwatch(c->loop, c->fd);
		c->ops.lost(c->ops.arg);
	}
}

static void
fill_row(const struct ipc_client *c, struct ipc_row *row, const struct addr *a,
	 bool present, time_t when, int64_t expires)
{
	memset(row, 0, sizeof(*row));
	row->addr = *a;
	row->present = present;
	row->when = when;
	row->expires = expires * 1000 - c->base_ms;
}

/* Answers a PING in its own packet, whose addresses stay as they are. */
static void
pong(struct ipc_client *c)
{
	struct ipc_packet *p = &c->in;
	struct err err;

	for (uint32_t i = 0; i < p->count; i++) {
		struct addr addr = p->body.rows[i].addr;
		int64_t expires = 0;
		time_t when = 0;
		bool found = c->loop != NULL &&
			     c->ops.find(c->ops.arg, &addr, &when, &expires);

		fill_row(c, &p->body.rows[i], &addr, found, when, expires);
	}
	p->type = IPC_PONG;
	if (ipc_send(c->fd, p, -1, true, &err) < 0)
		lose_keeper(c);
}

void
ipc_client_beat(struct ipc_client *c)
{
	ipc_begin(&c->in, IPC_PONG);
	pong(c);
}

static void
keep_log(struct ipc_client *c, int log)
{
	if (c->log >= 0)
		close(c->log);
	c->log = log;
}

static void
reload_later(void *arg)
{
	struct ipc_client *c = arg;

	if (c->reload)
		c->ops.reload(c->ops.arg);
	c->reload = false;
}

/* Handles a message that is not an ANSWER. */
static void
serve(struct ipc_client *c, int passed)
{
	if (c->in.type == IPC_LOG && passed >= 0) {
		log_adopt(passed, log_debugging());
		return;
	}
	if (c->in.type == IPC_RELOAD) {
		keep_log(c, passed);
		c->reload = true;
		if (c->later != NULL)
			timer_arm(c->later, 0);
		return;
	}
	if (c->in.type == IPC_PING) {
		pong(c);
		if (c->loop != NULL)
			c->ops.pinged(c->ops.arg, c->in.code);
	}
	if (passed >= 0)
		close(passed);
}

static void
on_packet(void *arg, uint32_t events)
{
	struct ipc_client *c = arg;
	struct err err;
	int passed, got;

	(void)events;
	got = ipc_receive(c->fd, &c->in, &passed, false, &err);
	if (got < 0)
		lose_keeper(c);
	else if (got > 0)
		serve(c, passed);
}

int
ipc_client_descriptor(const struct ipc_client *c)
{
	return c->fd;
}

bool
ipc_client_serve(void *arg)
{
	struct ipc_client *c = arg;

	if (!c->lost)
		on_packet(c, POLLIN);
	return !c->lost;
}

/* ---- requests ---- */

static int
gone(struct ipc_client *c, struct err *err)
{
	lose_keeper(c);
	return err_set(err, "the keeper is gone");
}

static int
send_packet(struct ipc_client *c, const struct ipc_packet *p, struct err *err)
{
	struct err why;

	if (c->lost || ipc_send(c->fd, p, -1, true, &why) < 0)
		return gone(c, err);
	return 0;
}

/* Returns the code of the answer; if it is negative, err has the text. */
static int
await_answer(struct ipc_client *c, struct err *err)
{
	struct err why;
	int passed;

	for (;;) {
		if (c->lost ||
		    ipc_receive(c->fd, &c->in, &passed, true, &why) < 0)
			return gone(c, err);
		if (c->in.type == IPC_ANSWER)
			break;
		serve(c, passed);
	}
	if (passed >= 0)
		close(passed);
	if (c->in.code < 0)
		err_set(err, "%.*s", (int)c->in.count, c->in.body.bytes);
	return c->in.code;
}

/* A request without rows; returns the code of the answer. */
static int
ask(struct ipc_client *c, enum ipc_type type, uint16_t map, struct err *err)
{
	ipc_begin(&c->out, type);
	c->out.map = map;
	if (send_packet(c, &c->out, err) != 0)
		return -1;
	return await_answer(c, err);
}

struct ipc_counts
ipc_client_counts(struct ipc_client *c)
{
	struct ipc_counts none = {0};
	struct err err;

	if (ask(c, IPC_COUNTS, 0, &err) != 0 ||
	    c->in.count != sizeof(c->in.body.counts))
		return none;
	return c->in.body.counts;
}

/* ---- a map ---- */

/* The keeper's message begins with the map's name, and map.c is going to put
 * the name before it again. */
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
	struct ipc_client *c = m->client;

	ipc_begin(&c->out, type);
	c->out.map = m->index;
	c->out.count = (uint32_t)count;
	if (send_packet(c, &c->out, err) != 0)
		return -1;
	ipc_begin(&c->out, IPC_ROWS);
	return 0;
}

static int
push_row(struct ipc_client *c, const struct map_row *row, struct err *err)
{
	struct ipc_packet *p = &c->out;

	fill_row(c, &p->body.rows[p->count++], &row->addr, row->present,
		 row->when, row->expires);
	if (p->count < IPC_ROWS_MAX)
		return 0;
	if (send_packet(c, p, err) != 0)
		return -1;
	ipc_begin(p, IPC_ROWS);
	return 0;
}

/* Sends what is left in c->out, and END. */
static int
end_transfer(struct ipc_client *c, int code, struct err *err)
{
	if (c->out.count > 0 && send_packet(c, &c->out, err) != 0)
		return -1;
	ipc_begin(&c->out, IPC_END);
	c->out.code = code;
	if (send_packet(c, &c->out, err) != 0)
		return -1;
	return await_answer(c, err);
}

/* The keeper must know their number first, and rows->count is only a hint. */
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
		result = push_row(m->client, &rows[i], err);
	if (result == 0)
		result = end_transfer(m->client, 0, err);
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

	return unprefix(map, ask(m->client, IPC_CLEAR, m->index, err), err);
}

static int
intact(struct map *map)
{
	struct ipc_client_map *m = (struct ipc_client_map *)map;
	struct err err;

	return ask(m->client, IPC_INTACT, m->index, &err) == 1;
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
ipc_client_map(struct ipc_client *c, size_t index, const struct map *keepers)
{
	struct ipc_client_map *m = alloc_zero(1, sizeof(*m));

	m->client = c;
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
	struct ipc_client *c = arg;
	struct ipc_packet *p = &c->out;
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
		if (send_packet(c, p, &err) != 0) {
			errno = EPIPE;
			return 0;
		}
		ipc_begin(p, IPC_BYTES);
	}
	return (ssize_t)len;
}

static FILE *
begin_file(struct ipc_client *c, enum ipc_type type)
{
	const cookie_io_functions_t io = {.write = write_bytes};
	struct err err;

	ipc_begin(&c->out, type);
	if (send_packet(c, &c->out, &err) != 0)
		return NULL;
	ipc_begin(&c->out, IPC_BYTES);
	return fopencookie(c, "w", io);
}

FILE *
ipc_client_save_begin(struct ipc_client *c)
{
	return begin_file(c, IPC_SAVE);
}

FILE *
ipc_client_metrics_begin(struct ipc_client *c)
{
	return begin_file(c, IPC_METRICS);
}

int
ipc_client_save_end(struct ipc_client *c, FILE *file, struct err *err)
{
	bool failed;

	if (file == NULL)
		return gone(c, err);
	failed = ferror(file) != 0;
	if (fclose(file) != 0)
		failed = true;
	return end_transfer(c, failed ? -1 : 0, err);
}

/* ---- life ---- */

struct ipc_client *
ipc_client_new(int fd)
{
	struct ipc_client *c = alloc_zero(1, sizeof(*c));

	c->fd = fd;
	c->log = -1;
	return c;
}

int
ipc_client_attach(struct ipc_client *c, struct loop *loop, int64_t base_ms,
		  const struct ipc_client_ops *ops, struct err *err)
{
	c->loop = loop;
	c->base_ms = base_ms;
	c->ops = *ops;
	c->later = timer_new(loop, reload_later, c);
	return loop_watch(loop, c->fd, POLLIN, on_packet, c, err);
}

void
ipc_client_ready(struct ipc_client *c)
{
	struct err err;

	ipc_begin(&c->out, IPC_READY);
	send_packet(c, &c->out, &err);
}

void
ipc_client_reloaded(struct ipc_client *c, bool taken)
{
	struct err err;

	ipc_begin(&c->out, IPC_RELOADED);
	c->out.code = taken ? 0 : -1;
	send_packet(c, &c->out, &err);
}

int
ipc_client_take_log(struct ipc_client *c)
{
	int log = c->log;

	c->log = -1;
	return log;
}

void
ipc_client_detach(struct ipc_client *c)
{
	if (c->loop == NULL)
		return;
	loop_unwatch(c->loop, c->fd);
	timer_free(&c->later);
	c->loop = NULL;
}

void
ipc_client_free(struct ipc_client **client)
{
	struct ipc_client *c = *client;

	if (c == NULL)
		return;
	keep_log(c, -1);
	ipc_client_detach(c);
	close(c->fd);
	free(c);
	*client = NULL;
}
