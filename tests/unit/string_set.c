/* string_set: what is added is found, once, and sorted by strcmp(3). */
#include "tools/gateway/string_set.h"

#include <stdio.h>
#include <string.h>

#include "tests/tap.h"

enum { MANY = 20000 };

/* The same number every other time, and long common beginnings. */
static int
name(char *out, size_t size, unsigned int i)
{
	unsigned int n = (i * 2654435761u >> 7) % (MANY / 2);

	return snprintf(out, size, "%s%u@%s", n % 3 ? "a-common-prefix-" : "",
			n, n % 2 ? "example.com" : "example.org");
}

static bool
is_sorted(const struct string_set *set)
{
	for (size_t i = 1; i < string_set_count(set); i++)
		if (strcmp(string_set_at(set, i - 1), string_set_at(set, i)) >=
		    0)
			return false;
	return true;
}

static void
test_many(void)
{
	struct string_set *set = string_set_new();
	size_t added = 0, twice = 0, lost = 0;
	char text[64];

	for (unsigned int i = 0; i < MANY; i++) {
		int len = name(text, sizeof(text), i);

		added += string_set_add(set, text, (size_t)len);
		lost += !string_set_has(set, text, (size_t)len);
		twice += string_set_add(set, text, (size_t)len);
	}
	is_int((long long)lost, 0, "what was added is found");
	is_int((long long)twice, 0, "a string that is there is not added");
	is_int((long long)string_set_count(set), (long long)added,
	       "each counts once");
	ok(added > MANY / 4 && added <= MANY / 2, "%zu different ones", added);
	ok(!is_sorted(set), "they are in the order of adding");
	string_set_sort(set);
	ok(is_sorted(set), "and then sorted, each once");
	ok(!string_set_add(set, text, strlen(text)), "they are still found");
	string_set_free(&set);
	ok(set == NULL, "free");
}

static void
test_edges(void)
{
	struct string_set *set = string_set_new();

	ok(!string_set_has(set, "", 0), "an empty set");
	string_set_sort(set);
	ok(string_set_add(set, "", 0), "the empty string");
	ok(string_set_add(set, "ab", 2) && string_set_add(set, "abc", 3) &&
	       string_set_add(set, "abx", 2) == false,
	   "only the bytes of the length count");
	ok(!string_set_has(set, "abcd", 4) && !string_set_has(set, "a", 1),
	   "neither longer nor shorter ones are found");
	ok(string_set_add(set, "\xff", 1) && string_set_add(set, "A", 1),
	   "any byte but NUL");
	string_set_sort(set);
	is_str(string_set_at(set, 1), "A", "sorted as bytes");
	is_str(string_set_at(set, 4), "\xff", "without a sign");
	string_set_free(&set);
}

int
main(void)
{
	test_many();
	test_edges();
	return tap_done();
}
