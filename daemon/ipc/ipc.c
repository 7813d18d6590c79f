#include "daemon/ipc/ipc.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"

static const size_t head_size = offsetof(struct ipc_packet, body);

void
ipc_begin(struct ipc_packet *packet, enum ipc_type type)
{
	memset(packet, 0, head_size);
	packet->version = IPC_VERSION;
	packet->type = (uint8_t)type;
}

/* The length of the body; SIZE_MAX if the type or its count is not valid. */
static size_t
body_size(const struct ipc_packet *packet)
{
	switch ((enum ipc_type)packet->type) {
	case IPC_ROWS:
	case IPC_PONG:
	case IPC_PING:
		return packet->count <= IPC_ROWS_MAX
			   ? packet->count * sizeof(packet->body.rows[0])
			   : SIZE_MAX;
	case IPC_BYTES:
	case IPC_ANSWER:
	case IPC_RUN:
	case IPC_OUTPUT:
	case IPC_RESULT:
		return packet->count <= IPC_BYTES_MAX ? packet->count
						      : SIZE_MAX;
	case IPC_REPLACE:
	case IPC_APPLY:
	case IPC_SAVE:
	case IPC_END:
	case IPC_CLEAR:
	case IPC_INTACT:
	case IPC_COUNTS:
	case IPC_METRICS:
	case IPC_READY:
	case IPC_RELOADED:
	case IPC_RELOAD:
	case IPC_LOG:
		return 0;
	}
	return SIZE_MAX;
}

/* Whether these bytes are a message of this version: its type is known, and its
 * length is what type and count demand. */
static bool
is_valid(const struct ipc_packet *packet, size_t len)
{
	size_t body;

	if (len < head_size || packet->version != IPC_VERSION ||
	    (packet->id != 0 && packet->type < IPC_RUN))
		return false;
	body = body_size(packet);
	return body != SIZE_MAX && len == head_size + body;
}

int
ipc_open(int ends[2], struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return err_set(err, "socketpair: %s", strerror(errno));
	return 0;
}

/* The ancillary data that carries one descriptor, aligned as cmsg(3) demands.
 */
union ancillary {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr head;
};

static void
put_descriptor(struct msghdr *msg, union ancillary *data, int fd)
{
	struct cmsghdr *c;

	memset(data, 0, sizeof(*data));
	msg->msg_control = data->bytes;
	msg->msg_controllen = sizeof(data->bytes);
	c = CMSG_FIRSTHDR(msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
}

static int
take_descriptor(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int
ipc_send(int fd, const struct ipc_packet *packet, int passed, bool wait,
	 struct err *err)
{
	union ancillary data;
	struct iovec iov = {(void *)(uintptr_t)packet,
			    head_size + body_size(packet)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (passed >= 0)
		put_descriptor(&msg, &data, passed);
	do {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT));
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 1;
	if (!wait && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	return err_set(err, "%s", strerror(errno));
}

int
ipc_receive(int fd, struct ipc_packet *packet, int *passed, bool wait,
	    struct err *err)
{
	union ancillary data;
	struct iovec iov = {packet, sizeof(*packet)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t n;

	if (passed != NULL) {
		*passed = -1;
		msg.msg_control = data.bytes;
		msg.msg_controllen = sizeof(data.bytes);
	}
	do {
		n = recvmsg(fd, &msg,
			    MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT));
	} while (n < 0 && errno == EINTR);
	if (n < 0 && !wait && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n <= 0) {
		err_set(err, "%s", n < 0 ? strerror(errno) : "closed");
		return -2;
	}
	if (passed != NULL)
		*passed = take_descriptor(&msg);
	if ((msg.msg_flags & MSG_TRUNC) != 0 || !is_valid(packet, (size_t)n)) {
		if (passed != NULL && *passed >= 0)
			close(*passed);
		return err_set(err, "malformed message of %zd bytes", n);
	}
	return 1;
}
