/*
 * monotonic: how long something takes, for code that runs while the loop waits.
 *
 * Everybody else takes the time from the loop (base/loop.h), which reads its
 * clocks once per round.
 */
#ifndef BASE_MONOTONIC_H
#define BASE_MONOTONIC_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC: only differences mean something, and only
 * within this process. */
int64_t monotonic_ms(void);

#endif
