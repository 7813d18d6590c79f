/*
 * timing_wheel: finds what is due next in O(1). A ring of slots, one for each
 * step of time; each slot has a ring of its items, in the order they were
 * added.
 *
 * Items are numbers from 1 on, chosen by the owner, small and reused. A slot is
 * one second wide if the longest time ahead is at most 36 hours, else wider.
 * The owner keeps the exact times, and may leave an item in a slot that is too
 * early, but never in one that is too late.
 */
#ifndef DAEMON_TABLE_TIMING_WHEEL_H
#define DAEMON_TABLE_TIMING_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct timing_wheel;

/* The owner promises that the earliest and the latest item are never more than
 * longest + 1 seconds apart. */
struct timing_wheel *timing_wheel_new(uint32_t longest);
void timing_wheel_free(struct timing_wheel **);

void timing_wheel_add(struct timing_wheel *, uint32_t item, int64_t due);
void timing_wheel_remove(struct timing_wheel *, uint32_t item);

/* The first item of the first slot that is not empty, 0 if all are empty. No
 * item may be in a slot before that of *from, which moves on to that slot. */
uint32_t timing_wheel_first(const struct timing_wheel *, int64_t *from);
/* The last item in the slot whose first item is this one. */
uint32_t timing_wheel_last_beside(const struct timing_wheel *, uint32_t first);
/* The next item in the slot; after the last comes the first. */
uint32_t timing_wheel_after(const struct timing_wheel *, uint32_t item);

/* Whether the item, which is due at that time, is in the right slot. */
bool timing_wheel_in_place(const struct timing_wheel *, uint32_t item,
			   int64_t due);
/* Whether slots are one second wide: all items of a slot are due together. */
bool timing_wheel_exact(const struct timing_wheel *);

#endif
