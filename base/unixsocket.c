#include "base/unixsocket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

enum {
	PATH_MAX_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) - 1,
	/* What set_address() puts before the name, with any descriptor. */
	DIR_MAX_BYTES = sizeof("/proc/self/fd/2147483647/") - 1,
	NAME_MAX_BYTES = PATH_MAX_BYTES - DIR_MAX_BYTES
};

/* The last part of a path. */
static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

int
unixsocket_check(const char *path, struct err *err)
{
	if (strlen(path) <= PATH_MAX_BYTES ||
	    strlen(name_of(path)) <= NAME_MAX_BYTES)
		return 0;
	return err_set(err,
		       "%s: too long for a Unix socket: the path has more than "
		       "%d bytes, and its last part more than %d",
		       path, (int)PATH_MAX_BYTES, (int)NAME_MAX_BYTES);
}

/* sun_path is short, so a longer path is reached through its open directory.
 * The caller closes *dir after use; -1: it was not needed. */
static int
set_address(struct sockaddr_un *address, const char *path, int *dir)
{
	char *copy;
	int len;

	*dir = -1;
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) < sizeof(address->sun_path)) {
		memcpy(address->sun_path, path, strlen(path));
		return 0;
	}
	copy = alloc_string(path);
	*dir = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (*dir < 0)
		return -1;
	len = snprintf(address->sun_path, sizeof(address->sun_path),
		       "/proc/self/fd/%d/%s", *dir, name_of(path));
	if (len < (int)sizeof(address->sun_path))
		return 0;
	close(*dir);
	*dir = -1;
	errno = ENAMETOOLONG;
	return -1;
}

typedef int address_fn(int, const struct sockaddr *, socklen_t);

/* bind(2) or connect(2). */
static int
with_address(address_fn *call, int fd, const char *path)
{
	struct sockaddr_un address;
	int dir, result, saved;

	if (set_address(&address, path, &dir) != 0)
		return -1;
	result = call(fd, (struct sockaddr *)&address, sizeof(address));
	saved = errno;
	if (dir >= 0)
		close(dir);
	errno = saved;
	return result;
}

/* glibc declares both functions with a union of pointers as the parameter, so
 * address_fn cannot point to them directly. */
static int
call_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	return connect(fd, address, len);
}

static int
call_bind(int fd, const struct sockaddr *address, socklen_t len)
{
	return bind(fd, address, len);
}

pid_t
unixsocket_listener(int fd)
{
	struct ucred peer = {.pid = 0};
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0
		   ? peer.pid
		   : 0;
}

/* The children of a dead process may still hold its socket for a while. */
static bool
is_listener_dead(int fd)
{
	pid_t pid = unixsocket_listener(fd);

	return pid != 0 && kill(pid, 0) != 0 && errno == ESRCH;
}

/* As connect(2). */
static int
connect_to(int fd, const char *path)
{
	if (with_address(call_connect, fd, path) != 0)
		return -1;
	if (!is_listener_dead(fd))
		return 0;
	errno = ECONNREFUSED;
	return -1;
}

int
unixsocket_connect(const char *path, int timeout_ms)
{
	struct timeval patience = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int saved;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect_to(fd, path) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

/* Frees the path. 0, or -1: it is in use. */
static int
make_room(const char *path, struct err *err)
{
	struct stat st;
	pid_t pid = 0;
	int fd;

	if (lstat(path, &st) != 0)
		return errno == ENOENT
			   ? 0
			   : err_set(err, "%s: %s", path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, "%s: exists and is not a socket", path);
	fd = unixsocket_connect(path, 1000);
	if (fd < 0 && errno != ECONNREFUSED && errno != ENOENT)
		return err_set(err, "%s: another process listens there (%s)",
			       path, strerror(errno));
	if (fd >= 0) {
		pid = unixsocket_listener(fd);
		close(fd);
	}
	if (pid != 0 && pid != getpid())
		return err_set(err,
			       "%s: process %ld listens there; is it "
			       "already running?",
			       path, (long)pid);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_set(err, "%s: unlink: %s", path, strerror(errno));
	return 0;
}

/* On Linux the file gets the mode of the socket, less the umask. So there is no
 * moment in which others could connect. */
static int
bind_with_mode(int fd, const char *path, mode_t mode)
{
	mode_t mask = umask(0);
	int result = fchmod(fd, mode);

	if (result == 0)
		result = with_address(call_bind, fd, path);
	umask(mask);
	return result;
}

/* ENOENT means that the directory is missing. */
static void
set_bind_error(const char *path, struct err *err)
{
	int error = errno;
	const char *name = strrchr(path, '/');

	if (error == ENOENT && name != NULL)
		err_set(err, "directory %.*s: %s", (int)(name - path), path,
			strerror(error));
	else
		err_set(err, "%s: %s", path, strerror(error));
}

int
unixsocket_listen(const char *path, mode_t mode, int backlog, struct stat *node,
		  struct err *err)
{
	int fd;

	if (unixsocket_check(path, err) != 0 || make_room(path, err) != 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_with_mode(fd, path, mode) == 0 &&
	    listen(fd, backlog) == 0 && lstat(path, node) == 0)
		return fd;
	set_bind_error(path, err);
	if (fd >= 0)
		close(fd);
	return -1;
}

void
unixsocket_remove(const char *path, const struct stat *node)
{
	struct stat st;

	if (lstat(path, &st) == 0 && st.st_dev == node->st_dev &&
	    st.st_ino == node->st_ino)
		unlink(path);
}
