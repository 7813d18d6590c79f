/*
 * decimal: numbers as text, where hundreds of thousands are written at once:
 * printf(3) takes ten times as long.
 */
#ifndef BASE_DECIMAL_H
#define BASE_DECIMAL_H

#include <stdint.h>

enum { DECIMAL_MAX = 20 }; /* bytes of INT64_MIN */

/* Writes at most DECIMAL_MAX bytes, without a NUL. Returns their end. */
static inline char *
decimal_put(char *out, int64_t number)
{
	uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
	char digits[DECIMAL_MAX], *at = digits + DECIMAL_MAX;

	do
		*--at = (char)('0' + left % 10);
	while ((left /= 10) > 0);
	if (number < 0)
		*out++ = '-';
	while (at < digits + DECIMAL_MAX)
		*out++ = *at++;
	return out;
}

#endif
