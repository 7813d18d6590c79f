/*
 * parallel: independent pieces of work, shared by several threads.
 */
#ifndef PATTERNS_MATCH_PARALLEL_H
#define PATTERNS_MATCH_PARALLEL_H

#include <stddef.h>

typedef void parallel_fn(void *arg, size_t i);

/*
 * Calls fn once for each i below count, and returns when all calls have. They
 * run in any order, at the same time, in this thread and in others: as many as
 * we may use processors, one for `share' pieces at most, and none if the system
 * allows no more. The other threads block all signals.
 */
void parallel_each(size_t count, size_t share, parallel_fn *, void *arg);

#endif
