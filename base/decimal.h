/*
 * decimal: numbers as text, where hundreds of thousands are written at once:
 * printf(3) takes ten times as long.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdint.h>
#include <string.h>

enum { DECIMAL_MAX = 20 }; /* bytes of INT64_MIN */

/* Writes at most DECIMAL_MAX bytes, without a NUL. Returns their end. */
static inline char *
decimal_put(char *out, int64_t number)
{
	static const char pairs[] = "00010203040506070809"
				    "10111213141516171819"
				    "20212223242526272829"
				    "30313233343536373839"
				    "40414243444546474849"
				    "50515253545556575859"
				    "60616263646566676869"
				    "70717273747576777879"
				    "80818283848586878889"
				    "90919293949596979899";
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char digits[DECIMAL_MAX], *end = digits + DECIMAL_MAX, *at = end;

	for (; left >= 100; left /= 100)
		memcpy(at -= 2, pairs + left % 100 * 2, 2);
	if (left >= 10)
		memcpy(at -= 2, pairs + left * 2, 2);
	else
		*--at = (char)('0' + left);
	if (number < 0)
		*out++ = '-';
	memcpy(out, at, (size_t)(end - at));
	return out + (end - at);
}

#endif
