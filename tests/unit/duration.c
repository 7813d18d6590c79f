/* duration: seconds, or a number with s, m, h or d; and suggest, which has no
 * other test. */
#include "base/duration.h"

#include <stddef.h>

#include "base/suggest.h"
#include "tests/tap.h"

static const struct {
	const char *text;
	uint32_t seconds; /* 0: none */
} durations[] = {
    {"1800", 1800},
    {"1", 1},
    {"30s", 30},
    {"30m", 1800},
    {"2h", 7200},
    {"1d", 86400},
    {"3650d", 315360000},
    {"0030m", 1800},
    {"3651d", 0},
    {"315360001", 0},
    {"4294967297", 0},
    {"99999999999999999999d", 0},
    {"0", 0},
    {"0m", 0},
    {"", 0},
    {"m", 0},
    {"-5", 0},
    {"+5", 0},
    {" 5", 0},
    {"5 ", 0},
    {"5 m", 0},
    {"5mm", 0},
    {"5M", 0},
    {"1h30m", 0},
    {"1.5h", 0},
    {"5w", 0},
};

static const char *const keys[] = {"grace", "logfile", "dbfile",
				   "write", "debug",   NULL};

int
main(void)
{
	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		uint32_t seconds = 0;
		int result = duration_parse(durations[i].text, &seconds);

		is_int(seconds, durations[i].seconds, "'%s'",
		       durations[i].text);
		is_int(result, durations[i].seconds ? 0 : -1, "is %s",
		       durations[i].seconds ? "a duration" : "none");
	}
	is_str(suggest("grase", keys), "grace", "a changed letter");
	is_str(suggest("gracee", keys), "grace", "a letter too many");
	is_str(suggest("lofile", keys), "logfile", "a missing one");
	is_str(suggest("dbiflei", keys), "dbfile", "letters swapped");
	is_str(suggest("Debug", keys), "debug", "another case");
	is_str(suggest("patterns", keys), NULL, "nothing near");
	is_str(suggest("", keys), NULL, "nothing at all");
	is_str(suggest("x", keys), NULL, "next to nothing");
	is_str(suggest("gracefully", keys), NULL, "too many letters more");
	is_str(suggest("Log", keys), "logfile", "a beginning");
	is_str(suggest("lo", keys), NULL, "too short a one");
	is_str(suggest("ogf", keys), NULL, "letters from the middle");
	return tap_done();
}
