/*
 * sixteen: examines text sixteen bytes at a time.
 *
 * Compilers have vector types and compile comparisons of them to instructions
 * of the processor. What they cannot express is one bit for each byte, in which
 * the marks can be counted and found.
 */
#ifndef BASE_SIXTEEN_H
#define BASE_SIXTEEN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/swar.h"

/* A comparison of two yields all bits or none of each byte. */
typedef signed char sixteen __attribute__((vector_size(16)));

static inline sixteen
sixteen_load(const char *p)
{
	sixteen bytes;

	memcpy(&bytes, p, sizeof(bytes));
	return bytes;
}

/* Sums up a bit for each of eight bytes, the first byte's as the lowest. */
static inline uint32_t
sixteen_half(const char *mask)
{
	return (uint32_t)((swar_load(mask) & UINT64_C(0x8040201008040201)) *
				  SWAR_EACH >>
			  56);
}

/* sixteen_bits() for any processor. */
static inline uint32_t
sixteen_bits_of_halves(sixteen mask)
{
	char bytes[sizeof(mask)];

	memcpy(bytes, &mask, sizeof(bytes));
	return sixteen_half(bytes) | sixteen_half(bytes + 8) << 8;
}

/* A bit for each byte of what a comparison yields; the lowest for the first. */
static inline uint32_t
sixteen_bits(sixteen mask)
{
#ifdef __SSE2__
	return (uint32_t)__builtin_ia32_pmovmskb128(
	    (char __attribute__((vector_size(16))))mask);
#else
	return sixteen_bits_of_halves(mask);
#endif
}

/* Which of 64 bytes are c. */
static inline uint64_t
sixteen_find(const char *p, char c)
{
	uint64_t a = sixteen_bits((sixteen)(sixteen_load(p) == c));
	uint64_t b = sixteen_bits((sixteen)(sixteen_load(p + 16) == c));
	uint64_t d = sixteen_bits((sixteen)(sixteen_load(p + 32) == c));
	uint64_t e = sixteen_bits((sixteen)(sixteen_load(p + 48) == c));

	return a | b << 16 | d << 32 | e << 48;
}

#endif
