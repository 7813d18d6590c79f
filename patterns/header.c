#include "patterns/header.h"

#include <limits.h>
#include <stdint.h>

const char *
header_take_stamp(struct logline *l, const char *p, const char *end)
{
	size_t len = stamp_find(p, end, &l->stamp_kind);

	if (len == 0 || p + len == end || p[len] != ' ')
		return NULL;
	l->stamp = p;
	l->stamp_len = len;
	return p + len + 1;
}

const char *
header_take_number(int *number, const char *p, const char *end)
{
	const char *q = p;
	int64_t value = 0;

	for (; q < end && *q >= '0' && *q <= '9'; q++) {
		value = value * 10 + *q - '0';
		if (value > INT_MAX)
			return NULL;
	}
	if (q == p)
		return NULL;
	*number = (int)value;
	return q;
}
