/*
 * clocklib: sets the clocks of a running program. For tests, by LD_PRELOAD.
 *
 *	CLOCKS=FILE LD_PRELOAD=clocklib.so pop-before-smtp ...
 *
 * FILE is a struct page, mapped by the test and by every process of the program
 * alike: what each clock is ahead of the real one, in nanoseconds. As the
 * kernel does when a machine wakes up or its clock is set, it makes a timer of
 * the loop expire: whoever waits in epoll_wait(2) looks at the page each 10 ms.
 * tests/lib/clocks.py is the other side.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_MS = 10, NS = 1000000000 };

struct page {
	_Atomic int64_t wall, boot, monotonic;
	_Atomic int64_t changes; /* how often they have been set */
};

static struct page none, *page = &none;
static int wake = -1; /* the timer that the loop has armed last */
static int64_t seen;

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_settime)(int, int, const struct itimerspec *,
			   struct itimerspec *);
static int (*real_wait)(int, struct epoll_event *, int, int);

__attribute__((constructor)) static void
open_page(void)
{
	const char *path = getenv("CLOCKS");
	void *at;
	int fd;

	*(void **)&real_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	*(void **)&real_settime = dlsym(RTLD_NEXT, "timerfd_settime");
	*(void **)&real_wait = dlsym(RTLD_NEXT, "epoll_wait");
	fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	at = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  0);
	close(fd);
	if (at != MAP_FAILED)
		page = at;
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	int64_t ahead = 0, ns;
	int result;

	if (real_gettime == NULL)
		open_page();
	result = real_gettime(id, out);
	if (id == CLOCK_REALTIME)
		ahead = page->wall;
	else if (id == CLOCK_BOOTTIME)
		ahead = page->boot;
	else if (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE)
		ahead = page->monotonic;
	ns = out->tv_nsec + ahead % NS + NS;
	out->tv_sec += ahead / NS + ns / NS - 1;
	out->tv_nsec = ns % NS;
	return result;
}

time_t
time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}

int
timerfd_settime(int fd, int flags, const struct itimerspec *new,
		struct itimerspec *old)
{
	if (flags == 0)
		wake = fd;
	return real_settime(fd, flags, new, old);
}

/* The timer expires now: whoever set it looks at the clock. */
static void
expire(void)
{
	static const struct itimerspec now = {.it_value.tv_nsec = 1};

	seen = page->changes;
	if (wake >= 0)
		real_settime(wake, 0, &now, NULL);
}

int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	int count;

	do {
		if (page->changes != seen)
			expire();
		count =
		    real_wait(fd, events, max, timeout < 0 ? WAIT_MS : timeout);
	} while (count == 0 && timeout < 0);
	return count;
}
