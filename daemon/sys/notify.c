#include "daemon/sys/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

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

/* The queue of a manager that does not read is soon full. Only READY=1 waits
 * for it, since the start would fail without. */
static int
send_flags(const char *state)
{
	return MSG_NOSIGNAL |
	       (strncmp(state, "READY=", 6) == 0 ? 0 : MSG_DONTWAIT);
}

bool
notify(const char *state)
{
	struct sockaddr_un address;
	socklen_t len = notify_address(&address);
	bool sent;
	int fd;

	if (len == 0)
		return true;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	sent = fd >= 0 && sendto(fd, state, strlen(state), send_flags(state),
				 (struct sockaddr *)&address, len) >= 0;
	if (!sent && errno != EAGAIN)
		log_warning("could not notify the service manager of %s: %s",
			    state, strerror(errno));
	if (fd >= 0)
		close(fd);
	return sent;
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
