/* The map is put before the first restriction that refuses strangers, and the
 * rest of the list stays as it was. */
#include "tools/doctor/restrictions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

#define OURS "check_client_access hash:/m"

static void
becomes(const char *value, const char *wanted)
{
	struct strings maps = {0};
	char *list;

	strings_add(&maps, "hash:/m");
	list =
	    restrictions_with(value, &maps, "check_client_access", "hash:/m");
	ok(strcmp(list, wanted) == 0, "%s -> %s, expected %s", value, list,
	   wanted);
	free(list);
	strings_clear(&maps);
}

/* Whether mail for our own domains waits for the socketmap. */
static void
asks_first(const char *value, bool wanted)
{
	struct strings maps = {0}, words = {0};
	char *copy = alloc_string(value), *at, *word;
	const char *asked;

	strings_add(&maps, "socketmap:unix:/s");
	strings_add(&maps, "hash:/m");
	for (word = strtok_r(copy, " ", &at); word != NULL;
	     word = strtok_r(NULL, " ", &at))
		strings_add(&words, word);
	asked = restrictions_asked_first(&words, &maps);
	ok((asked != NULL) == wanted, "asked first: %s: %s", value,
	   asked != NULL ? asked : "no");
	strings_clear(&words);
	strings_clear(&maps);
	free(copy);
}

static void
order(void)
{
	static const char socketmap[] =
	    "check_client_access socketmap:unix:/s:pbs";
	static const struct {
		const char *before, *after;
		bool first;
	} lists[] = {
	    {"permit_mynetworks", "reject_unauth_destination", true},
	    {"", "defer_unauth_destination", true},
	    {"", "permit_auth_destination reject", true},
	    {"", "", true},
	    {"permit_mynetworks", "reject", false},
	    {"permit_auth_destination", "reject", false},
	    {"reject_unauth_destination", "", false},
	    {"warn_if_reject reject_unauth_destination",
	     "reject_unauth_destination", true},
	};
	char *value;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		value = alloc_format("%s %s %s", lists[i].before, socketmap,
				     lists[i].after);
		asks_first(value, lists[i].first);
		free(value);
	}
	asks_first(OURS " reject_unauth_destination", false);
}

int
main(void)
{
	order();
	becomes("permit_mynetworks reject_unauth_destination",
		"permit_mynetworks, " OURS ", reject_unauth_destination");
	becomes("permit_mynetworks,defer_unauth_destination, reject",
		"permit_mynetworks, " OURS
		", defer_unauth_destination, reject");
	becomes("", OURS);
	/* It is taken out where it is of no use. */
	becomes("reject_unauth_destination, " OURS,
		OURS ", reject_unauth_destination");
	becomes("check_sender_access hash:/m, reject", OURS ", reject");
	/* What only warns refuses nobody, and must not become a warning. */
	becomes("warn_if_reject reject, reject",
		"warn_if_reject reject, " OURS ", reject");
	becomes("warn_if_reject, reject_unauth_destination reject",
		"warn_if_reject, reject_unauth_destination, " OURS ", reject");
	/* Braces keep their words. */
	becomes("check_helo_access inline:{ { a = b, c }, d=e } reject",
		"check_helo_access inline:{ { a = b, c }, d=e }, " OURS
		", reject");
	becomes("check_policy_service { unix:p, default_action=DUNNO }, reject",
		"check_policy_service { unix:p, default_action=DUNNO }, " OURS
		", reject");
	becomes("${x ? {a, b} : {reject}}, reject",
		"${x ? {a, b} : {reject}}, " OURS ", reject");
	/* A comma may precede the table. */
	becomes("check_client_access, hash:/m, reject", OURS ", reject");
	return tap_done();
}
