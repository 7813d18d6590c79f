#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

enum { EVENTS_MAX = 64, SIGNALS_MAX = 65 };
static const int64_t NEVER = INT64_MAX;

/*
 * Watches are in an array, indexed by descriptor. An event carries the
 * descriptor and the generation of its watch. So an event is recognized as
 * outdated and dropped if a handler of the same round has closed the
 * descriptor, or if the number is in use again.
 */
struct watch {
	loop_fd_fn *fn; /* NULL = not watched */
	void *arg;
	uint32_t generation;
	bool always; /* a regular file: epoll refuses it, it is always ready */
};

struct timer {
	struct loop *loop;
	loop_timer_fn *fn;
	void *arg;
	int64_t deadline; /* steady ms */
	uint64_t round;	  /* when it was armed */
	bool armed;
	struct timer *before, *after; /* by deadline */
};

struct loop {
	int epoll, wake, clock_set, signals;
	int64_t wake_at; /* when the timerfd wakes us, steady ms */
	struct clocks clocks;
	int64_t lead_ms; /* the largest */
	uint64_t round;
	struct timer *first, *last;
	struct watch *watches;
	int nwatches;
	int nalways;
	sigset_t blocked; /* by us */
	struct {
		loop_signal_fn *fn;
		void *arg;
	} on_signal[SIGNALS_MAX];
	bool stopped;
	int code;
};

static int64_t
steady_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
read_clocks(struct loop *loop)
{
	struct timespec wall;

	clock_gettime(CLOCK_REALTIME, &wall);
	loop->clocks.wall = wall.tv_sec;
	loop->clocks.wall_ms =
	    (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000;
	loop->clocks.steady_ms = steady_ns() / 1000000;
	loop_know_lead(loop, loop_lead_ms(loop));
}

/* ---- waking up ---- */

static void
on_wake(void *arg, uint32_t events)
{
	struct loop *loop = arg;
	uint64_t times;

	(void)events;
	if (read(loop->wake, &times, sizeof(times)) > 0)
		loop->wake_at = NEVER;
}

/* Arms a timer that never expires, but is cancelled when the clock is set. */
static int
await_clock_set(struct loop *loop)
{
	static const struct itimerspec far = {.it_value.tv_sec = 1LL << 33};

	return timerfd_settime(loop->clock_set,
			       TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET,
			       &far, NULL);
}

static void
on_clock_set(void *arg, uint32_t events)
{
	struct loop *loop = arg;
	uint64_t times;

	(void)events;
	if (read(loop->clock_set, &times, sizeof(times)) < 0 &&
	    errno != ECANCELED)
		return;
	if (await_clock_set(loop) < 0)
		loop_unwatch(loop, loop->clock_set);
}

/*
 * Sets the wake-up for the first timer. The clock is read again, because the
 * round may have taken long, and the time is relative, because the kernel knows
 * nothing of a clock that a test has faked.
 */
static int
set_wake(struct loop *loop, struct err *err)
{
	int64_t deadline = loop->first ? loop->first->deadline : NEVER;
	struct itimerspec spec = {0};
	int64_t delay;

	if (deadline == loop->wake_at)
		return 0;
	if (deadline != NEVER) {
		delay = deadline * 1000000 - steady_ns();
		if (delay < 1)
			delay = 1; /* 0 would disarm it */
		spec.it_value.tv_sec = delay / 1000000000;
		spec.it_value.tv_nsec = delay % 1000000000;
	}
	if (timerfd_settime(loop->wake, 0, &spec, NULL) < 0)
		return err_set(err, "timerfd_settime: %s", strerror(errno));
	loop->wake_at = deadline;
	return 0;
}

/* ---- life cycle ---- */

static int
open_all(struct loop *loop, struct err *err)
{
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return err_set(err, "epoll_create1: %s", strerror(errno));
	loop->wake = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	loop->clock_set =
	    timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->wake < 0 || loop->clock_set < 0)
		return err_set(err, "timerfd_create: %s", strerror(errno));
	if (loop_watch(loop, loop->wake, EPOLLIN, on_wake, loop, err) < 0)
		return -1;
	if (await_clock_set(loop) < 0)
		return err_set(err, "timerfd_settime: %s", strerror(errno));
	return loop_watch(loop, loop->clock_set, EPOLLIN, on_clock_set, loop,
			  err);
}

struct loop *
loop_new(struct err *err)
{
	struct loop *loop = alloc_zero(1, sizeof(*loop));

	loop->epoll = loop->wake = loop->clock_set = loop->signals = -1;
	loop->wake_at = NEVER;
	sigemptyset(&loop->blocked);
	loop->lead_ms = INT64_MIN;
	read_clocks(loop);
	if (open_all(loop, err) < 0)
		loop_free(&loop);
	return loop;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
loop_free(struct loop **loop_p)
{
	struct loop *loop = *loop_p;

	if (loop == NULL)
		return;
	while (loop->first != NULL)
		timer_disarm(loop->first);
	close_fd(loop->signals);
	close_fd(loop->clock_set);
	close_fd(loop->wake);
	close_fd(loop->epoll);
	sigprocmask(SIG_UNBLOCK, &loop->blocked, NULL);
	free(loop->watches);
	free(loop);
	*loop_p = NULL;
}

/* ---- descriptors ---- */

static void
make_room(struct loop *loop, int fd)
{
	int count = loop->nwatches;

	if (fd < count)
		return;
	loop->nwatches = (fd | 15) + 1;
	loop->watches = alloc_resize(loop->watches, (size_t)loop->nwatches,
				     sizeof(*loop->watches));
	memset(loop->watches + count, 0,
	       (size_t)(loop->nwatches - count) * sizeof(*loop->watches));
}

int
loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn,
	   void *arg, struct err *err)
{
	struct epoll_event event = {.events = events};
	struct watch *watch;
	bool again, always = false;

	if (fd < 0)
		return err_set(err, "epoll_ctl: %s", strerror(EBADF));
	make_room(loop, fd);
	watch = &loop->watches[fd];
	again = watch->fn != NULL;
	if (!again)
		watch->generation++;
	event.data.u64 = (uint64_t)watch->generation << 32 | (uint32_t)fd;
	if (!(again && watch->always) &&
	    epoll_ctl(loop->epoll, again ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
		      &event) < 0) {
		if (errno != EPERM)
			return err_set(err, "epoll_ctl: %s", strerror(errno));
		always = true;
		loop->nalways++;
	}
	watch->always |= always;
	watch->fn = fn;
	watch->arg = arg;
	return 0;
}

void
loop_unwatch(struct loop *loop, int fd)
{
	struct watch *watch;

	if (fd < 0 || fd >= loop->nwatches || loop->watches[fd].fn == NULL)
		return;
	watch = &loop->watches[fd];
	if (watch->always)
		loop->nalways--;
	else
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
	watch->always = false;
	watch->fn = NULL;
}

/* ---- signals ---- */

static void
on_signals(void *arg, uint32_t events)
{
	struct loop *loop = arg;
	struct signalfd_siginfo info;
	uint32_t signo;

	(void)events;
	while (!loop->stopped &&
	       read(loop->signals, &info, sizeof(info)) == sizeof(info)) {
		signo = info.ssi_signo;
		if (signo < SIGNALS_MAX && loop->on_signal[signo].fn != NULL)
			loop->on_signal[signo].fn(loop->on_signal[signo].arg,
						  (int)signo);
	}
}

int
loop_signal(struct loop *loop, int signo, loop_signal_fn *fn, void *arg,
	    struct err *err)
{
	sigset_t one, old;
	int fd;

	if (signo < 1 || signo >= SIGNALS_MAX)
		return err_set(err, "signal %d: %s", signo, strerror(EINVAL));
	sigemptyset(&one);
	sigaddset(&one, signo);
	if (sigprocmask(SIG_BLOCK, &one, &old) < 0)
		return err_set(err, "sigprocmask: %s", strerror(errno));
	if (!sigismember(&old, signo))
		sigaddset(&loop->blocked, signo);
	loop->on_signal[signo].fn = fn;
	loop->on_signal[signo].arg = arg;
	for (int s = 1; s < SIGNALS_MAX; s++)
		if (loop->on_signal[s].fn != NULL)
			sigaddset(&one, s);
	fd = signalfd(loop->signals, &one, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return err_set(err, "signalfd: %s", strerror(errno));
	if (loop->signals == fd)
		return 0;
	loop->signals = fd;
	return loop_watch(loop, fd, EPOLLIN, on_signals, loop, err);
}

/* ---- timers ---- */

struct timer *
timer_new(struct loop *loop, loop_timer_fn *fn, void *arg)
{
	struct timer *timer = alloc_zero(1, sizeof(*timer));

	timer->loop = loop;
	timer->fn = fn;
	timer->arg = arg;
	return timer;
}

void
timer_free(struct timer **timer)
{
	if (*timer == NULL)
		return;
	timer_disarm(*timer);
	free(*timer);
	*timer = NULL;
}

/* The list is sorted by deadline. There are a few dozen timers at most, and a
 * new one usually belongs at the end. */
void
timer_arm(struct timer *timer, int64_t delay_ms)
{
	struct loop *loop = timer->loop;
	struct timer *before;

	timer_disarm(timer);
	timer->deadline =
	    loop->clocks.steady_ms + (delay_ms > 0 ? delay_ms : 0);
	timer->round = loop->round;
	timer->armed = true;
	for (before = loop->last; before != NULL; before = before->before)
		if (before->deadline <= timer->deadline)
			break;
	timer->before = before;
	timer->after = before ? before->after : loop->first;
	*(before ? &before->after : &loop->first) = timer;
	*(timer->after ? &timer->after->before : &loop->last) = timer;
}

void
timer_disarm(struct timer *timer)
{
	struct loop *loop = timer->loop;

	if (!timer->armed)
		return;
	*(timer->before ? &timer->before->after : &loop->first) = timer->after;
	*(timer->after ? &timer->after->before : &loop->last) = timer->before;
	timer->before = timer->after = NULL;
	timer->armed = false;
}

bool
timer_armed(const struct timer *timer)
{
	return timer->armed;
}

/* A timer that a handler arms in this round waits for the next round; otherwise
 * two timers could arm each other forever. It comes after all that are due. */
static void
run_timers(struct loop *loop)
{
	struct timer *timer;

	while (!loop->stopped && (timer = loop->first) != NULL &&
	       timer->deadline <= loop->clocks.steady_ms &&
	       timer->round != loop->round) {
		timer_disarm(timer);
		timer->fn(timer->arg); /* may free it */
	}
}

/* ---- running ---- */

struct clocks
loop_clocks(const struct loop *loop)
{
	return loop->clocks;
}

time_t
loop_now(const struct loop *loop)
{
	return loop->clocks.wall;
}

int64_t
loop_lead_ms(const struct loop *loop)
{
	return loop->clocks.wall_ms - loop->clocks.steady_ms;
}

int64_t
loop_largest_lead_ms(const struct loop *loop)
{
	return loop->lead_ms;
}

int64_t
loop_set_back_ms(const struct loop *loop)
{
	return loop->lead_ms - loop_lead_ms(loop);
}

void
loop_know_lead(struct loop *loop, int64_t lead_ms)
{
	if (lead_ms > loop->lead_ms)
		loop->lead_ms = lead_ms;
}

void
loop_forget_lead(struct loop *loop)
{
	loop->lead_ms = loop_lead_ms(loop);
}

static void
run_watches(struct loop *loop, const struct epoll_event *events, int count)
{
	struct watch *watch;

	for (int i = 0; i < count && !loop->stopped; i++) {
		watch = &loop->watches[(uint32_t)events[i].data.u64];
		if (watch->fn != NULL &&
		    watch->generation == events[i].data.u64 >> 32)
			watch->fn(watch->arg, events[i].events);
	}
	if (loop->nalways == 0)
		return;
	for (int fd = 0; fd < loop->nwatches && !loop->stopped; fd++) {
		watch = &loop->watches[fd];
		if (watch->fn != NULL && watch->always)
			watch->fn(watch->arg, EPOLLIN);
	}
}

static int
run_round(struct loop *loop, struct err *err)
{
	struct epoll_event events[EVENTS_MAX];
	int count;

	if (set_wake(loop, err) < 0)
		return -1;
	count = epoll_wait(loop->epoll, events, EVENTS_MAX,
			   loop->nalways > 0 ? 0 : -1);
	if (count < 0 && errno != EINTR)
		return err_set(err, "epoll_wait: %s", strerror(errno));
	loop->round++;
	read_clocks(loop);
	run_watches(loop, events, count);
	run_timers(loop);
	return 0;
}

int
loop_run(struct loop *loop, struct err *err)
{
	read_clocks(loop);
	loop->round++;
	while (!loop->stopped)
		if (run_round(loop, err) < 0)
			return -1;
	loop->stopped = false;
	return loop->code;
}

void
loop_stop(struct loop *loop, int code)
{
	loop->stopped = true;
	loop->code = code;
}
