/* netstring: complete, incomplete and invalid ones. */
#include "maps/live/netstring.h"

#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

enum { MAX = 12 };

static const struct {
	const char *bytes;
	ssize_t taken;
	const char *string;
} CASES[] = {
    {"5:hello,", 8, "hello"},
    {"5:hello,3:abc,", 8, "hello"},
    {"0:,", 3, ""},
    {"3:,,,,", 6, ",,,"},
    {"12:123456789012,", 16, "123456789012"},
    {"", 0, NULL},
    {"1", 0, NULL},
    {"12", 0, NULL},
    {"5:", 0, NULL},
    {"5:hello", 0, NULL},
    {"0:", 0, NULL},
    {"5:hello;", -1, NULL},
    {"5:hello!,", -1, NULL},
    {"05:hello,", -1, NULL},
    {"00:,", -1, NULL},
    {"00", -1, NULL},
    {":hello,", -1, NULL},
    {"-1:x,", -1, NULL},
    {"+5:hello,", -1, NULL},
    {" 5:hello,", -1, NULL},
    {"5 :hello,", -1, NULL},
    {"0x5:hello,", -1, NULL},
    {"13:", -1, NULL},
    {"13", -1, NULL},
    {"99999999999999999999999999", -1, NULL},
    {"18446744073709551617:a,", -1, NULL},
    {"GET / HTTP/1.1\r\n", -1, NULL},
    {"\n", -1, NULL},
};

/* In a block of its own length, so that a read beyond it is caught. */
static ssize_t
parse(const char *bytes, size_t len, char *out)
{
	char *copy = malloc(len + (len == 0));
	const char *string;
	size_t string_len;
	ssize_t taken;

	memcpy(copy, bytes, len);
	taken = netstring_parse(copy, len, MAX, &string, &string_len);
	if (taken > 0) {
		memcpy(out, string, string_len);
		out[string_len] = '\0';
	}
	free(copy);
	return taken;
}

static void
table(void)
{
	char out[MAX + 1];

	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		is_int(parse(CASES[i].bytes, strlen(CASES[i].bytes), out),
		       CASES[i].taken, "%s", CASES[i].bytes);
		if (CASES[i].taken > 0)
			is_str(out, CASES[i].string, "%s", CASES[i].bytes);
	}
}

/* However it is torn, it is not whole before its last byte. */
static void
torn(void)
{
	static const char whole[] = "12:123456789012,";
	char out[MAX + 1];
	size_t len = 0;

	while (len < strlen(whole) && parse(whole, len, out) == 0)
		len++;
	is_int((long long)len, (long long)strlen(whole),
	       "torn anywhere: not yet");
}

static void
written(void)
{
	char out[5 + NETSTRING_FRAME_MAX], again[MAX + 1];
	size_t len = netstring_format(out, "hello", 5);

	ok(len == 8 && memcmp(out, "5:hello,", 8) == 0, "written");
	is_int(parse(out, len, again), 8, "and read again");
	len = netstring_format(out, "", 0);
	ok(len == 3 && memcmp(out, "0:,", 3) == 0, "the empty one");
}

int
main(void)
{
	table();
	torn();
	written();
	return tap_done();
}
