/* integer: whole numbers and nothing else. */
#include "tools/integer.h"

#include <limits.h>
#include <stddef.h>

#include "tests/tap.h"

static const struct {
	const char *text;
	long long least, most;
	int result;
	long long number;
} cases[] = {
    {"0", 0, 9, 0, 0},
    {"900", 1, 900, 0, 900},
    {"0900", 1, 900, 0, 900},
    {"-1", -1, 0, 0, -1},
    {"9223372036854775807", LLONG_MIN, LLONG_MAX, 0, LLONG_MAX},
    {"-9223372036854775808", LLONG_MIN, LLONG_MAX, 0, LLONG_MIN},
    {"9223372036854775808", LLONG_MIN, LLONG_MAX, -1, 0},
    {"-9223372036854775809", LLONG_MIN, LLONG_MAX, -1, 0},
    {"99999999999999999999", LLONG_MIN, LLONG_MAX, -1, 0},
    {"901", 1, 900, -1, 0},
    {"0", 1, 900, -1, 0},
    {"-1", 0, 900, -1, 0},
    {"", -9, 9, -1, 0},
    {"-", -9, 9, -1, 0},
    {"--1", -9, 9, -1, 0},
    {"+1", -9, 9, -1, 0},
    {" 1", -9, 9, -1, 0},
    {"- 1", -9, 9, -1, 0},
    {"1 ", -9, 9, -1, 0},
    {"1m", -9, 9, -1, 0},
    {"1.0", -9, 9, -1, 0},
    {"0x1", -9, 9, -1, 0},
    {"abc", -9, 9, -1, 0},
};

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		long long number = 0;

		is_int(integer_parse(cases[i].text, cases[i].least,
				     cases[i].most, &number),
		       cases[i].result, "'%s'", cases[i].text);
		is_int(number, cases[i].number, "is %lld", cases[i].number);
	}
	return tap_done();
}
