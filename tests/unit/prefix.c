/*
 * The table of beginnings never refuses what an expression would match: each
 * expression against itself behind "(?=)", which the table does not
 * understand and so lets everything through.
 */
#include "patterns/prefix.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "patterns/matcher.h"
#include "tests/tap.h"

enum { TEXTS = 20000, TEXT_MAX = 24 };

/* Of the letters of random_text(). */
static const char *const expressions[] = {
    "ab(?<u>.*)",	"(?:ab|b)a*c",
    "a|b|cc",		"(?:a|bc)?+(?:b|ca)+b",
    "[ab]{2}c?[^c]+",	"a{0,2}b{3}",
    "(?>a+|b)c",	"^a.c$",
    "(?!b)[a-c]c.*",	"a(?!b)|ba",
    "(?i)aB.*",		"(?<=a)b|c+",
    "a(?:b(?:c|)|)a",	"\\x61b.*|c",
    "\\Qa|b\\Ec*|c",	"[[:alpha:]]b|a*+-",
    "[]a-]+b",		"[^]a]b+",
    "a{b|-{1,}a",	"\\S-\\W*a",
    "(?#x|)a|b",	"(a)\\1|cb",
    "(?:(?:a*)*b)*c",	"(?|ab|ba)c*",
    "a\\-b|\\tc",	"",
    "a[^][b]c?(?!b).*", "[^][b]c(?!b).*|b[[]*]?a",
    "[][|]a(?!b).*|cb", "a[[:alpha:]|]*(?!b).*|b",
};

static const char *
random_text(unsigned int *seed)
{
	static const char letters[] = "aabbcc-|{]\tAB";
	static char text[TEXT_MAX + 1];
	size_t i, n = (size_t)rand_r(seed) % TEXT_MAX;

	/* Short ones match more often. */
	n = n > 12 ? n : n / 2;
	for (i = 0; i < n; i++)
		text[i] = letters[(size_t)rand_r(seed) % (sizeof(letters) - 1)];
	text[n] = '\0';
	return text;
}

/* A matcher for one expression, behind something and before an address. */
static struct matcher *
matcher_for(const char *before, const char *expression)
{
	static char name[] = "x", match[256];
	static char *programs[] = {name, NULL};
	static struct rule rule;
	struct ruleset set = {&rule, 1};
	struct err err;
	struct matcher *matcher;

	snprintf(match, sizeof(match), "%s%s", before, expression);
	rule = (struct rule){.name = name,
			     .server = name,
			     .file = name,
			     .programs = programs,
			     .match = match};
	matcher = matcher_new(&set, NULL, &err);
	if (matcher == NULL)
		printf("# %s: %s\n", match, err.text);
	return matcher;
}

static int
judge(struct matcher *matcher, const char *text)
{
	struct logline line = {.program = "x",
			       .program_len = 1,
			       .text = text,
			       .text_len = strlen(text)};
	struct match match;
	struct err err;

	/* 0 no match; otherwise one that captured no address. */
	return matcher_match(matcher, &line, &match, &err);
}

static void
compare(const char *expression)
{
	char wrapped[256];
	struct matcher *with, *without;
	unsigned int seed = 1;
	int i, matched = 0, wrong = 0, a, b;
	const char *text;

	snprintf(wrapped, sizeof(wrapped), "%s(?<ip>)", expression);
	with = matcher_for("", wrapped);
	without = matcher_for("(?=)", wrapped);
	if (!ok(with != NULL && without != NULL, "%s compiles", expression))
		return;
	for (i = 0; i < TEXTS; i++) {
		text = random_text(&seed);
		a = judge(with, text);
		b = judge(without, text);
		matched += b != 0;
		if (a != b && wrong++ == 0)
			printf("# '%s': %d, not %d\n", text, a, b);
	}
	ok(wrong == 0, "'%s': %d of %d match, none is refused before",
	   expression, matched, TEXTS);
	matcher_free(&with);
	matcher_free(&without);
}

static bool
fits(const char *expression, const char *text)
{
	static struct prefix prefix;

	memset(&prefix, 0, sizeof(prefix));
	prefix_add(&prefix, 0, expression);
	return prefix_fits(&prefix, text, strlen(text)) & 1;
}

static void
refuses(void)
{
	static const char login[] =
	    "(?:imap|pop3)-login: Log(?:in|ged in): user=<(?<user>.*)>";

	ok(fits(login, "imap-login: Login: user=<ann>"), "a login may be");
	ok(fits(login, "pop3-login: Logged in: user=<ann>"), "in other words");
	ok(!fits(login, "imap(ann)<1><x>: Disconnected"), "not a session");
	ok(!fits(login, "imap-login: Disconnected: user=<ann>"),
	   "nor a failure");
	ok(!fits(login, "imap-login: Login aborted: Logged out"),
	   "nor another");
	ok(!fits(login, "auth: passwd-file(ann)"), "nor what auth says");
	ok(!fits("login: (?:[^][ ]++ )?+\\[(?!x)(?<ip>.*)\\]",
		 "LOGOUT, user=a"),
	   "nor what a '[' in a class stands beside");
	ok(fits(NULL, "anything"), "what is not to be judged passes");
}

static void
shares_a_table(void)
{
	static struct prefix prefix;
	size_t e;
	unsigned int got;

	prefix_add(&prefix, 0, "abc");
	prefix_add(&prefix, 1, "abd");
	for (e = PREFIX_EXPRESSIONS - 1; e < PREFIX_EXPRESSIONS + 3; e++)
		prefix_add(&prefix, e, e % 2 ? "x" : "y");
	got = prefix_fits(&prefix, "abd", 3);
	is_int(got, 2, "one of two");
	got = prefix_fits(&prefix, "y", 1);
	is_int(got, 1 << (PREFIX_EXPRESSIONS - 1), "those beyond share a bit");
}

int
main(void)
{
	size_t i;

	refuses();
	shares_a_table();
	for (i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++)
		compare(expressions[i]);
	return tap_done();
}
