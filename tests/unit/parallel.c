/*
 * parallel: each piece is done once, whatever number of threads there are, and
 * the threads are no more than can be of use.
 */
#include "patterns/match/parallel.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/tap.h"

enum { PIECES = 1000 };

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *),
		      void *);

static int created, allowed;

/* In the place of libc's: counts, and allows only so many. */
int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
	       void *(*run)(void *), void *arg)
{
	void *real = dlsym(RTLD_NEXT, "pthread_create");
	create_fn *create;

	if (created == allowed)
		return EAGAIN;
	created++;
	memcpy(&create, &real, sizeof(create));
	return create(thread, attr, run, arg);
}

struct pieces {
	atomic_int done[PIECES];
	atomic_int unblocked;
	pthread_t caller;
};

static void
do_piece(void *arg, size_t i)
{
	struct pieces *p = arg;
	sigset_t blocked;

	p->done[i]++;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	if (!pthread_equal(pthread_self(), p->caller) &&
	    !sigismember(&blocked, SIGTERM))
		p->unblocked++;
}

/* Does `count' pieces; how many of them were not done exactly once, or how many
 * others were done. */
static int
run(size_t count, size_t share)
{
	static struct pieces p;
	sigset_t blocked;
	int wrong = 0;

	memset(&p, 0, sizeof(p));
	p.caller = pthread_self();
	created = 0;
	parallel_each(count, share, do_piece, &p);
	for (size_t i = 0; i < PIECES; i++)
		wrong += p.done[i] != (i < count);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	return wrong + p.unblocked + sigismember(&blocked, SIGTERM);
}

int
main(void)
{
	cpu_set_t all, one;
	int cpus;

	sched_getaffinity(0, sizeof(all), &all);
	cpus = CPU_COUNT(&all);
	allowed = 100;
	is_int(run(PIECES, 1), 0, "each piece is done");
	ok(created == cpus - 1 || (cpus > 4 && created == 3),
	   "by as many threads as there are processors");
	is_int(run(0, 1), 0, "no piece");
	is_int(created, 0, "needs no thread");
	is_int(run(1, 1), 0, "one piece");
	is_int(created, 0, "needs none either");
	is_int(run(199, 100), 0, "less than two shares");
	is_int(created, 0, "are not worth one");
	is_int(run(200, 100), 0, "two shares");
	is_int(created, cpus > 1, "are worth one");
	allowed = 0;
	is_int(run(PIECES, 1), 0, "without any thread all is done");
	allowed = 100;
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, &all) && CPU_COUNT(&one) == 0)
			CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	is_int(run(PIECES, 1), 0, "with one processor all is done");
	is_int(created, 0, "and no thread is made");
	return tap_done();
}
