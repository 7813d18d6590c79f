#include "base/listenplace.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/unixsocket.h"

enum { EVERYBODY = 0666 };

static int
parse_inet(struct listenplace *p, const char *text, struct err *err)
{
	const char *colon = strrchr(text, ':');
	unsigned long port;
	char *end;

	if (colon == NULL ||
	    addr_parse(&p->addr, text, (size_t)(colon - text)) != 0)
		return err_set(err, "not ADDRESS:PORT");
	if (!addr_is_loopback(&p->addr))
		return err_set(err,
			       "%.*s is not a loopback address, such as "
			       "127.0.0.1: only this machine may ask",
			       (int)(colon - text), text);
	port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port == 0 ||
	    port > UINT16_MAX)
		return err_set(err, "'%s' is not a port (1 to %d)", colon + 1,
			       UINT16_MAX);
	p->path = NULL;
	p->port = (uint16_t)port;
	return 0;
}

int
listenplace_parse(struct listenplace *p, const char *text, struct err *err)
{
	if (strncmp(text, "unix:/", 6) == 0) {
		/* main.cf has unix:PATH:NAME. */
		if (strchr(strrchr(text, '/'), ':') != NULL)
			return err_set(err,
				       "write it without '%s', which "
				       "belongs in main.cf only",
				       strchr(strrchr(text, '/'), ':'));
		p->path = text + 5;
		return 0;
	}
	if (strncmp(text, "inet:", 5) == 0)
		return parse_inet(p, text + 5, err);
	return err_set(err, "neither unix:/PATH nor inet:ADDRESS:PORT");
}

static socklen_t
socket_address(const struct listenplace *p, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)out;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (p->addr.family == 4) {
		in->sin_family = AF_INET;
		in->sin_port = htons(p->port);
		memcpy(&in->sin_addr, p->addr.bytes, 4);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(p->port);
	memcpy(&in6->sin6_addr, p->addr.bytes, 16);
	return sizeof(*in6);
}

static int
listen_inet(const struct listenplace *p, int backlog, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len = socket_address(p, &address);
	int fd, yes = 1;

	fd = socket(address.ss_family,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
	    bind(fd, (struct sockaddr *)&address, len) == 0 &&
	    listen(fd, backlog) == 0)
		return fd;
	err_set(err, "%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int
listenplace_check(const struct listenplace *p, struct err *err)
{
	struct stat st;
	char *dir;
	int result;

	if (p->path == NULL)
		return 0;
	dir =
	    alloc_bytes(p->path, (size_t)(strrchr(p->path, '/') - p->path) + 1);
	result = access(dir, W_OK | X_OK);
	if (result != 0)
		err_set(err, "directory %.*s: %s",
			(int)strlen(dir) - (dir[1] != '\0'), dir,
			strerror(errno));
	free(dir);
	if (result == 0 && lstat(p->path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return err_set(err, "%s: exists and is not a socket", p->path);
	return result;
}

int
listenplace_listen(const struct listenplace *p, int backlog, struct stat *node,
		   struct err *err)
{
	if (p->path == NULL)
		return listen_inet(p, backlog, err);
	return unixsocket_listen(p->path, EVERYBODY, backlog, node, err);
}
