#include "daemon/conf/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(char *text, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		uint32_t group = (uint32_t)b[i] << 16;

		if (n > 1)
			group |= (uint32_t)b[i + 1] << 8;
		if (n > 2)
			group |= b[i + 2];
		for (size_t k = 0; k < 4; k++)
			*text++ =
			    k > n ? '=' : alphabet[group >> (18 - 6 * k) & 63];
	}
	*text = '\0';
}

/* -1: not in the alphabet. */
static int
value_of(char c)
{
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	return at == NULL ? -1 : (int)(at - alphabet);
}

/* Takes four characters as n bytes, 1 to 3. The bits that belong to no byte
 * must be 0, or several texts would mean the same. */
static int
decode_group(unsigned char *bytes, size_t n, const char *text)
{
	uint32_t group = 0;

	for (size_t k = 0; k < 4; k++) {
		int value = k > n && text[k] == '=' ? 0 : value_of(text[k]);

		if (value < 0 || (k > n && text[k] != '='))
			return -1;
		group = group << 6 | (uint32_t)value;
	}
	for (size_t k = 0; k < n; k++)
		bytes[k] = (unsigned char)(group >> (16 - 8 * k));
	return (group & ((1u << (24 - 8 * n)) - 1)) == 0 ? 0 : -1;
}

int
base64_decode(void *bytes, size_t len, const char *text, size_t text_len)
{
	unsigned char *b = bytes;

	if (text_len != BASE64_TEXT(len) - 1)
		return -1;
	for (size_t i = 0; i < len; i += 3)
		if (decode_group(b + i, len - i < 3 ? len - i : 3,
				 text + i / 3 * 4) != 0)
			return -1;
	return 0;
}
