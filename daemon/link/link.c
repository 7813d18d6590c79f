#include "daemon/link/link.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sysexits.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/ipc/ipc_link.h"
#include "daemon/link/reader.h"
#include "daemon/link/reports.h"
#include "daemon/link/sender.h"
#include "daemon/link/writer.h"
#include "daemon/sys/guardian.h"

/* Messages received in one round, so that the engine is served, too. */
enum { BURST = 128 };

struct link {
	struct loop *loop;
	int fd;
	struct sender *sender;
	struct reports *reports;
	struct writer *writer;
	struct reader *reader;
	uint64_t nonce;
	uint32_t events;
	struct ipc_link_packet packet;
};

static void on_worker(void *arg, uint32_t events);

/* Receives nothing from a worker that does not read what it is sent. */
static bool
can_take(const struct link *l)
{
	return sender_has_room(l->sender) && !writer_is_full(l->writer);
}

static void
watch(struct link *l)
{
	uint32_t events = (can_take(l) ? (uint32_t)POLLIN : 0) |
			  (sender_has_room(l->sender) ? 0 : (uint32_t)POLLOUT);
	struct err err;

	if (events == l->events)
		return;
	l->events = events;
	if (loop_watch(l->loop, l->fd, events, on_worker, l, &err) != 0)
		loop_stop(l->loop, EX_OSERR);
}

static void
on_room(void *arg)
{
	watch(arg);
}

static void
on_sender(void *arg, bool waits)
{
	struct link *l = arg;

	watch(l);
	if (!waits)
		reader_resume(l->reader);
}

/* ---- the worker's messages ---- */

static void
begin(struct link *l)
{
	l->nonce = l->packet.nonce;
	sender_begin(l->sender, l->nonce);
	reports_begin(l->reports);
	writer_begin(l->writer);
	reader_begin(l->reader);
}

static void
take(struct link *l)
{
	if (l->packet.type == IPC_LINK_RENEW) {
		loop_stop(l->loop, GUARDIAN_RENEW);
		return;
	}
	/* Sent by an earlier worker, or to an earlier pbs-link. */
	if (l->packet.nonce != l->nonce && l->packet.type != IPC_LINK_BEGIN)
		return;
	switch ((enum ipc_link_type)l->packet.type) {
	case IPC_LINK_BEGIN:
		begin(l);
		break;
	case IPC_LINK_READ:
		reader_list(l->reader, &l->packet);
		break;
	case IPC_LINK_IGNORE:
		reader_ignore(l->reader, l->packet.key);
		break;
	case IPC_LINK_WRITE:
		writer_key(l->writer, l->packet.key);
		break;
	case IPC_LINK_APPEND:
		writer_append(l->writer, &l->packet);
		break;
	case IPC_LINK_AGAIN:
		writer_again(l->writer);
		reader_again(l->reader);
		break;
	default:
		break;
	}
}

static void
receive(struct link *l)
{
	struct err err;
	int got = 1;

	for (int n = 0; n < BURST && can_take(l) && got == 1; n++) {
		got = ipc_link_from_worker(l->fd, &l->packet, &err);
		if (got == 1)
			take(l);
	}
	if (got == -2)
		loop_stop(l->loop, EX_OK);
	if (got != -1)
		return;
	log_error("pbs-link: %s from the worker", err.text);
	loop_stop(l->loop, EX_PROTOCOL);
}

static void
on_worker(void *arg, uint32_t events)
{
	struct link *l = arg;

	if ((events & POLLOUT) != 0)
		sender_flush(l->sender);
	if ((events & (POLLIN | POLLHUP | POLLERR)) != 0)
		receive(l);
	watch(l);
}

int
link_run(int fd, const struct credentials *credentials)
{
	struct link l = {.fd = fd};
	struct err err;
	int code;

	l.loop = loop_new(&err);
	if (l.loop == NULL)
		return EX_OSERR;
	l.sender = sender_new(fd, on_sender, &l);
	l.reports = reports_new(l.sender);
	l.writer =
	    writer_new(l.loop, credentials, l.reports, l.sender, on_room, &l);
	l.reader = reader_new(l.loop, credentials, l.reports, l.sender);
	sender_started(l.sender);
	watch(&l);
	code = loop_run(l.loop, &err);
	reader_free(&l.reader);
	writer_free(&l.writer);
	reports_free(&l.reports);
	sender_free(&l.sender);
	loop_free(&l.loop);
	return code >= 0 ? code : EX_OSERR;
}
