/*
 * monotonic: measures how long something takes, in code that blocks the loop.
 *
 * All other code takes the time from the loop (base/loop.h), which reads its
 * clocks once per round.
 */
#ifndef BASE_MONOTONIC_H
#define BASE_MONOTONIC_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC. Only differences between two calls have a
 * meaning. */
int64_t monotonic_ms(void);

/* Seconds of the same clock, some milliseconds late. Much cheaper, for what is
 * asked with each login. */
int64_t monotonic_seconds(void);

#endif
