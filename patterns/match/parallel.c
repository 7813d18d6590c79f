#include "patterns/match/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

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
	size_t cpus;
	cpu_set_t set;

	if (most < 2 || sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	cpus = (size_t)CPU_COUNT(&set);
	return (cpus < most ? cpus : most) - 1;
}

/* Returns how many the system allowed. */
static size_t
start(pthread_t *threads, size_t count, struct work *work)
{
	sigset_t all, old;
	pthread_attr_t attr;
	size_t started = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (started < count && pthread_create(&threads[started], &attr,
						 do_pieces, work) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return started;
}

void
parallel_each(size_t count, size_t share, parallel_fn *fn, void *arg)
{
	struct work work = {.fn = fn, .arg = arg, .count = count};
	size_t useful = useful_threads(count / share), started = 0;
	pthread_t threads[THREADS_MAX];

	if (useful > 0)
		started = start(threads, useful, &work);
	do_pieces(&work);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}
