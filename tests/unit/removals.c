/* What a removal covers, for how long, and how many there may be. */
#include "daemon/table/removals.h"

#include <string.h>

#include "tests/tap.h"

enum { LONGEST = 1800 };

static struct addr
address(unsigned int n)
{
	struct addr addr = {.family = 4,
			    .bytes = {198, (uint8_t)(n >> 16),
				      (uint8_t)(n >> 8), (uint8_t)n}};

	return addr;
}

static size_t
count(const struct removals *r)
{
	const void *at = NULL;
	struct addr addr;
	time_t stamp;
	size_t n = 0;

	while (removals_next(r, &at, &addr, &stamp))
		n++;
	return n;
}

int
main(void)
{
	struct removals *r = removals_new(LONGEST);
	struct addr ann = address(1), bob = address(2), other;
	int64_t steady = 0;

	ok(!removals_cover(r, &ann, 1000), "nothing was removed");
	removals_add(r, &ann, 1000, 1000);
	ok(removals_cover(r, &ann, 999), "an older login is taken back");
	ok(removals_cover(r, &ann, 1000), "one of the same second, too");
	ok(!removals_cover(r, &ann, 1001), "a newer one counts");
	ok(!removals_cover(r, &bob, 999), "another address is not concerned");
	removals_add(r, &ann, 900, 1000);
	ok(removals_cover(r, &ann, 1000), "an older removal takes nothing back");
	ok(!removals_steady(r, &ann, &steady), "when it was made is not known");
	removals_note(r, &ann, 70);
	ok(removals_steady(r, &ann, &steady) && steady == 70,
	   "unless that was noted");
	removals_note(r, &bob, 80);
	ok(!removals_steady(r, &bob, &steady), "who is not removed has none");
	removals_add(r, &bob, 1000 + LONGEST - 1, 1000 + LONGEST - 1);
	is_int((long long)count(r), 2, "kept as long as a login may count");
	removals_add(r, &bob, 1000 + LONGEST, 1000 + LONGEST);
	is_int((long long)count(r), 1, "then forgotten");
	for (unsigned int i = 10; i < 10 + REMOVALS_MAX; i++) {
		other = address(i);
		removals_add(r, &other, 3000, 3000);
	}
	is_int((long long)count(r), REMOVALS_MAX, "bounded");
	ok(!removals_cover(r, &bob, 2000), "the oldest goes");
	other = address(9 + REMOVALS_MAX);
	ok(removals_cover(r, &other, 3000), "the newest is there");
	removals_free(&r);
	return tap_done();
}
