#include "base/streamserver.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/listenplace.h"
#include "base/loop.h"
#include "base/unixsocket.h"

enum {
	BACKLOG = 1024,
	READ_MAX = 1024, /* bytes read from a client in one turn */
	SPARE_FDS = 64,	 /* descriptors that clients may not use */
	PAUSE_MS = 1000, /* until the next try to get a descriptor */
};

/* The clients that are in an exchange, or those that are idle, in the order in
 * which they began to be so. */
struct queue {
	struct stream *first, *last;
	int64_t timeout_ms;
};

struct stream {
	struct streamserver *server;
	int fd;
	char *in; /* NULL: all is consumed */
	size_t in_len;
	char *out; /* NULL: all is sent */
	size_t out_len, out_sent;
	bool closing;	 /* close it when its answers are sent */
	bool awaits_out; /* it is watched for output, else for input */
	struct queue *queue;
	int64_t since; /* steady ms */
	struct stream *before, *after;
};

struct streamserver {
	struct loop *loop;
	streamserver_fn *fn;
	void *arg;
	size_t request_max;
	int fd;
	char *path; /* NULL: not a Unix socket */
	struct stat node;
	struct queue busy, idle;
	size_t nclients, clients_max;
	bool one_shot; /* adopted: one request per client */
	struct timer *timeout, *pause;
	int64_t due; /* when timeout is armed for, steady ms */
};

/* ---- the queues ---- */

static void
leave(struct stream *client)
{
	struct queue *queue = client->queue;

	*(client->before ? &client->before->after : &queue->first) =
	    client->after;
	*(client->after ? &client->after->before : &queue->last) =
	    client->before;
	client->before = client->after = NULL;
	client->queue = NULL;
}

static void
arm(struct streamserver *server, int64_t due)
{
	int64_t now = loop_clocks(server->loop).steady_ms;

	if (timer_armed(server->timeout) && server->due <= due)
		return;
	server->due = due;
	timer_arm(server->timeout, due - now);
}

/* All clients in a queue have the same timeout, so the last one is due last. */
static void
join(struct stream *client, struct queue *queue)
{
	struct streamserver *server = client->server;

	client->queue = queue;
	client->since = loop_clocks(server->loop).steady_ms;
	client->before = queue->last;
	*(queue->last ? &queue->last->after : &queue->first) = client;
	queue->last = client;
	arm(server, client->since + queue->timeout_ms);
}

/* ---- a client ---- */

static void listen_again(void *arg);

static void
drop(struct stream *client)
{
	struct streamserver *server = client->server;

	leave(client);
	loop_unwatch(server->loop, client->fd);
	close(client->fd);
	free(client->in);
	free(client->out);
	free(client);
	if (server->nclients-- == server->clients_max && server->one_shot)
		listen_again(server);
}

/* Drops the client that has waited longest. False: no client is left. */
static bool
drop_oldest(struct streamserver *server)
{
	struct stream *busy = server->busy.first, *idle = server->idle.first;
	struct stream *oldest = idle;

	if (idle == NULL || (busy != NULL && busy->since < idle->since))
		oldest = busy;
	if (oldest != NULL)
		drop(oldest);
	return oldest != NULL;
}

static void
drop_late(struct queue *queue, int64_t now)
{
	while (queue->first != NULL &&
	       queue->first->since + queue->timeout_ms <= now)
		drop(queue->first);
}

static void
on_timeout(void *arg)
{
	struct streamserver *server = arg;
	struct queue *queues[] = {&server->busy, &server->idle};
	int64_t now = loop_clocks(server->loop).steady_ms;

	for (size_t i = 0; i < 2; i++) {
		drop_late(queues[i], now);
		if (queues[i]->first != NULL)
			arm(server,
			    queues[i]->first->since + queues[i]->timeout_ms);
	}
}

void
stream_answer(struct stream *client, const void *bytes, size_t len)
{
	if (client->out == NULL)
		client->out = alloc_resize(NULL, STREAMSERVER_OUTPUT_MAX, 1);
	if (len > STREAMSERVER_OUTPUT_MAX - client->out_len) {
		client->closing = true;
		return;
	}
	memcpy(client->out + client->out_len, bytes, len);
	client->out_len += len;
}

void
stream_finish(struct stream *client, char *bytes, size_t len)
{
	assert(client->out == NULL);
	client->out = bytes;
	client->out_len = len;
	client->closing = true;
}

uid_t
stream_uid(const struct stream *client)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return (uid_t)-1;
	return peer.uid;
}

/* 1: all is sent; 0: the client accepts no more now; -1: it is gone. */
static int
send_answers(struct stream *client)
{
	while (client->out_sent < client->out_len) {
		ssize_t n =
		    send(client->fd, client->out + client->out_sent,
			 client->out_len - client->out_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		client->out_sent += (size_t)n;
	}
	free(client->out);
	client->out = NULL;
	client->out_len = client->out_sent = 0;
	return 1;
}

static void
consume(struct stream *client, size_t len)
{
	client->in_len -= len;
	memmove(client->in, client->in + len, client->in_len);
	if (client->in_len > 0)
		return;
	free(client->in);
	client->in = NULL;
}

/* Handles the requests that are complete, as long as the unsent answers fill
 * less than half of the room, so that one more always fits. Returns whether
 * there was a complete request. */
static bool
take_requests(struct stream *client)
{
	struct streamserver *server = client->server;
	size_t done = 0;
	ssize_t n = 1;

	while (done < client->in_len && n > 0 && !client->closing &&
	       client->out_len < STREAMSERVER_OUTPUT_MAX / 2) {
		n = server->fn(server->arg, client, client->in + done,
			       client->in_len - done);
		assert(n <= (ssize_t)(client->in_len - done));
		if (n > 0)
			done += (size_t)n;
	}
	if (n < 0 ||
	    (n == 0 && done == 0 && client->in_len == server->request_max))
		client->closing = true;
	if (done > 0)
		consume(client, done);
	return done > 0;
}

static void serve(void *arg, uint32_t events);

static struct queue *
queue_for(struct stream *client)
{
	struct streamserver *server = client->server;

	return server->one_shot || client->out != NULL || client->in != NULL
		   ? &server->busy
		   : &server->idle;
}

/* Puts the client into its queue, and watches it for input or output. */
static void
settle(struct stream *client, bool progress)
{
	struct streamserver *server = client->server;
	bool out = client->out != NULL;
	struct queue *queue = queue_for(client);
	struct err err;

	if (progress || queue != client->queue) {
		leave(client);
		join(client, queue);
	}
	if (out == client->awaits_out)
		return;
	client->awaits_out = out;
	if (loop_watch(server->loop, client->fd, out ? POLLOUT : POLLIN, serve,
		       client, &err) != 0)
		drop(client);
}

/* Handles requests and sends answers in turn, until it has to wait for the
 * client. */
static void
exchange(struct stream *client)
{
	bool progress = false;
	int sent;

	do {
		bool took = !client->closing && take_requests(client);
		size_t before = client->out_sent;

		sent = send_answers(client);
		progress |= took;
		if (client->server->one_shot)
			progress |= client->out_sent > before;
		if (!took)
			break;
	} while (sent == 1);
	if (sent < 0 || (sent == 1 && client->closing))
		drop(client);
	else
		settle(client, progress);
}

/* Reads only some bytes, so that the other clients have their turn. */
static void
receive(struct stream *client)
{
	size_t room, max = client->server->request_max;
	ssize_t n;

	if (client->in == NULL)
		client->in = alloc_resize(NULL, max, 1);
	room = max - client->in_len;
	n = recv(client->fd, client->in + client->in_len,
		 room < READ_MAX ? room : READ_MAX, 0);
	if (n > 0) {
		client->in_len += (size_t)n;
		exchange(client);
		return;
	}
	if (n == 0 || (errno != EINTR && errno != EAGAIN))
		drop(client);
	else if (client->in_len == 0)
		consume(client, 0);
}

static void
serve(void *arg, uint32_t events)
{
	struct stream *client = arg;

	(void)events;
	if (client->awaits_out)
		exchange(client);
	else
		receive(client);
}

/* ---- new clients ---- */

static void
add_client(struct streamserver *server, int fd)
{
	struct stream *client;
	struct err err;
	int yes = 1;

	if (server->nclients >= server->clients_max)
		drop_oldest(server);
	if (server->path == NULL) /* fails on an adopted Unix socket */
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	client = alloc_zero(1, sizeof(*client));
	client->server = server;
	client->fd = fd;
	server->nclients++;
	join(client, queue_for(client));
	if (server->one_shot && server->nclients == server->clients_max)
		loop_unwatch(server->loop, server->fd);
	if (loop_watch(server->loop, fd, POLLIN, serve, client, &err) != 0)
		drop(client);
}

static void
accept_client(void *arg, uint32_t events)
{
	struct streamserver *server = arg;
	int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd >= 0) {
		add_client(server, fd);
		return;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS &&
	    errno != ENOMEM)
		return;
	/* The waiting client would wake us again and again. */
	if (!drop_oldest(server)) {
		loop_unwatch(server->loop, server->fd);
		timer_arm(server->pause, PAUSE_MS);
	}
}

static void
listen_again(void *arg)
{
	struct streamserver *server = arg;
	struct err err;

	if (streamserver_start(server, &err) != 0)
		timer_arm(server->pause, PAUSE_MS);
}

/* ---- life cycle ---- */

/* Clients must not use up the descriptors that logs and maps need. */
static size_t
clients_allowed(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return SPARE_FDS;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 2 * SPARE_FDS)
		return 1;
	/* There may be several servers. */
	if ((limit.rlim_cur - SPARE_FDS) / 4 < STREAMSERVER_CLIENTS_MAX)
		return (limit.rlim_cur - SPARE_FDS) / 4;
	return STREAMSERVER_CLIENTS_MAX;
}

static int
listen_at(struct streamserver *server, const char *address, struct err *err)
{
	struct listenplace place;

	if (listenplace_parse(&place, address, err) != 0)
		return -1;
	server->fd = listenplace_listen(&place, BACKLOG, &server->node, err);
	if (server->fd < 0)
		return -1;
	if (place.path != NULL)
		server->path = alloc_string(place.path);
	return 0;
}

static struct streamserver *
prepare(struct loop *loop, size_t request_max, streamserver_fn *fn, void *arg)
{
	struct streamserver *server = alloc_zero(1, sizeof(*server));

	server->loop = loop;
	server->fn = fn;
	server->arg = arg;
	server->request_max = request_max;
	server->busy.timeout_ms = STREAMSERVER_TIMEOUT_MS;
	server->idle.timeout_ms = STREAMSERVER_IDLE_MS;
	server->timeout = timer_new(loop, on_timeout, server);
	server->pause = timer_new(loop, listen_again, server);
	server->fd = -1;
	return server;
}

struct streamserver *
streamserver_open(struct loop *loop, const char *address, size_t request_max,
		  streamserver_fn *fn, void *arg, struct err *err)
{
	struct streamserver *server = prepare(loop, request_max, fn, arg);

	server->clients_max = clients_allowed();
	if (listen_at(server, address, err) != 0)
		streamserver_close(&server);
	return server;
}

struct streamserver *
streamserver_adopt(struct loop *loop, int fd, size_t clients_max,
		   size_t request_max, streamserver_fn *fn, void *arg)
{
	struct streamserver *server = prepare(loop, request_max, fn, arg);

	server->fd = fd;
	server->clients_max = clients_max;
	server->one_shot = true;
	return server;
}

int
streamserver_check(const char *address, struct err *err)
{
	struct listenplace place;

	if (listenplace_parse(&place, address, err) != 0)
		return -1;
	return listenplace_check(&place, err);
}

int
streamserver_start(struct streamserver *server, struct err *err)
{
	return loop_watch(server->loop, server->fd, POLLIN, accept_client,
			  server, err);
}

void
streamserver_close(struct streamserver **server_p)
{
	struct streamserver *server = *server_p;

	if (server == NULL)
		return;
	while (drop_oldest(server))
		;
	timer_free(&server->timeout);
	timer_free(&server->pause);
	if (server->fd >= 0) {
		loop_unwatch(server->loop, server->fd);
		if (server->path != NULL)
			unixsocket_remove(server->path, &server->node);
		close(server->fd);
	}
	free(server->path);
	free(server);
	*server_p = NULL;
}
