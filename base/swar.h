/*
 * swar: SIMD within a register: examines text eight bytes at a time.
 *
 * The header of each log line is parsed, and its words are short: a loop over
 * the bytes would spend most of its time on mispredicted branches at their
 * ends.
 *
 * Marks are words in which the highest bit of a byte is set where a test is
 * true. They are right up to the first byte that is marked, and may be wrong
 * after it because of a carry, so only the first mark can be used. The first
 * byte of the text is the lowest byte of the word.
 */
#ifndef BASE_SWAR_H
#define BASE_SWAR_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SWAR_EACH UINT64_C(0x0101010101010101) /* times a byte */
#define SWAR_HIGH (SWAR_EACH * 0x80)

static inline uint64_t
swar_load(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return le64toh(w);
}

/* The number of bytes before the first mark; there must be one. */
static inline size_t
swar_first(uint64_t marks)
{
	return (size_t)__builtin_ctzll(marks) / 8;
}

/* All bits of the bytes before the first mark; there must be one. */
static inline uint64_t
swar_before(uint64_t marks)
{
	return ((marks & -marks) >> 7) - 1;
}

static inline uint64_t
swar_equal(uint64_t w, char c)
{
	w ^= SWAR_EACH * (unsigned char)c;
	return (w - SWAR_EACH) & ~w & SWAR_HIGH;
}

/* Marks spaces, control characters and what is not ASCII. */
static inline uint64_t
swar_not_graphic(uint64_t w)
{
	return ((w - SWAR_EACH * '!') | (w + SWAR_EACH)) & SWAR_HIGH;
}

/* Marks what is not a digit. In *values, digits are 0 to 9. */
static inline uint64_t
swar_not_digit(uint64_t w, uint64_t *values)
{
	w ^= SWAR_EACH * '0';
	*values = w;
	return ((w + SWAR_EACH * (0x80 - 10)) | w) & SWAR_HIGH;
}

/* The number that the first n digits (1 to 8) make. */
static inline uint32_t
swar_number(uint64_t values, size_t n)
{
	uint64_t w = values << (64 - 8 * n); /* leading zeros */

	w = (w * 10 + (w >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
	w = (w * 100 + (w >> 16)) & UINT64_C(0x0000ffff0000ffff);
	return (uint32_t)(w * 10000 + (w >> 32));
}

/*
 * Whether the eight bytes at p look like the picture, in which '0' matches any
 * digit and each other byte (below 0x80) itself. XOR leaves 0 to 9 under a '0'
 * and 0 under another byte; anything greater is carried into the byte's highest
 * bit.
 */
static inline bool
swar_looks_like(const char *p, const char *picture)
{
	uint64_t want, got, literal, room;

	memcpy(&want, picture, sizeof(want));
	memcpy(&got, p, sizeof(got));
	literal = (((want ^ SWAR_EACH * '0') + SWAR_EACH * 0x7f) >> 7) &
		  SWAR_EACH;
	room = SWAR_EACH * (0x80 - 10) + literal * 9;
	got ^= want;
	return (((got + room) | got) & SWAR_HIGH) == 0;
}

#endif
