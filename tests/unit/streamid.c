/* streamid: ids in order, and nothing that is not one. */
#include "base/streamid.h"

#include <inttypes.h>
#include <string.h>

#include "tests/tap.h"

#define HIGHEST "18446744073709551615"

static const char *const good[] = {
    "0-0", "0-1", "1-0", "1700000000000-12", HIGHEST "-0", HIGHEST "-" HIGHEST,
};

static const char *const bad[] = {
    "",
    "-",
    "1",
    "1-",
    "-1",
    "1--1",
    "1-1 ",
    " 1-1",
    "+1-1",
    "1-+1",
    "01-1",
    "1-01",
    "00-0",
    "1-1-1",
    "a-1",
    "1-a",
    "0x1-1",
    "1.0-1",
    "*",
    "1-*",
    "$",
    "18446744073709551616-0",
    "0-18446744073709551616",
    "99999999999999999999-0",
};

int
main(void)
{
	struct streamid id, last = {0, 0};
	const struct streamid highest = {UINT64_MAX, UINT64_MAX};
	char text[STREAMID_SIZE];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		ok(streamid_parse(&id, good[i], strlen(good[i])) == 0, "%s",
		   good[i]);
		is_str(streamid_print(id, text), good[i], "and back");
		ok(i == 0 || (streamid_compare(last, id) < 0 &&
			      streamid_compare(id, last) > 0),
		   "after the one before");
		is_int(streamid_compare(id, id), 0, "is itself");
		is_int(streamid_is_zero(id), i == 0, "0-0 is zero");
		last = id;
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		is_int(streamid_parse(&id, bad[i], strlen(bad[i])), -1, "'%s'",
		       bad[i]);
	ok(streamid_parse(&id, "5-67", 3) == 0 && id.seq == 6,
	   "only the bytes given");
	is_int(streamid_parse(&id,
			      "5-\0"
			      "6",
			      4),
	       -1, "a NUL within");
	is_str(streamid_print(streamid_next((struct streamid){7, 8}), text),
	       "7-9", "the next one");
	is_str(streamid_print(streamid_next((struct streamid){7, UINT64_MAX}),
			      text),
	       "8-0", "the next millisecond");
	is_int(streamid_compare(streamid_next(highest), highest), 0,
	       "nothing is above the highest");
	return tap_done();
}
