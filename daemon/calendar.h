/*
 * calendar: what is due when, in O(1): a ring of slots by time, each a ring of
 * the items filed there, the first filed first.
 *
 * Items are numbers from 1 that the owner gives, small and reused. A slot is
 * one second long if the longest time ahead is at most 36 hours, longer
 * beyond. The owner keeps the exact times, and may let an item lie in a slot
 * too early; never too late.
 */
#ifndef DAEMON_CALENDAR_H
#define DAEMON_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct calendar;

/* Between the earliest and the latest item there are never more than longest
 * seconds and one. */
struct calendar *calendar_new(uint32_t longest);
void calendar_free(struct calendar **);

void calendar_add(struct calendar *, uint32_t item, int64_t due);
void calendar_remove(struct calendar *, uint32_t item);

/* The first item of the first slot that is not empty, 0 = none. No item lies
 * in a slot before that of `from`. */
uint32_t calendar_first(const struct calendar *, int64_t from);
uint32_t calendar_last_beside(const struct calendar *, uint32_t first);
uint32_t calendar_after(const struct calendar *, uint32_t item); /* in a ring */

/* Whether an item that is due then lies in the right slot. */
bool calendar_in_place(const struct calendar *, uint32_t item, int64_t due);
bool calendar_exact(const struct calendar *); /* slots of one second */

#endif
