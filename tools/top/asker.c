#include "tools/top/asker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ctlsocket.h"
#include "base/err.h"
#include "base/loop.h"

/* A daemon that cannot take a connection at once is hung. */
enum { CONNECT_MS = 200, PIECE = 64 * 1024 };

struct asker {
	struct loop *loop;
	const char *path;
	asker_fn *fn;
	void *arg;
	int fd; /* -1: nothing is asked */
	struct timer *patience;
	char *answer; /* so far */
	size_t len, size;
};

static void
hang_up(struct asker *a)
{
	if (a->fd < 0)
		return;
	timer_disarm(a->patience);
	loop_unwatch(a->loop, a->fd);
	close(a->fd);
	a->fd = -1;
}

static void
fail(struct asker *a, const struct err *err)
{
	hang_up(a);
	a->fn(a->arg, NULL, err);
}

static void
finish(struct asker *a)
{
	char *answer = a->answer;
	struct err err;

	answer[a->len] = '\0';
	a->answer = NULL;
	hang_up(a);
	if (ctlsocket_cut(answer, &err) == CTLSOCKET_YES)
		a->fn(a->arg, answer, NULL);
	else
		a->fn(a->arg, NULL, &err);
	free(answer);
}

static void
on_silence(void *arg)
{
	struct asker *a = arg;
	struct err err;

	err_set(&err, "%s: no answer for %d s", a->path,
		ASKER_TIMEOUT_MS / 1000);
	fail(a, &err);
}

/* Keeps a byte free for the final NUL. */
static void
on_readable(void *arg, uint32_t events)
{
	struct asker *a = arg;
	struct err err;
	ssize_t got;

	(void)events;
	if (a->size - a->len <= PIECE) {
		a->size = (a->size + PIECE) * 2;
		a->answer = alloc_resize(a->answer, a->size, 1);
	}
	got =
	    recv(a->fd, a->answer + a->len, a->size - a->len - 1, MSG_DONTWAIT);
	if (got > 0) {
		a->len += (size_t)got;
		timer_arm(a->patience, ASKER_TIMEOUT_MS);
	} else if (got == 0) {
		finish(a);
	} else if (errno != EAGAIN && errno != EINTR) {
		err_set(&err, "%s: %s", a->path, strerror(errno));
		fail(a, &err);
	}
}

struct asker *
asker_new(struct loop *loop, const char *path, void *arg)
{
	struct asker *a = alloc_zero(1, sizeof(*a));

	a->loop = loop;
	a->path = path;
	a->arg = arg;
	a->fd = -1;
	a->patience = timer_new(loop, on_silence, a);
	return a;
}

void
asker_free(struct asker **asker)
{
	struct asker *a = *asker;

	*asker = NULL;
	if (a == NULL)
		return;
	hang_up(a);
	timer_free(&a->patience);
	free(a->answer);
	free(a);
}

bool
asker_is_busy(const struct asker *a)
{
	return a->fd >= 0;
}

void
asker_ask(struct asker *a, const char *request, asker_fn *fn)
{
	enum ctlsocket_reply failure;
	struct err err;

	a->fn = fn;
	free(a->answer);
	a->answer = NULL;
	a->len = a->size = 0;
	a->fd = ctlsocket_send(a->path, request, CONNECT_MS, &failure, &err);
	if (a->fd < 0 ||
	    loop_watch(a->loop, a->fd, POLLIN, on_readable, a, &err) != 0) {
		fail(a, &err);
		return;
	}
	timer_arm(a->patience, ASKER_TIMEOUT_MS);
}
