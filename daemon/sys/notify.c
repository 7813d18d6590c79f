#include "daemon/sys/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/loop.h"

enum { AGAIN_MS = 500 };

struct notify_ready {
	struct timer *again;
	bool sent; /* once at least */
};

/* Takes "/path", or "@name" in the abstract namespace. The length, or 0. */
static socklen_t
notify_address(struct sockaddr_un *address)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t len;

	if (name == NULL || (*name != '/' && *name != '@'))
		return 0;
	len = strlen(name);
	if (len < 2 || len >= sizeof(address->sun_path))
		return 0;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, name, len);
	if (*name == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* 1: sent, or there is no manager; 0: its queue is full, as that of one that
 * does not read soon is; -1: an error, which is logged. */
static int
try_state(const char *state)
{
	struct sockaddr_un address;
	socklen_t len = notify_address(&address);
	int fd, result = 1;

	if (len == 0)
		return 1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
	    sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT,
		   (struct sockaddr *)&address, len) < 0)
		result = errno == EAGAIN ? 0 : -1;
	if (result < 0)
		log_warning("could not notify the service manager of %s: %s",
			    state, strerror(errno));
	if (fd >= 0)
		close(fd);
	return result;
}

bool
notify(const char *state)
{
	return try_state(state) > 0;
}

static void
send_ready(void *arg)
{
	struct notify_ready *n = arg;
	int result = try_state("READY=1");

	n->sent = n->sent || result > 0;
	if (result == 0 && !n->sent)
		timer_arm(n->again, AGAIN_MS);
}

struct notify_ready *
notify_ready_new(struct loop *loop)
{
	struct notify_ready *n = alloc_zero(1, sizeof(*n));

	n->again = timer_new(loop, send_ready, n);
	return n;
}

void
notify_ready(struct notify_ready *n)
{
	send_ready(n);
}

void
notify_ready_free(struct notify_ready **ready)
{
	if (*ready == NULL)
		return;
	timer_free(&(*ready)->again);
	free(*ready);
	*ready = NULL;
}

int64_t
notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	long long interval = usec != NULL ? atoll(usec) : 0;

	if (pid != NULL && atoll(pid) != (long long)getpid())
		return 0;
	if (interval <= 0)
		return 0;
	return interval / 2000 > 0 ? interval / 2000 : 1;
}
