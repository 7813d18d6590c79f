#include "patterns/match/parallel.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/thread.h"

enum {
	THREADS_MAX = 3, /* as many as scan a backlog */
	/* PCRE2 compiles expressions on the stack, at most 250 groups deep. */
	STACK = 2 * 1024 * 1024,
};

struct work {
	parallel_fn *fn;
	void *arg;
	size_t count;
	atomic_size_t next;
};

static void *
do_pieces(void *arg)
{
	struct work *work = arg;
	size_t i;

	while ((i = atomic_fetch_add(&work->next, 1)) < work->count)
		work->fn(work->arg, i);
	return NULL;
}

/* How many threads more are of use. */
static size_t
useful_threads(size_t shares)
{
	size_t most = shares < THREADS_MAX + 1 ? shares : THREADS_MAX + 1;
	size_t processors;

	if (most < 2)
		return 0;
	processors = thread_processors();
	return (processors < most ? processors : most) - 1;
}

void
parallel_each(size_t count, size_t share, parallel_fn *fn, void *arg)
{
	struct work work = {.fn = fn, .arg = arg, .count = count};
	size_t useful = useful_threads(count / share), started = 0;
	pthread_t threads[THREADS_MAX];

	while (started < useful &&
	       thread_start(&threads[started], STACK, do_pieces, &work))
		started++;
	do_pieces(&work);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}
