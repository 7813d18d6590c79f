/*
 * tally: how many recipients somebody has had within a window of time.
 *
 * Pure: now is an argument, in seconds of a clock that nobody sets. Somebody
 * is a 64-bit hash. The window slides in steps of a twelfth: what tally_sum()
 * says is never less than what came within the last window, and nothing of
 * what came more than a window and a twelfth ago. So a limit that is kept by
 * it is kept in every window, wherever it begins.
 *
 * Bounded: when full, whoever has been quiet for longest is forgotten.
 */
#ifndef MAPS_TALLY_H
#define MAPS_TALLY_H

#include <stddef.h>
#include <stdint.h>

enum { TALLY_SLOTS = 13 }; /* twelve make a window, and the one begun */

struct tally;

/* window: seconds, at least 12. max: how many are remembered (80 bytes each,
 * taken as they come). */
struct tally *tally_new(uint32_t window, size_t max);
void tally_free(struct tally **);

void tally_add(struct tally *, uint64_t who, uint32_t count, int64_t now);
uint64_t tally_sum(const struct tally *, uint64_t who, int64_t now);
size_t tally_count(const struct tally *); /* who are remembered */

#endif
