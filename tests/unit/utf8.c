/* Every sequence of up to three bytes, and the borders of four, against a
 * decoder that computes the code point. */
#include "base/utf8.h"

#include <stdint.h>

#include "tests/tap.h"

/* The code point of len bytes; -1: they are not its shortest form. */
static long
decode(const unsigned char *b, size_t len)
{
	static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
	static const unsigned char lead[] = {0, 0x00, 0xc0, 0xe0, 0xf0};
	static const unsigned char mask[] = {0, 0x80, 0xe0, 0xf0, 0xf8};
	long code = b[0] & (unsigned char)~mask[len];

	if ((b[0] & mask[len]) != lead[len])
		return -1;
	for (size_t i = 1; i < len; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return -1;
		code = code << 6 | (b[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return -1;
	return code;
}

static int
is_wrong(const unsigned char *b, size_t left)
{
	size_t len = 1;
	long code;

	while (len <= left && decode(b, len) < 0)
		len++;
	if (len > left)
		return utf8_length(b, left) != 0;
	code = decode(b, len);
	return utf8_length(b, left) != len ||
	       utf8_is_control(b) !=
		   (code < 0x20 || (code >= 0x7f && code < 0xa0));
}

static void
up_to_three(void)
{
	int wrong = 0;

	for (uint32_t n = 0; n < 1 << 24; n++) {
		const unsigned char b[] = {(unsigned char)(n >> 16),
					   (unsigned char)(n >> 8),
					   (unsigned char)n};

		wrong += is_wrong(b, 3);
		if (n % 256 == 0)
			wrong += is_wrong(b, 2);
		if (n % 65536 == 0)
			wrong += is_wrong(b, 1);
	}
	is_int(wrong, 0, "one to three bytes");
}

static void
four(void)
{
	static const unsigned char ends[] = {0x00, 0x7f, 0x80,
					     0xbf, 0xc0, 0xff};
	int wrong = 0;

	for (uint32_t n = 0; n < 16 * 256 * 36; n++) {
		const unsigned char b[] = {
		    (unsigned char)(0xf0 + n % 16), (unsigned char)(n / 16),
		    ends[n / 4096 % 6], ends[n / 4096 / 6]};

		wrong += is_wrong(b, 4) + is_wrong(b, 3);
	}
	is_int(wrong, 0, "four, and cut off");
}

int
main(void)
{
	up_to_three();
	four();
	return tap_done();
}
