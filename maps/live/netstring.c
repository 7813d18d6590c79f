#include "maps/live/netstring.h"

#include <stdio.h>
#include <string.h>

ssize_t
netstring_parse(const char *bytes, size_t len, size_t max, const char **string,
		size_t *string_len)
{
	size_t at = 0, want = 0;

	for (; at < len && bytes[at] >= '0' && bytes[at] <= '9'; at++) {
		if (at > 0 && want == 0)
			return -1; /* a leading zero */
		want = want * 10 + (size_t)(bytes[at] - '0');
		if (want > max)
			return -1;
	}
	if (at == len)
		return 0;
	if (at == 0 || bytes[at] != ':')
		return -1;
	at++;
	if (len - at <= want)
		return 0;
	if (bytes[at + want] != ',')
		return -1;
	*string = bytes + at;
	*string_len = want;
	return (ssize_t)(at + want + 1);
}

size_t
netstring_format(char *out, const char *string, size_t len)
{
	size_t at = (size_t)snprintf(out, NETSTRING_FRAME_MAX, "%zu:", len);

	memcpy(out + at, string, len);
	out[at + len] = ',';
	return at + len + 1;
}
