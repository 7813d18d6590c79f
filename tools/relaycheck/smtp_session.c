#include "tools/relaycheck/smtp_session.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/monotonic.h"
#include "tools/relaycheck/smtp_reply.h"

enum { COMMAND_MAX = 2048, READ_SIZE = 4096 };

struct addr
smtp_address(const struct sockaddr_storage *place)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct addr addr = {0};
	const void *bytes = &((const struct sockaddr_in6 *)place)->sin6_addr;

	if (place->ss_family == AF_INET)
		bytes = &((const struct sockaddr_in *)place)->sin_addr;
	if (inet_ntop(place->ss_family, bytes, text, sizeof(text)) != NULL)
		addr_parse(&addr, text, strlen(text));
	return addr;
}

/* Until the socket is ready. 0, or -1: not before the deadline. */
static int
wait_for(const struct smtp_session *session, short events, int64_t deadline,
	 struct err *err)
{
	struct pollfd p = {.fd = session->fd, .events = events};
	int64_t left;
	int ready;

	do {
		left = deadline - monotonic_ms();
		ready = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return err_set(err, "poll: %s", strerror(errno));
	if (ready == 0)
		return err_set(err, "no answer within %d s",
			       session->timeout / 1000);
	return 0;
}

static int
send_all(const struct smtp_session *session, const char *bytes, size_t len,
	 int64_t deadline, struct err *err)
{
	ssize_t n;

	while (len > 0) {
		n = send(session->fd, bytes, len, MSG_NOSIGNAL);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return err_set(err, "%s", strerror(errno));
		if (wait_for(session, POLLOUT, deadline, err) != 0)
			return -1;
	}
	return 0;
}

/* More bytes, at least one. Returns how many, or -1. */
static ssize_t
receive(const struct smtp_session *session, char *bytes, size_t size,
	int64_t deadline, struct err *err)
{
	ssize_t n;

	for (;;) {
		if (wait_for(session, POLLIN, deadline, err) != 0)
			return -1;
		n = recv(session->fd, bytes, size, 0);
		if (n > 0)
			return n;
		if (n == 0)
			return err_set(err, "the server closed the connection");
		if (errno != EAGAIN && errno != EINTR)
			return err_set(err, "%s", strerror(errno));
	}
}

static int
read_reply(const struct smtp_session *session, struct smtp_reply *reply,
	   int64_t deadline, struct err *err)
{
	char bytes[READ_SIZE];
	size_t used;
	ssize_t n;
	int done;

	*reply = (struct smtp_reply){0};
	do {
		n = receive(session, bytes, sizeof(bytes), deadline, err);
		if (n < 0)
			return -1;
		done = smtp_reply_feed(reply, bytes, (size_t)n, &used, err);
	} while (done == 0);
	if (done < 0)
		return -1;
	if (used < (size_t)n)
		return err_set(err, "the server sent more than one reply");
	return 0;
}

/* The socket, bound, while it connects. */
static int
begin(struct smtp_session *session, const struct smtp_place *place,
      struct err *err)
{
	session->fd = socket(place->to.ss_family,
			     SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (session->fd < 0)
		return err_set(err, "socket: %s", strerror(errno));
	if (place->from_len > 0 &&
	    bind(session->fd, (const struct sockaddr *)&place->from,
		 place->from_len) != 0)
		return err_set(err, "bind: %s", strerror(errno));
	if (connect(session->fd, (const struct sockaddr *)&place->to,
		    place->to_len) != 0 &&
	    errno != EINPROGRESS)
		return err_set(err, "%s", strerror(errno));
	return 0;
}

static int
finish(struct smtp_session *session, int64_t deadline, struct err *err)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own), size = sizeof(int);
	int error = 0;

	if (wait_for(session, POLLOUT, deadline, err) != 0)
		return -1;
	if (getsockopt(session->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	if (error == 0 &&
	    getsockname(session->fd, (struct sockaddr *)&own, &len) != 0)
		error = errno;
	if (error != 0)
		return err_set(err, "%s", strerror(error));
	session->own = smtp_address(&own);
	return 0;
}

static void
drop(struct smtp_session *session)
{
	if (session->fd >= 0)
		close(session->fd);
	session->fd = -1;
}

int
smtp_open(struct smtp_session *session, const struct smtp_place *place,
	  struct smtp_reply *greeting, struct err *err)
{
	int64_t deadline = monotonic_ms() + place->timeout;

	*session = (struct smtp_session){.fd = -1, .timeout = place->timeout};
	if (begin(session, place, err) == 0 &&
	    finish(session, deadline, err) == 0 &&
	    read_reply(session, greeting, deadline, err) == 0)
		return 0;
	drop(session);
	return -1;
}

/* Whether the server has sent something that nobody asked for, or is gone. */
static bool
spoke_out_of_turn(const struct smtp_session *session)
{
	char c;
	ssize_t n = recv(session->fd, &c, 1, MSG_PEEK);

	return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

static int
exchange(struct smtp_session *session, const char *command,
	 struct smtp_reply *reply, struct err *err)
{
	int64_t deadline = monotonic_ms() + session->timeout;
	char line[COMMAND_MAX];
	int len = snprintf(line, sizeof(line), "%s\r\n", command);

	if (len < 0 || (size_t)len >= sizeof(line))
		return err_set(err, "the command is too long");
	if (spoke_out_of_turn(session))
		return err_set(err, "the server ended the session");
	if (send_all(session, line, (size_t)len, deadline, err) != 0)
		return -1;
	return read_reply(session, reply, deadline, err);
}

int
smtp_ask(struct smtp_session *session, const char *command,
	 struct smtp_reply *reply, struct err *err)
{
	for (const char *c = command; *c != '\0'; c++)
		assert((unsigned char)*c >= ' ' && *c != 0x7f);
	if (exchange(session, command, reply, err) == 0)
		return 0;
	drop(session);
	return -1;
}

void
smtp_close(struct smtp_session *session)
{
	static const char quit[] = "QUIT\r\n";

	if (session->fd >= 0)
		send(session->fd, quit, sizeof(quit) - 1, MSG_NOSIGNAL);
	drop(session);
}
