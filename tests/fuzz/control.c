/*
 * Whatever a client sends to the control socket: it gets an answer or is let
 * go, and the next one is served.
 */
#include "daemon/worker/control.h"

#include <assert.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/unixsocket.h"
#include "daemon/table/authtab.h"

enum { NOW = 1700000000, LIFETIME = 5000, GRACE = 1800, ROWS_MAX = 100 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;
static struct authtab *table;
static char *path;

static void
status(void *arg, FILE *out)
{
	(void)arg;
	fputs("lines 7\n", out);
}

static struct moment
now(void *arg)
{
	(void)arg;
	return (struct moment){NOW, LIFETIME};
}

static void
events(void *arg, uint64_t since, FILE *out)
{
	(void)arg;
	fprintf(out, "%llu\n", (unsigned long long)since + 1);
}

static const char *
added(void *arg, const struct authtab_login *login, int64_t seconds)
{
	(void)arg;
	(void)seconds;
	return login->addr.family == 6 ? "here only" : NULL;
}

static const char *
removed(void *arg, const struct addr *addr)
{
	(void)arg;
	return addr->family == 6 ? "here only" : NULL;
}

static bool
peers(void *arg, FILE *out)
{
	(void)arg;
	fputs("published pbs:pop1 1\n", out);
	return true;
}

static void
open_all(void)
{
	static const struct control_ops ops = {
	    .status = status, .metrics = status, .events = events,
	    .peers = peers, .now = now, .added = added, .removed = removed};
	struct stat node;
	struct err err;
	int fd;

	path = alloc_format("/tmp/pbs-fuzz-%ld.ctl", (long)getpid());
	unlink(path);
	log_open("/dev/null", false, &err);
	loop = loop_new(&err);
	table = authtab_new(GRACE, ROWS_MAX, NULL, NULL);
	fd = unixsocket_listen(path, 0600, 16, &node, &err);
	assert(loop != NULL && control_new(loop, fd, table, &ops, &err));
}

static void
take_answer(void *arg, uint32_t events)
{
	char buffer[4096];

	(void)events;
	if (recv(*(int *)arg, buffer, sizeof(buffer), 0) <= 0)
		loop_stop(loop, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err;
	int fd;

	if (loop == NULL)
		open_all();
	fd = unixsocket_connect(path, 1000);
	assert(fd >= 0);
	send(fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_WR);
	assert(loop_watch(loop, fd, POLLIN, take_answer, &fd, &err) == 0);
	assert(loop_run(loop, &err) == 0);
	loop_unwatch(loop, fd);
	close(fd);
	return 0;
}
