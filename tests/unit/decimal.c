/* decimal: the same digits as printf(3). */
#include "base/decimal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/tap.h"

static int
differs(int64_t number)
{
	char text[DECIMAL_MAX + 1], other[32];

	*decimal_put(text, number) = '\0';
	snprintf(other, sizeof(other), "%" PRId64, number);
	return strcmp(text, other) != 0;
}

static void
ends(void)
{
	static const int64_t numbers[] = {
	    0, 9, 10, -1, -10, 1700000000, INT64_MAX, INT64_MIN, INT64_MIN + 1};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		ok(!differs(numbers[i]), "%" PRId64, numbers[i]);
}

static void
others(void)
{
	int differences = 0;
	uint64_t state = 1;

	for (int i = 0; i < 1000000; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		differences += differs((int64_t)state >> (state % 64));
	}
	is_int(differences, 0, "a million of all lengths");
}

int
main(void)
{
	ends();
	others();
	return tap_done();
}
