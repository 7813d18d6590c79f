/* What the worker and pbs-link say to each other. */
#ifndef WITHOUT_PEERS
#include "daemon/worker/worker_peers_state.h"

#include <poll.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"

enum { PACKETS_A_ROUND = 64 }; /* then other events have their turn */

/* ---- to pbs-link ---- */

/* Makes the READ of one host. If there are no hosts, that of host 0 has no
 * stream. False: there is no such host. */
static bool
make_read(struct worker_peers *p, size_t host)
{
	size_t count = inbox_hosts(p->inbox);
	struct inbox_row row;
	char stream[IPC_LINK_KEY_MAX];

	if (host >= (count > 0 ? count : 1))
		return false;
	ipc_link_begin(&p->out, IPC_LINK_READ, p->nonce);
	p->out.index = (uint8_t)host;
	p->out.count = (uint8_t)count;
	if (count == 0)
		return true;
	inbox_get(p->inbox, host, worker_peers_now(p->worker), &row);
	worker_peers_stream(p, row.name, stream);
	ipc_link_set_key(&p->out, stream);
	p->out.id = row.cursor;
	return true;
}

/* Makes the next packet of what pbs-link must know first, even if it knows that
 * of an earlier worker: one by one, since there may be no room for all of them
 * at once. */
static bool
make_setup(struct worker_peers *p)
{
	if (p->step == STEP_BEGIN) {
		ipc_link_begin(&p->out, IPC_LINK_BEGIN, p->nonce);
		p->step = p->outbox != NULL ? STEP_WRITE : STEP_READ;
		return true;
	}
	if (p->step == STEP_WRITE) {
		ipc_link_begin(&p->out, IPC_LINK_WRITE, p->nonce);
		ipc_link_set_key(&p->out, p->stream);
	} else if (!make_read(p, p->step - STEP_READ)) {
		return false;
	}
	p->step++;
	return true;
}

static bool
make_ignore(struct worker_peers *p)
{
	const char *stream = inbox_ignored(p->inbox);

	if (stream == NULL)
		return false;
	ipc_link_begin(&p->out, IPC_LINK_IGNORE, p->nonce);
	ipc_link_set_key(&p->out, stream);
	return true;
}

static bool
make_append(struct worker_peers *p)
{
	struct peers_time now = worker_peers_now(p->worker);
	struct outbox_entry entry;
	char id[STREAMID_SIZE];
	struct sign_entry whole = {.stream = p->stream, .id = id};

	if (p->outbox == NULL ||
	    (!p->due && outbox_wait_ms(p->outbox, now) > 0) ||
	    !outbox_take(p->outbox, &entry, now))
		return false;
	ipc_link_begin(&p->out, IPC_LINK_APPEND, p->nonce);
	p->out.id = entry.id;
	p->out.mark = entry.mark;
	ipc_link_set_data(&p->out, entry.text.bytes, entry.text.len);
	streamid_print(entry.id, id);
	whole.payload = entry.text.bytes;
	whole.payload_len = entry.text.len;
	sign_entry(p->out.signature, &whole, p->secret);
	return true;
}

static void on_link(void *arg, uint32_t events);

static void
watch(struct worker_peers *p, bool out)
{
	struct err err;

	if (p->watched_out == out)
		return;
	p->watched_out = out;
	if (loop_watch(p->worker->loop, p->fd, POLLIN | (out ? POLLOUT : 0),
		       on_link, p, &err) != 0)
		log_error("peers: %s", err.text);
}

static void
arm(struct worker_peers *p, int64_t wait)
{
	int64_t then = worker_peers_now(p->worker).steady_ms + wait;

	if (then >= p->send_ms)
		return;
	p->send_ms = then;
	timer_arm(p->send, wait);
}

void
worker_link_send_soon(struct worker_peers *p)
{
	if (!p->has_out)
		arm(p, outbox_wait_ms(p->outbox, worker_peers_now(p->worker)));
}

/* Arms the timer after all was sent that can be. What cannot be sent, as no id
 * is left for it, is tried again after a heartbeat. */
static void
arm_next(struct worker_peers *p)
{
	int64_t wait = outbox_wait_ms(p->outbox, worker_peers_now(p->worker));

	p->send_ms = INT64_MAX;
	arm(p, wait > 0 ? wait : OUTBOX_HEARTBEAT_MS);
}

void
worker_link_send(struct worker_peers *p)
{
	struct err err;
	int sent = 1;

	while (sent == 1) {
		if (!p->has_out && !make_setup(p) && !make_ignore(p) &&
		    !make_append(p))
			break;
		sent = ipc_link_send(p->fd, &p->out, &err);
		p->has_out = sent == 0;
	}
	p->due = false;
	if (sent < 0)
		log_error("peers: %s", err.text);
	watch(p, p->has_out);
	if (p->outbox != NULL && !p->has_out)
		arm_next(p);
}

void
worker_link_on_timer(void *arg)
{
	struct worker_peers *p = arg;

	p->due = true;
	if (p->fd >= 0)
		worker_link_send(p);
}

/* While a connection is down, its reason may change, but not since when it is
 * down. */
static void
set_connection(const struct worker_peers *p, struct peers_connection *c,
	       bool up, const char *text)
{
	if (c->since == 0 || c->up != up)
		c->since = loop_now(p->worker->loop);
	c->up = up;
	snprintf(c->text, sizeof(c->text), "%s", text);
}

void
worker_link_begin(struct worker_peers *p)
{
	p->nonce = hash_seed() | 1;
	p->step = STEP_BEGIN;
	p->has_out = false;
	set_connection(p, &p->write, false, "not connected yet");
	set_connection(p, &p->read, false, "not connected yet");
	if (p->outbox != NULL)
		outbox_disconnected(p->outbox);
	worker_link_send(p);
}

/* ---- from pbs-link ---- */

/* What it means here that there is no connection, for the end of a message. */
static const char *
consequence(const struct worker_peers *p)
{
	if (p->outbox == NULL)
		return "logins of other hosts go on until they expire";
	if (inbox_hosts(p->inbox) == 0)
		return "own logins go on, to be published later";
	return "own logins go on, to be published later, those of other hosts "
	       "until they expire";
}

static void
log_state(const struct worker_peers *p, bool was_up, const char *text)
{
	switch ((enum ipc_link_state)p->in.code) {
	case IPC_LINK_CONNECTED:
		log_info("peers: connected to %s", text);
		break;
	case IPC_LINK_LOST:
		log_warning("peers: %s: %s; %s",
			    was_up ? "connection lost" : "no connection", text,
			    consequence(p));
		break;
	case IPC_LINK_ERROR:
		log_error("peers: %s", text);
		break;
	case IPC_LINK_WARNING:
		log_warning("peers: %s", text);
		break;
	case IPC_LINK_NOTICE:
		log_info("peers: %s", text);
		break;
	}
}

static void
on_state(struct worker_peers *p)
{
	const struct ipc_link_packet *in = &p->in;
	bool connected = in->code == IPC_LINK_CONNECTED;
	bool lost = in->code == IPC_LINK_LOST;
	bool write = in->channel == IPC_LINK_WRITER;
	struct peers_connection *c = write ? &p->write : &p->read;
	bool was_up = c->up;
	char text[512];

	log_printable(text, sizeof(text), in->data, in->data_len);
	if (connected || lost)
		set_connection(p, c, connected, text);
	if (write && lost && p->outbox != NULL)
		outbox_disconnected(p->outbox);
	if (!in->quiet)
		log_state(p, was_up, text);
}

static void
log_lost(struct worker_peers *p)
{
	size_t count = outbox_count(p->outbox, worker_peers_now(p->worker));

	log_warning("peers: stream %s lost entries; publishing %s%zu login%s "
		    "again",
		    p->stream, count == 1 ? "" : "all ", count,
		    count == 1 ? "" : "s");
}

static void
on_top(struct worker_peers *p)
{
	if (p->outbox != NULL &&
	    outbox_connected(p->outbox, p->in.id, worker_peers_now(p->worker)))
		log_lost(p);
}

static void
on_appended(struct worker_peers *p)
{
	if (p->outbox != NULL)
		outbox_confirm(p->outbox, p->in.id);
}

static void
on_deleted(struct worker_peers *p)
{
	if (p->outbox == NULL)
		return;
	log_lost(p);
	outbox_deleted(p->outbox);
}

static void
on_entry(struct worker_peers *p)
{
	const struct ipc_link_packet *in = &p->in;
	const struct inbox_message message = {.stream = in->key,
					      .id = in->id,
					      .malformed =
						  in->code != IPC_LINK_WHOLE,
					      .payload = in->data,
					      .payload_len = in->data_len,
					      .signature = in->signature};

	inbox_take(p->inbox, &message, worker_peers_now(p->worker));
}

static void
on_rewound(struct worker_peers *p)
{
	inbox_rewound(p->inbox, p->in.key);
}

static void
take_packet(struct worker_peers *p)
{
	static void (*const handlers[])(struct worker_peers *) = {
	    [IPC_LINK_STARTED] = worker_link_begin,
	    [IPC_LINK_STATE] = on_state,
	    [IPC_LINK_TOP] = on_top,	     [IPC_LINK_APPENDED] = on_appended,
	    [IPC_LINK_DELETED] = on_deleted, [IPC_LINK_ENTRY] = on_entry,
	    [IPC_LINK_REWOUND] = on_rewound,
	};

	if (p->in.type != IPC_LINK_STARTED && p->in.nonce != p->nonce)
		return; /* from before the last BEGIN */
	handlers[p->in.type](p);
}

/* Without pbs-link, the worker goes on with its own logs. */
static void
lose_link(struct worker_peers *p, const struct err *err)
{
	log_error("peers: pbs-link is gone: %s; %s", err->text, consequence(p));
	loop_unwatch(p->worker->loop, p->fd);
	p->fd = -1;
	set_connection(p, &p->write, false, "pbs-link is gone");
	set_connection(p, &p->read, false, "pbs-link is gone");
	if (p->outbox != NULL)
		outbox_disconnected(p->outbox);
}

static void
on_link(void *arg, uint32_t events)
{
	struct worker_peers *p = arg;
	struct err err;
	int got = 0;

	(void)events;
	for (int i = 0; i < PACKETS_A_ROUND; i++) {
		got = ipc_link_from_link(p->fd, &p->in, &err);
		if (got == 1)
			take_packet(p);
		else if (got == -1)
			log_error("peers: pbs-link: %s", err.text);
		else
			break;
	}
	if (got == -2)
		lose_link(p, &err);
	else
		worker_link_send(p);
	/* What other hosts report may be the next to expire. */
	timer_arm(p->worker->expiry, 0);
}

int
worker_link_open(struct worker_peers *p, struct err *err)
{
	if (loop_watch(p->worker->loop, p->fd, POLLIN, on_link, p, err) != 0)
		return -1;
	worker_link_begin(p);
	return 0;
}
#endif
