/*
 * loop: an event loop for one thread, with descriptors, timers and signals.
 *
 * The loop reads both clocks once per round, and the rest of the program uses
 * these values instead of asking for the time. Without events and timers the
 * process sleeps and is not woken.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct err;
struct loop;
struct timer;

/*
 * wall: seconds since the epoch, to compare with time stamps in logs.
 * wall_ms: the same in milliseconds.
 * steady_ms: milliseconds of a clock that cannot be set (CLOCK_BOOTTIME), to
 * measure lifetimes.
 */
struct clocks {
	time_t wall;
	int64_t wall_ms;
	int64_t steady_ms;
};

typedef void loop_fd_fn(void *arg, uint32_t epoll_events);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signo);

struct loop *loop_new(struct err *);
void loop_free(struct loop **);

/* Watches fd for events (EPOLLIN, EPOLLOUT...); it still belongs to the caller.
 * 0, or -1. */
int loop_watch(struct loop *, int fd, uint32_t events, loop_fd_fn *, void *arg,
    struct err *);
/* Must be called before fd is closed. Handlers may call it. */
void loop_unwatch(struct loop *, int fd);

/* Blocks signo, and has the loop call fn for it (signalfd(2)). 0, or -1. */
int loop_signal(struct loop *, int signo, loop_signal_fn *, void *arg,
    struct err *);

/* Creates a one-shot timer on the steady clock. It is not armed yet. */
struct timer *timer_new(struct loop *, loop_timer_fn *, void *arg);
void timer_arm(struct timer *, int64_t delay_ms); /* from now; may re-arm */
void timer_disarm(struct timer *);
bool timer_armed(const struct timer *);
void timer_free(struct timer **);

/* The clocks as they were at the beginning of this round. */
struct clocks loop_clocks(const struct loop *);
time_t loop_now(const struct loop *); /* .wall */

/*
 * The wall clock can be set back, and what was written before that bears times
 * which are too late by as much. So the loop remembers its lead, the
 * milliseconds by which the wall clock was ahead of the steady one: the largest
 * since loop_new() or loop_forget_lead(), or of another loop before this one
 * (loop_know_lead()).
 */
int64_t loop_lead_ms(const struct loop *);     /* now, not the largest */
int64_t loop_set_back_ms(const struct loop *); /* since the largest; not < 0 */
int64_t loop_largest_lead_ms(const struct loop *);
void loop_know_lead(struct loop *, int64_t lead_ms);
void loop_forget_lead(struct loop *);

/* Runs until loop_stop(), and returns its code. -1: epoll failed, see err. */
int loop_run(struct loop *, struct err *);
void loop_stop(struct loop *, int code);

#endif
