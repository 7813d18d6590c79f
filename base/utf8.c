#include "base/utf8.h"

size_t
utf8_length(const unsigned char *bytes, size_t left)
{
	unsigned char first = bytes[0], low = 0x80, high = 0xbf;
	size_t len;

	if (first < 0x80)
		return 1;
	len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || left < len)
		return 0;
	/* The range of the second byte excludes overlong forms, surrogates and
	 * everything beyond U+10FFFF. */
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

bool
utf8_is_control(const unsigned char *character)
{
	return character[0] < 0x20 || character[0] == 0x7f ||
	       (character[0] == 0xc2 && character[1] < 0xa0);
}
