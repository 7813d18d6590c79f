/*
 * Prefixes and the table of them: a text that an expression matches is never
 * refused. Each expression is compared with itself after "(?#)", a comment,
 * which lets every text through to PCRE2.
 */
#include "patterns/match/prefilter.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "patterns/match/matcher.h"
#include "tests/tap.h"

enum { TEXTS = 20000, TEXT_MAX = 24, RANDOM = 400, REGEX_MAX = 160 };

/* Of the letters of random_text(). */
static const char *const expressions[] = {
    "ab(?<u>.*)",
    "(?:ab|b)a*c",
    "a|b|cc",
    "(?:a|bc)?+(?:b|ca)+b",
    "[ab]{2}c?[^c]+",
    "a{0,2}b{3}",
    "(?>a+|b)c",
    "^a.c$",
    "(?!b)[a-c]c.*",
    "a(?!b)|ba",
    "(?i)aB.*",
    "(?<=a)b|c+",
    "a(?:b(?:c|)|)a",
    "\\x61b.*|c",
    "\\Qa|b\\Ec*|c",
    "[[:alpha:]]b|a*+-",
    "[]a-]+b",
    "[^]a]b+",
    "a{b|-{1,}a",
    "\\S-\\W*a",
    "(?#x|)a|b",
    "a(?x)b # (\n|c.*",
    "(a)\\1|cb",
    "(?:(?:a*)*b)*c",
    "(?|ab|ba)c*",
    "a\\-b|\\tc",
    "",
    "a[^][b]c?(?!b).*",
    "[^][b]c(?!b).*|b[[]*]?a",
    "[][|]a(?!b).*|cb",
    "a[[:alpha:]|]*(?!b).*|b",
    "(?:a?b)?c?[^b]+",
    "a?b?c?a?b?c?",
    "(?:ab?)+c?a",
    "(?:ab?|c?b|(?:b?a)?)c",
    "(?:(?!b)a)?b?c",
    "(?:a(?:b(?:c?b)?)?+)??a*+",
    "c+?(?>\\-?+\\w?+b?)*",
    "a?(?:b?(?:c|a?b)|ca)+c?a?b",
    "[[:^alpha:]]?[[:lower:]b-]+",
    "[\\Q]a\\E-]b|c",
    "a\\Q\\E*b",
    "a(?#c)*b",
    "a{1}b{2,}|c{,2}a",
    "a{ 1 , 2 }|b",
    "[+-[]|\\c[|b]",
    "(?<=(?=a))?b|(?!a|c)[^-]c",
    "b(?=a|c)(?:a|\\141)c|(?=a)\\R|b",
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

/* A matcher for one expression, with other text before it. */
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
matches(struct matcher *matcher, const char *text)
{
	struct logline line = {.program = "x",
			       .program_len = 1,
			       .text = text,
			       .text_len = strlen(text)};
	struct match match;
	struct err err = {0};

	/* 0: no match. Any other match captured no address, which is -1. */
	if (matcher_match(matcher, &line, &match, &err) == 0)
		return 0;
	return strstr(err.text, "gave up") == NULL;
}

static void
compare(const char *expression, int texts)
{
	char wrapped[256];
	struct matcher *with, *without;
	unsigned int seed = 1;
	int i, matched = 0, wrong = 0, a, b;
	const char *text;

	snprintf(wrapped, sizeof(wrapped), "%s(?<ip>)", expression);
	with = matcher_for("", wrapped);
	without = matcher_for("(?#)", wrapped);
	if (!ok(with != NULL && without != NULL, "%s compiles", expression))
		return;
	for (i = 0; i < texts; i++) {
		text = random_text(&seed);
		a = matches(with, text);
		b = matches(without, text);
		matched += b != 0;
		if (a != b && wrong++ == 0)
			printf("# '%s': %d, not %d\n", text, a, b);
	}
	ok(wrong == 0, "'%s': %d of %d match, none is refused before",
	   expression, matched, texts);
	matcher_free(&with);
	matcher_free(&without);
}

static const char *
one_of(const char *const *list, size_t n, unsigned int *seed)
{
	return list[(size_t)rand_r(seed) % n];
}

/* Appends a random sequence of items, as long as there is room. */
static void
random_items(char *out, int depth, unsigned int *seed)
{
	static const char *const bytes[] = {"a",     "b",    "c",   "\\-",
					    "[ab]",  "[^c]", "\\w", "\\W",
					    "(?!b)", "ca",   ".",   "[^][b]"};
	static const char *const groups[] = {"(?:", "(?>", "(", "(?|"};
	static const char *const counts[] = {"",  "",  "?",  "?+",  "??",
					     "*", "+", "*+", "{2}", "{0,3}"};
	int items = 1 + rand_r(seed) % 3;

	for (; items > 0 && strlen(out) < REGEX_MAX; items--) {
		if (depth == 0 || rand_r(seed) % 3 > 0) {
			strcat(out, one_of(bytes, 12, seed));
		} else {
			strcat(out, one_of(groups, 4, seed));
			random_items(out, depth - 1, seed);
			if (rand_r(seed) % 2)
				random_items(strcat(out, "|"), depth - 1, seed);
			strcat(out, ")");
		}
		strcat(out, one_of(counts, 10, seed));
	}
}

static void
compare_random(void)
{
	char expression[2 * REGEX_MAX];
	unsigned int seed = 1;
	int i;

	for (i = 0; i < RANDOM; i++) {
		expression[0] = '\0';
		random_items(expression, 3, &seed);
		compare(expression, TEXTS / 20);
	}
}

static uint64_t
add(struct prefilter *filter, const char *expression)
{
	struct regex_prefixes prefixes;

	regex_prefixes(&prefixes, expression);
	return prefilter_add(filter, &prefixes);
}

static bool
fits(const char *expression, const char *text)
{
	struct prefilter filter = {0};
	uint64_t bits = add(&filter, expression);
	bool fits = (prefilter_bits(&filter, text, strlen(text)) & bits) != 0;

	prefilter_free(&filter);
	return fits;
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
	   "nor what is next to a '[' in a class");
	ok(!fits("(?:imap-login: )?+Login: (?<user>[^ ]++) x",
		 "imap-login: Disconnected: x"),
	   "nor what would fit without what precedes it");
	ok(fits("(?:imap-login: )?+Login: (?<user>[^ ]++) x", "Login: ann x"),
	   "which may be left out");
	ok(fits(NULL, "anything"), "without an expression all passes");
	ok(fits("(?#)a", "b"), "and all after a comment");
}

static void
shares_a_table(void)
{
	struct prefilter filter = {0};
	uint64_t c = add(&filter, "abc"), d = add(&filter, "abd");
	uint64_t either = add(&filter, "x?abd");

	ok(prefilter_bits(&filter, "abd", 3) == d, "one of two");
	ok(prefilter_bits(&filter, "abc", 3) == c, "the other");
	ok(add(&filter, "ab(?:c)") == c, "what begins alike has one bit");
	ok((either & d) == d, "also in part");
	ok(prefilter_bits(&filter, "xabd", 4) == (either & ~d), "which may be");
	prefilter_free(&filter);
}

static void
shares_what_is_alike(void)
{
	struct prefilter filter = {0};
	uint64_t bits[PREFILTER_BITS + 2], all = 0;
	char text[] = "\x80--", alike[] = "\x90-=";
	size_t i;

	for (i = 0; i < PREFILTER_BITS; i++) {
		text[0] = (char)(0x80 + i);
		bits[i] = add(&filter, text);
		all |= bits[i];
	}
	ok(all == UINT64_MAX, "one bit each");
	bits[i] = add(&filter, alike);
	ok(bits[i] == bits[0x10], "one more shares that of its like");
	for (i = 0; i < PREFILTER_BITS; i++) {
		text[0] = (char)(0x80 + i);
		ok(prefilter_bits(&filter, text, 3) == bits[i],
		   "the %zuth has its bit", i);
	}
	ok(prefilter_bits(&filter, alike, 3) == bits[0x10],
	   "which its like can have, too");
	ok(prefilter_bits(&filter, "\x91-=", 3) == 0, "but none else");
	prefilter_free(&filter);
}

int
main(void)
{
	size_t i;

	refuses();
	shares_a_table();
	shares_what_is_alike();
	for (i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++)
		compare(expressions[i], TEXTS);
	compare_random();
	return tap_done();
}
