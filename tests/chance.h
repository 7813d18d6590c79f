/*
 * chance: for tests that try many cases, the same ones in each run.
 */
#ifndef TESTS_CHANCE_H
#define TESTS_CHANCE_H

#include <stdint.h>

/* A number from 0 to below limit; xorshift. */
static inline int
chance(int limit)
{
	static uint64_t state = 88172645463325252;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int)(state % (uint64_t)limit);
}

#endif
