/*
 * sixteen: the marks of sixteen bytes as bits, on this processor and as for any
 * other; and where a byte is among 64.
 */
#include "base/sixteen.h"

#include <stdlib.h>

#include "tests/tap.h"

enum { TEXTS = 10000 };

static unsigned int seed = 1;

/* Few values, so that each byte is often found, also beside itself. */
static void
fill(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('\n' - rand_r(&seed) % 3 +
				 128 * (rand_r(&seed) % 2));
}

static uint64_t
bits_of(const char *text, size_t len, char c)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < len; i++)
		bits |= (uint64_t)(text[i] == c) << i;
	return bits;
}

int
main(void)
{
	bool bits = true, halves = true, found = true;
	char text[64];
	sixteen mask;

	for (int n = 0; n < TEXTS; n++) {
		fill(text, sizeof(text));
		mask = (sixteen)(sixteen_load(text) == '\n');
		bits = bits && sixteen_bits(mask) == bits_of(text, 16, '\n');
		halves = halves && sixteen_bits_of_halves(mask) ==
				       bits_of(text, 16, '\n');
		found = found &&
			sixteen_find(text, '\n') == bits_of(text, 64, '\n');
	}
	ok(bits, "one bit for each byte, the lowest for the first");
	ok(halves, "the same without an instruction for it");
	ok(found, "a byte is found wherever it is among 64");
	return tap_done();
}
