/*
 * calls: what the reader asks of the system goes through here, so that a
 * program can do something just before a call, or let time pass.
 */
#ifndef TESTS_MODEL_CALLS_H
#define TESTS_MODEL_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* Returns whether there is more to do. */
typedef bool calls_fn(void *arg);

/* Calls fn before the call number `first` from now that looks at a name or
 * opens a file, and then before each `gap`-th, while it returns true. opens:
 * only those count that open a file. */
void calls_meet(calls_fn *, void *arg, unsigned int first, unsigned int gap,
		bool opens);
/* Calls it for what is left to do, and then no more. */
void calls_finish(void);

/* Sets the clock of the loop, which nobody can set back, forth. */
void calls_pass_time(int64_t ms);

#endif
