/*
 * timing_wheel: what is due when, in O(1): a ring of slots by time, each a ring of
 * the items filed there, the first filed first.
 *
 * Items are numbers from 1 that the owner gives, small and reused. A slot is
 * one second long if the longest time ahead is at most 36 hours, longer
 * beyond. The owner keeps the exact times, and may let an item lie in a slot
 * too early; never too late.
 */
#ifndef DAEMON_TABLE_TIMING_WHEEL_H
#define DAEMON_TABLE_TIMING_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct timing_wheel;

/* Between the earliest and the latest item there are never more than longest
 * seconds and one. */
struct timing_wheel *timing_wheel_new(uint32_t longest);
void timing_wheel_free(struct timing_wheel **);

void timing_wheel_add(struct timing_wheel *, uint32_t item, int64_t due);
void timing_wheel_remove(struct timing_wheel *, uint32_t item);

/* The first item of the first slot that is not empty, 0 = none. No item lies
 * in a slot before that of `from`. */
uint32_t timing_wheel_first(const struct timing_wheel *, int64_t from);
uint32_t timing_wheel_last_beside(const struct timing_wheel *, uint32_t first);
uint32_t timing_wheel_after(const struct timing_wheel *, uint32_t item); /* in a ring */

/* Whether an item that is due then lies in the right slot. */
bool timing_wheel_in_place(const struct timing_wheel *, uint32_t item, int64_t due);
bool timing_wheel_exact(const struct timing_wheel *); /* slots of one second */

#endif
