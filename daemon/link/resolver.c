#include "daemon/link/resolver.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/loop.h"

/* getaddrinfo(3) and the modules that it loads need less. */
enum { STACK = 256 * 1024 };

struct answer {
	struct endpoint list[RESOLVER_ADDRESSES_MAX];
	size_t count;
	int error; /* of getaddrinfo(3) */
};

/* Owned and freed by the thread. Threads are not joined. */
struct question {
	char *host, port[8];
	int reply; /* the writing end of a pipe */
};

struct resolution {
	struct loop *loop;
	int reply;
	resolver_fn *fn;
	void *arg;
};

/* ---- in the thread ---- */

static void
collect(struct answer *answer, const struct addrinfo *found)
{
	for (; found != NULL && answer->count < RESOLVER_ADDRESSES_MAX;
	     found = found->ai_next) {
		struct endpoint *to = &answer->list[answer->count];

		if (found->ai_addrlen > sizeof(to->addr))
			continue;
		memcpy(&to->addr, found->ai_addr, found->ai_addrlen);
		to->len = found->ai_addrlen;
		answer->count++;
	}
}

/* An answer is shorter than PIPE_BUF, so the write is atomic. */
static void *
ask(void *arg)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct question *question = arg;
	struct answer answer = {.count = 0};
	struct addrinfo *found = NULL;

	answer.error =
	    getaddrinfo(question->host, question->port, &hints, &found);
	if (answer.error == 0) {
		collect(&answer, found);
		freeaddrinfo(found);
	}
	if (write(question->reply, &answer, sizeof(answer)) < 0)
		answer.error = errno; /* nobody waits for it any more */
	close(question->reply);
	free(question->host);
	free(question);
	return NULL;
}

static int
start_thread(struct question *question)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_create(&thread, &attributes, ask, question);
	pthread_attr_destroy(&attributes);
	return error;
}

/* ---- in the loop ---- */

/* The callback may cancel the resolution, and start another. */
static void
on_answer(void *arg, uint32_t events)
{
	struct resolution *resolution = arg;
	resolver_fn *fn = resolution->fn;
	void *fn_arg = resolution->arg;
	struct answer answer;
	ssize_t n = read(resolution->reply, &answer, sizeof(answer));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	loop_unwatch(resolution->loop, resolution->reply);
	if (n != (ssize_t)sizeof(answer))
		fn(fn_arg, NULL, 0, "address lookup: no answer");
	else if (answer.error != 0)
		fn(fn_arg, NULL, 0, gai_strerror(answer.error));
	else
		fn(fn_arg, answer.list, answer.count,
		   "the host has no address");
}

static struct question *
question_new(const char *host, uint16_t port, int reply)
{
	struct question *question = alloc_zero(1, sizeof(*question));

	question->host = alloc_string(host);
	snprintf(question->port, sizeof(question->port), "%u", port);
	question->reply = reply;
	return question;
}

struct resolution *
resolver_start(struct loop *loop, const char *host, uint16_t port,
	       resolver_fn *fn, void *arg, struct err *err)
{
	struct resolution *resolution;
	struct question *question;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return err_set(err, "pipe: %s", strerror(errno)), NULL;
	question = question_new(host, port, ends[1]);
	error = start_thread(question);
	if (error != 0) {
		close(ends[0]);
		close(ends[1]);
		free(question->host);
		free(question);
		return err_set(err, "thread: %s", strerror(error)), NULL;
	}
	resolution = alloc_zero(1, sizeof(*resolution));
	*resolution = (struct resolution){loop, ends[0], fn, arg};
	if (loop_watch(loop, ends[0], POLLIN, on_answer, resolution, err) == 0)
		return resolution;
	resolver_cancel(&resolution);
	return NULL;
}

void
resolver_cancel(struct resolution **resolution)
{
	if (*resolution == NULL)
		return;
	loop_unwatch((*resolution)->loop, (*resolution)->reply);
	close((*resolution)->reply);
	free(*resolution);
	*resolution = NULL;
}
