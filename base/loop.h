/*
 * loop: one thread, one epoll, timers and signals.
 *
 * Nothing else in the program asks for the time: each round the loop reads both
 * clocks once, and everybody works with that. Without events and timers the
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
 * wall: seconds since the epoch, what stamps in logs are compared with;
 * wall_ms: the same, finer.
 * steady_ms: milliseconds on a clock that nobody can set (CLOCK_BOOTTIME),
 * what lifetimes are measured on.
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

/* Watches fd (EPOLLIN, EPOLLOUT...). 0, or -1. The fd stays the caller's. */
int loop_watch(struct loop *, int fd, uint32_t events, loop_fd_fn *, void *arg,
    struct err *);
void loop_unwatch(struct loop *, int fd); /* before closing fd; safe in a handler */

/* Blocks signo and hands it to fn from the loop (signalfd). 0, or -1. */
int loop_signal(struct loop *, int signo, loop_signal_fn *, void *arg,
    struct err *);

/* A one-shot timer, unarmed at birth. Millisecond resolution, steady clock. */
struct timer *timer_new(struct loop *, loop_timer_fn *, void *arg);
void timer_arm(struct timer *, int64_t delay_ms); /* from now; re-arms */
void timer_disarm(struct timer *);
bool timer_armed(const struct timer *);
void timer_free(struct timer **);

/* The clocks as read at the beginning of this round. */
struct clocks loop_clocks(const struct loop *);
time_t loop_now(const struct loop *); /* .wall */

/* Runs until loop_stop(); returns its code. -1 and err: epoll failed. */
int loop_run(struct loop *, struct err *);
void loop_stop(struct loop *, int code);

#endif
