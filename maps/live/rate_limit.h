/*
 * rate_limit: how many recipients a client has had within a window of time.
 *
 * Pure: now is an argument, in seconds of a clock that nobody sets. A client is
 * a 64-bit hash of its name. The window slides in steps of a twelfth: a sum is
 * never less than what came within the last window, and counts nothing that
 * came more than a window and a twelfth ago. So a limit that is checked against
 * it holds in every window, wherever it begins.
 *
 * Bounded: when full, the client that has been quiet for longest is forgotten.
 */
#ifndef MAPS_LIVE_RATE_LIMIT_H
#define MAPS_LIVE_RATE_LIMIT_H

#include <stddef.h>
#include <stdint.h>

enum { RATE_LIMIT_SLOTS = 13 }; /* twelve make a window; one is under way */

struct rate_limit;

/* window: seconds, at least 12. max: how many clients are remembered, at about
 * 100 bytes each, allocated as they come. */
struct rate_limit *rate_limit_new(uint32_t window, size_t max);
void rate_limit_free(struct rate_limit **);

void rate_limit_add(struct rate_limit *, uint64_t who, uint32_t count,
    int64_t now);
uint64_t rate_limit_sum(const struct rate_limit *, uint64_t who, int64_t now);

#endif
