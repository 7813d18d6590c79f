/*
 * Lint: each fault is found in a rule that has no other, and reported with its
 * place; a sound rule has no faults.
 */
#include "patterns/check/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/regex_tokens.h"
#include "patterns/match/rules.h"
#include "tests/tap.h"

enum { NOW = 1795226460 };

#define HEAD "Nov 21 02:01:00 mail xd[7]: "
#define IP "(?<ip>[0-9A-Fa-f:.]+)"

static char name[] = "x-login", xd[] = "xd", address[] = "192.0.2.7";
static char *programs[] = {xd, NULL};

/* What was found, each as "fault: why" or "warning: why". */
static void
take(void *arg, const struct rule *rule, bool fault, const char *why)
{
	struct strings *found = arg;
	char *text = alloc_format("%s: %s", fault ? "fault" : "warning", why);

	strings_add(found, text);
	free(text);
	is_str(rule->name, name, "of this rule");
}

/* The first of n rules. */
static void
lint_of(struct rule *rules, size_t n, struct strings *found)
{
	static const struct rule_choice all = {.logouts = true};
	struct ruleset set = {rules, n};
	struct recognizer *recognizer;
	struct err err = {""};

	recognizer = recognizer_new(&set, &all, &err);
	if (ok(recognizer != NULL, "compiles: %s", err.text))
		lint_rule(&rules[0], &set, recognizer, NOW, take, found);
	recognizer_free(&recognizer);
}

static void
lint(struct rule *rule, struct strings *found)
{
	lint_of(rule, 1, found);
}

/* A rule with this expression and enough samples. */
static void
lint_match(const char *match, const char *line, struct strings *found)
{
	static char no[] = HEAD "refused";
	char *lines[] = {alloc_string(line)}, *refused[] = {no};
	struct sample accept = {.lines = lines, .nlines = 1, .ip = address};
	struct sample no_login = {.lines = refused, .nlines = 1, .line = no};
	struct sample reject[] = {no_login, no_login, no_login};
	struct rule rule = {.name = name,
			    .server = name,
			    .file = name,
			    .programs = programs,
			    .accept = {&accept, 1},
			    .reject = {reject, 3}};

	accept.line = lines[0];
	rule.match = alloc_string(match);
	lint(&rule, found);
	free(rule.match);
	free(lines[0]);
}

static const struct {
	const char *match, *line, *why;
} rules[] = {
    {"in (?<user>[^ ]+) from " IP, "in ann from 192.0.2.7", NULL},
    {"in (?<user>[^>]++(?:>[^>]*+)?)> from " IP "(?: tls=[a-z]+)?",
     "in ann> from 192.0.2.7", NULL},
    {".*in from " IP, "in from 192.0.2.7",
     "fault: match: '.*' at column 1 matches anything before the address: list "
     "the bytes that are allowed there"},
    {"in .+ from " IP, "in ann from 192.0.2.7",
     "fault: match: '.+' at column 4 matches anything before the address: list "
     "the bytes that are allowed there"},
    {"in (?<user>.*) from " IP, "in ann from 192.0.2.7",
     "warning: match: '.*' at column 12 matches anything before the address: "
     "make sure that no user name can change where the address is"},
    {"in [.*] " IP ".*", "in * 192.0.2.7", NULL},
    {"(?|a " IP "|b " IP ")", "a 192.0.2.7",
     "fault: match: more than one group (?<ip>...): capture the address in "
     "one place only"},
    {"in(?: " IP ")?(?: [0-9.]+)?", "in 192.0.2.7",
     "fault: match: the address is in a group that is optional or repeats "
     "(column 3)"},
    {"in (?:a|" IP ")", "in 192.0.2.7",
     "warning: match: the address is in one of several alternatives (column "
     "4)"},
    {"in (?<ip>[0-9.]*)", "in 192.0.2.7",
     "fault: match: (?<ip>...) may be empty"},
    {"in (?<ip>(?:[0-9.]+)?)", "in 192.0.2.7",
     "fault: match: (?<ip>...) may be empty"},
    {"in (?<ip>[0-9.]+|)", "in 192.0.2.7",
     "fault: match: (?<ip>...) may be empty"},
    {"in (?:(?<ip>[0-9.]+) )+ok", "in 192.0.2.7 ok",
     "fault: match: the address is in a group that is optional or repeats "
     "(column 4)"},
    {"in (?<user>[^\"]+?),id=(?:[^\"]*),ip=" IP, "in ann,id=x,ip=192.0.2.7",
     "fault: match: both the user and what follows may contain ',', which ends "
     "the user: a line can be read in more than one way"},
    {"in (?:[^ ]* )*from " IP, "in a b from 192.0.2.7",
     "warning: a line of 64 KiB made from the sample at line 0 takes too many "
     "steps: it grants nothing, but is logged each time"},
};

static bool
has(const struct strings *found, const char *why)
{
	size_t i;

	for (i = 0; i < found->count; i++)
		if (strcmp(found->list[i], why) == 0)
			return true;
	for (i = 0; i < found->count; i++)
		printf("# %s\n", found->list[i]);
	return false;
}

static void
expressions(void)
{
	struct strings found = {0};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		char *line = alloc_format(HEAD "%s", rules[i].line);

		lint_match(rules[i].match, line, &found);
		if (rules[i].why != NULL)
			ok(has(&found, rules[i].why), "%s: %s", rules[i].match,
			   rules[i].why);
		else
			is_str(found.count ? found.list[0] : "", "",
			       "%s: nothing", rules[i].match);
		strings_clear(&found);
		free(line);
	}
}

/* A refused login that begins like a success, and what is known of it. */
static const struct {
	const char *what, *match, *refused;
	unsigned int cut;
	bool checked, fault;
} cuts[] = {
    {"a refused login begins like a success",
     "in (?<user>[^ ]+) from " IP " ok", "in bob from 192.0.2.9 failed", 0,
     false, true},
    {"it does not", "in (?<user>[^ ]+) from " IP " ok",
     "failed in bob from 192.0.2.9", 0, false, false},
    {"its text is bounded", "in (?!.{200})(?<user>[^ ]+) from " IP " ok",
     "in bob from 192.0.2.9 failed", 0, false, false},
    {"its bound is too wide", "in (?!.{260})(?<user>[^ ]+) from " IP " ok",
     "in bob from 192.0.2.9 failed", 0, false, true},
    {"the server cuts the name", "in (?<user>[^ ]+) from " IP " ok",
     "in bob from 192.0.2.9 failed", 80, false, false},
    {"it was no refused login", "in (?<user>[^ ]+) from " IP " ok",
     "in bob from 192.0.2.9 failed", 0, true, false},
};

static void
cut_lines(void)
{
	static char accepted[] = HEAD "in ann from 192.0.2.7 ok";
	char *lines[] = {accepted}, *refused[1];
	struct sample accept = {.lines = lines, .nlines = 1, .ip = address};
	struct sample no = {.lines = refused, .nlines = 1};
	struct strings found = {0};
	size_t i, k;

	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct sample reject[] = {no, no, no};
		struct rule rule = {.name = name,
				    .server = name,
				    .file = name,
				    .programs = programs,
				    .cut = cuts[i].cut,
				    .accept = {&accept, 1},
				    .reject = {reject, 3}};
		bool said = false;

		refused[0] = alloc_format(HEAD "%s", cuts[i].refused);
		for (k = 0; k < 3; k++)
			reject[k].user_checked = cuts[i].checked;
		rule.match = alloc_string(cuts[i].match);
		lint(&rule, &found);
		for (k = 0; k < found.count; k++)
			said |= strstr(found.list[k], "cut its line") != NULL;
		ok(said == cuts[i].fault, "%s: %s", cuts[i].what,
		   cuts[i].fault ? "a fault" : "nothing");
		strings_clear(&found);
		free(rule.match);
		free(refused[0]);
	}
}

static void
samples(void)
{
	struct strings found = {0};
	char match[] = "in " IP;
	struct rule rule = {.name = name,
			    .server = name,
			    .file = name,
			    .programs = programs,
			    .match = match};

	lint(&rule, &found);
	ok(has(&found, "fault: no accept samples: nothing shows that the rule "
		       "works"),
	   "no accept samples");
	ok(has(&found, "fault: 0 reject samples, not 3: add a failed login, "
		       "one whose user name imitates a success, a logout"),
	   "no reject samples");
	strings_clear(&found);
	rule.whole_line = true;
	lint(&rule, &found);
	ok(has(&found, "warning: line: true is slower, and lets a stranger's "
		       "text pass for a header: match the text instead"),
	   "line: true");
	strings_clear(&found);
}

/* Pairs of a login and a logout; why: the finding about the logout. */
static void
logouts(void)
{
	static const struct {
		const char *login, *logout, *why;
	} cases[] = {
	    {"in " IP " s=(?<session>[0-9]+)", "out s=(?<session>[0-9]+)",
	     NULL},
	    {"in " IP, "out " IP, NULL},
	    {"in " IP, "out " IP " s=(?<session>[0-9]+)", NULL},
	    {"in " IP, "out s=(?<session>[0-9]+)",
	     "warning: logout: ends no session: it captures a session, "
	     "which no login rule of this server does"},
	    {"in " IP " s=(?<session>[0-9]+)", "out " IP,
	     "warning: logout: ends no session: it captures no session, "
	     "unlike each login rule of this server"},
	    {NULL, "out " IP,
	     "warning: logout: ends no session: this server has no login "
	     "rule"},
	};
	struct strings found = {0};
	char other[] = "other";
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rule set[] = {{.name = name,
				      .server = name,
				      .file = name,
				      .programs = programs},
				     {.name = other,
				      .server = name,
				      .file = name,
				      .programs = programs},
				     {.name = other,
				      .server = other,
				      .file = name,
				      .programs = programs}};
		bool said = false;

		set[0].logout = alloc_string(cases[i].logout);
		set[1].match =
		    alloc_string(cases[i].login ? cases[i].login : "in " IP);
		set[2].match = alloc_string("in " IP);
		if (cases[i].login == NULL)
			set[1].server = other;
		lint_of(set, 3, &found);
		for (k = 0; k < found.count; k++)
			said |=
			    strstr(found.list[k], "ends no session") != NULL;
		if (cases[i].why == NULL)
			ok(!said, "%s: nothing", cases[i].logout);
		else
			ok(has(&found, cases[i].why), "%s: %s", cases[i].logout,
			   cases[i].why);
		strings_clear(&found);
		free(set[0].logout);
		free(set[1].match);
		free(set[2].match);
	}
}

static void
taken_apart(void)
{
	struct regex_tokens tokens;

	regex_tokens_read(&tokens,
			  "a[^]x]{2,5}(?<ip>\\d++|(?:b?c)*)\\.(?!no)\\k{u}");
	is_int((long long)tokens.count, 16, "as many tokens");
	ok(tokens.list[1].min == 2 && tokens.list[1].max == 5 &&
	       !byte_set_has(&tokens.list[1].set, ']') &&
	       !byte_set_has(&tokens.list[1].set, 'x') &&
	       byte_set_has(&tokens.list[1].set, 'y'),
	   "a class and how often");
	is_int((long long)regex_tokens_group(&tokens, "ip", 0), 2,
	       "a group's place");
	is_int((long long)tokens.list[2].other, 9, "and its end");
	is_int((long long)regex_tokens_least(&tokens, 3, 9), 0, "may be empty");
	is_int((long long)regex_tokens_least(&tokens, 0, tokens.count), 4,
	       "what all take at least");
	ok(byte_set_has(&tokens.list[10].set, '.') && !tokens.list[10].any,
	   "an escaped dot is a dot");
	ok(tokens.list[2].branches && !tokens.branches && !tokens.doubtful,
	   "a group has branches, the whole has not");
	regex_tokens_clear(&tokens);
	regex_tokens_read(&tokens, "[[:digit:]x]|[]\\x41][\\t-\\r]");
	is_int((long long)tokens.count, 4, "classes end where they do");
	ok(byte_set_has(&tokens.list[0].set, '5') &&
	       !byte_set_has(&tokens.list[0].set, ':'),
	   "a class by name");
	ok(byte_set_has(&tokens.list[2].set, 'z'),
	   "one that is not understood may be any byte");
	ok(byte_set_has(&tokens.list[3].set, '\n') && tokens.branches,
	   "a range of escapes");
	regex_tokens_clear(&tokens);
	regex_tokens_read(&tokens, "a\\Q(|\\Eb");
	ok(tokens.count == 3 && tokens.doubtful, "quoted text is one token");
	regex_tokens_clear(&tokens);
}

int
main(void)
{
	expressions();
	cut_lines();
	samples();
	logouts();
	taken_apart();
	return tap_done();
}
