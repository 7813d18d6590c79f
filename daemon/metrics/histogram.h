/*
 * histogram: how many durations were no longer than each of some bounds.
 *
 * Pure. All durations are in milliseconds.
 */
#ifndef DAEMON_METRICS_HISTOGRAM_H
#define DAEMON_METRICS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_BOUNDS_MAX = 12 };

struct histogram {
	const int64_t *bounds; /* from the shortest to the longest; borrowed */
	size_t nbounds;	       /* at most HISTOGRAM_BOUNDS_MAX */
	/* Those longer than the bound before, and no longer than this one; the
	 * last: longer than all bounds. */
	uint64_t counts[HISTOGRAM_BOUNDS_MAX + 1];
	int64_t sum;
};

/* Counts a duration so many times. One below 0 counts as 0. */
void histogram_observe(struct histogram *, int64_t duration, uint64_t times);

/* How many were counted. */
uint64_t histogram_count(const struct histogram *);

#endif
