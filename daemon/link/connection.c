#include "daemon/link/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/loop.h"
#include "daemon/link/resolver.h"
#include "daemon/link/resp.h"
#include "daemon/link/tls.h"

enum {
	CONNECT_MS = 3000, /* including the address lookup */
	HANDSHAKE_MS = 5000,
	PIECE = 64 * 1024, /* read at once */
};

enum phase { RESOLVING, CONNECTING, HANDSHAKE, OPEN, ENDED };

struct connection {
	struct loop *loop;
	const struct connection_place *place;
	const struct connection_ops *ops;
	void *arg;
	enum phase phase;
	struct resolution *resolution;
	struct endpoint list[RESOLVER_ADDRESSES_MAX];
	size_t count, next; /* of addresses; the one to try next */
	int fd;
	struct tls *tls;
	struct resp *resp;
	struct timer *begin, *limit;
	int64_t expected_ms;
	char *out; /* to be sent: from sent up to filled */
	size_t sent, filled, room;
	uint32_t events; /* that the loop waits for */
	bool busy;	 /* in a callback: to be freed afterwards */
	bool freed;
	struct err why;
};

static void on_event(void *arg, uint32_t events);

/* ---- its end ---- */

static void
close_socket(struct connection *c)
{
	tls_free(&c->tls);
	if (c->fd >= 0) {
		loop_unwatch(c->loop, c->fd);
		close(c->fd);
	}
	c->fd = -1;
}

static void
finish(struct connection *c, enum connection_end end, const char *reason)
{
	char *text = alloc_string(reason);

	close_socket(c);
	resolver_cancel(&c->resolution);
	timer_disarm(c->limit);
	c->phase = ENDED;
	c->ops->end(c->arg, end, text);
	free(text);
}

static void
release(struct connection *c)
{
	close_socket(c);
	resolver_cancel(&c->resolution);
	timer_free(&c->begin);
	timer_free(&c->limit);
	resp_free(&c->resp);
	free(c->out);
	free(c);
}

/* To be called after callbacks, which may have called connection_free(). */
static void
leave(struct connection *c)
{
	c->busy = false;
	if (c->freed)
		release(c);
}

void
connection_free(struct connection **c)
{
	if (*c == NULL)
		return;
	(*c)->freed = true;
	if (!(*c)->busy)
		release(*c);
	*c = NULL;
}

/* ---- waiting ---- */

static void
wait_for(struct connection *c, uint32_t events)
{
	struct err err;

	if (c->events == events)
		return;
	c->events = events;
	if (loop_watch(c->loop, c->fd, events, on_event, c, &err) != 0)
		timer_arm(c->limit, 0);
}

static void
on_limit(void *arg)
{
	static const char *const texts[] = {
	    [RESOLVING] = "address lookup timed out",
	    [CONNECTING] = "no connection within 3 s",
	    [HANDSHAKE] = "no TLS handshake within 5 s",
	    [OPEN] = "no reply in time",
	    [ENDED] = ""};
	struct connection *c = arg;

	c->busy = true;
	finish(c, CONNECTION_LOST, texts[c->phase]);
	leave(c);
}

void
connection_expect(struct connection *c, int64_t ms)
{
	c->expected_ms = ms;
	if (c->phase != OPEN)
		return;
	if (ms > 0)
		timer_arm(c->limit, ms);
	else
		timer_disarm(c->limit);
}

/* ---- sending ---- */

/* The result of send(2) or recv(2), in the form of tls_write() and tls_read().
 */
static ssize_t
plain_result(ssize_t n, struct err *err)
{
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return TLS_READ;
	return err_set(err, "%s", strerror(errno));
}

/* Returns the number of bytes; 0: none now; -1: the connection has ended. */
static ssize_t
judge(struct connection *c, ssize_t n, const struct err *err)
{
	if (n > 0)
		return n;
	if (n == TLS_READ || n == TLS_WRITE)
		return 0;
	finish(c, n == TLS_REFUSED ? CONNECTION_CERTIFICATE : CONNECTION_LOST,
	       n == 0 ? "closed by the engine" : err->text);
	return -1;
}

static ssize_t
write_some(struct connection *c, const char *bytes, size_t len)
{
	struct err err;
	ssize_t n;

	if (c->tls != NULL)
		return judge(c, tls_write(c->tls, bytes, len, &err), &err);
	n = send(c->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	return judge(c, plain_result(n, &err), &err);
}

static void
flush(struct connection *c)
{
	ssize_t n = 1;

	while (c->phase == OPEN && c->sent < c->filled && n > 0) {
		n = write_some(c, c->out + c->sent, c->filled - c->sent);
		c->sent += n > 0 ? (size_t)n : 0;
	}
	if (c->phase != OPEN)
		return;
	if (c->sent == c->filled)
		c->sent = c->filled = 0;
	wait_for(c, c->filled > 0 ? POLLIN | POLLOUT : POLLIN);
}

static void
append(struct connection *c, const char *bytes, size_t len)
{
	if (c->sent > 0 && c->room - c->filled < len) {
		memmove(c->out, c->out + c->sent, c->filled - c->sent);
		c->filled -= c->sent;
		c->sent = 0;
	}
	if (c->room - c->filled < len) {
		c->room = (c->filled + len) * 2;
		c->out = alloc_resize(c->out, c->room, 1);
	}
	memcpy(c->out + c->filled, bytes, len);
	c->filled += len;
}

/* Sends in the next round of the loop, so that many commands need one write. */
void
connection_send(struct connection *c, size_t count, const char *const *words,
		const size_t *lens)
{
	size_t len;
	char *bytes;

	if (c->phase != OPEN)
		return;
	bytes = resp_command(count, words, lens, &len);
	append(c, bytes, len);
	free(bytes);
	wait_for(c, POLLIN | POLLOUT);
}

/* ---- receiving ---- */

static void
pass_replies(struct connection *c)
{
	struct resp_value *value = NULL;
	struct err err;
	int got = 0;

	while (!c->freed && c->phase == OPEN &&
	       (got = resp_next(c->resp, &value, &err)) == 1) {
		if (c->expected_ms > 0)
			timer_arm(c->limit, c->expected_ms);
		c->ops->reply(c->arg, value);
		resp_value_free(&value);
	}
	if (!c->freed && c->phase == OPEN && got < 0)
		finish(c, CONNECTION_PROTOCOL, err.text);
}

static ssize_t
read_some(struct connection *c, char *bytes, size_t size)
{
	struct err err;
	ssize_t n;

	if (c->tls != NULL)
		return judge(c, tls_read(c->tls, bytes, size, &err), &err);
	n = recv(c->fd, bytes, size, MSG_DONTWAIT);
	return judge(c, plain_result(n, &err), &err);
}

/* With TLS, bytes may be buffered in the library, where the loop does not see
 * them. */
static void
receive(struct connection *c)
{
	char bytes[PIECE];
	struct err err;
	ssize_t n;

	do {
		n = read_some(c, bytes, sizeof(bytes));
		if (n <= 0)
			return;
		if (resp_feed(c->resp, bytes, (size_t)n, &err) != 0) {
			finish(c, CONNECTION_PROTOCOL, err.text);
			return;
		}
		pass_replies(c);
	} while (!c->freed && c->phase == OPEN && c->tls != NULL);
}

/* ---- its beginning ---- */

static void try_next(struct connection *c);

static void
be_open(struct connection *c)
{
	c->phase = OPEN;
	timer_disarm(c->limit);
	wait_for(c, POLLIN);
	if (c->phase == OPEN)
		c->ops->open(c->arg);
	if (!c->freed && c->phase == OPEN && c->expected_ms > 0)
		timer_arm(c->limit, c->expected_ms);
}

static void
shake_hands(struct connection *c)
{
	struct err err;
	int result = tls_handshake(c->tls, &err);

	if (result == TLS_READ || result == TLS_WRITE)
		wait_for(c, result == TLS_READ ? POLLIN : POLLOUT);
	else if (result != 0)
		finish(c,
		       result == TLS_REFUSED ? CONNECTION_CERTIFICATE
					     : CONNECTION_LOST,
		       err.text);
	else
		be_open(c);
}

static void
be_connected(struct connection *c)
{
	static const int on = 1;
	struct err err;

	if (c->place->path == NULL)
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (c->place->tls == NULL) {
		be_open(c);
		return;
	}
	c->phase = HANDSHAKE;
	timer_arm(c->limit, HANDSHAKE_MS);
	c->tls = tls_new(c->place->tls, c->fd, c->place->host, &err);
	if (c->tls == NULL)
		finish(c, CONNECTION_LOST, err.text);
	else
		shake_hands(c);
}

/* The result of connect(2). */
static void
on_connected(struct connection *c)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0) {
		be_connected(c);
		return;
	}
	err_set(&c->why, "connect: %s", strerror(error));
	close_socket(c);
	try_next(c);
}

static void
step(struct connection *c, uint32_t events)
{
	if (c->phase == CONNECTING)
		on_connected(c);
	else if (c->phase == HANDSHAKE)
		shake_hands(c);
	else if (c->phase == OPEN && (events & POLLOUT) != 0)
		flush(c);
	if (!c->freed && c->phase == OPEN &&
	    (events & (POLLIN | POLLHUP | POLLERR)) != 0)
		receive(c);
}

static void
on_event(void *arg, uint32_t events)
{
	struct connection *c = arg;

	c->busy = true;
	step(c, events);
	leave(c);
}

static int
begin_connect(struct connection *c, const struct endpoint *to)
{
	const struct sockaddr *addr = (const struct sockaddr *)&to->addr;

	c->fd = socket(to->addr.ss_family,
		       SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return err_set(&c->why, "socket: %s", strerror(errno));
	if (connect(c->fd, addr, to->len) != 0 && errno != EINPROGRESS)
		return err_set(&c->why, "connect: %s", strerror(errno));
	c->events = POLLOUT;
	return loop_watch(c->loop, c->fd, POLLOUT, on_event, c, &c->why);
}

static void
try_next(struct connection *c)
{
	c->phase = CONNECTING;
	while (c->next < c->count) {
		if (begin_connect(c, &c->list[c->next++]) == 0)
			return;
		close_socket(c);
	}
	finish(c, CONNECTION_LOST, c->why.text);
}

static void
on_resolved(void *arg, const struct endpoint *list, size_t count,
	    const char *reason)
{
	struct connection *c = arg;

	c->busy = true;
	if (count == 0) {
		finish(c, CONNECTION_LOST, reason);
	} else {
		memcpy(c->list, list, count * sizeof(list[0]));
		c->count = count;
		try_next(c);
	}
	resolver_cancel(&c->resolution);
	leave(c);
}

static void
begin_unix(struct connection *c, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&c->list[0].addr;

	if (strlen(path) >= sizeof(un->sun_path)) {
		finish(c, CONNECTION_LOST, strerror(ENAMETOOLONG));
		return;
	}
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	c->list[0].len = sizeof(*un);
	c->count = 1;
	try_next(c);
}

static void
begin_host(struct connection *c)
{
	struct err err;

	c->resolution = resolver_start(c->loop, c->place->host, c->place->port,
				       on_resolved, c, &err);
	if (c->resolution == NULL)
		finish(c, CONNECTION_LOST, err.text);
}

static void
on_begin(void *arg)
{
	struct connection *c = arg;

	c->busy = true;
	timer_arm(c->limit, CONNECT_MS);
	if (c->place->path != NULL)
		begin_unix(c, c->place->path);
	else
		begin_host(c);
	leave(c);
}

struct connection *
connection_new(struct loop *loop, const struct connection_place *place,
	       const struct connection_ops *ops, void *arg)
{
	struct connection *c = alloc_zero(1, sizeof(*c));

	c->loop = loop;
	c->place = place;
	c->ops = ops;
	c->arg = arg;
	c->fd = -1;
	c->resp = resp_new();
	c->limit = timer_new(loop, on_limit, c);
	c->begin = timer_new(loop, on_begin, c);
	timer_arm(c->begin, 0);
	return c;
}
