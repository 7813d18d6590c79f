/*
 * The matcher: which rules are tried, what is taken from a match, and what is
 * refused although an expression matches.
 */
#include "patterns/match/matcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "patterns/match/programs.h"
#include "tests/tap.h"

static char *xd[] = {(char[]){"xd"}, (char[]){"longer-program"}, NULL};
static char *yd[] = {(char[]){"yd"}, NULL};
static char none[] = "-";

/* A rule in memory; expressions are constant, the struct's are not. */
static struct rule
rule(const char *name, char **programs, const char *match)
{
	return (struct rule){.name = (char *)(uintptr_t)name,
			     .server = none,
			     .file = none,
			     .lineno = 7,
			     .programs = programs,
			     .match = (char *)(uintptr_t)match};
}

static struct matcher *
compile(struct rule *rules, size_t n, struct err *err)
{
	struct ruleset set = {rules, n};

	return matcher_new(&set, NULL, err);
}

static struct logline
line(const char *program, const char *text)
{
	return (struct logline){.header = HEADER_SYSLOG,
				.line = text,
				.line_len = strlen(text),
				.program = program,
				.program_len = strlen(program),
				.text = text,
				.text_len = strlen(text)};
}

static int
run(struct matcher *matcher, const char *program, const char *text,
    struct match *match, struct err *err)
{
	struct logline l = line(program, text);

	return matcher_match(matcher, &l, match, err);
}

static void
chosen_by_program(void)
{
	struct rule rules[] = {
	    rule("x", xd, "in (?<ip>[0-9.:a-f]++) (?<user>.+)"),
	    rule("y", yd, "in (?<ip>[0-9.]++) (?<user>.+)"),
	    rule("x2", xd, "out (?<ip>[0-9.]++)"),
	};
	struct err err;
	struct match match;
	struct matcher *m = compile(rules, 3, &err);

	is_int(run(m, "xd", "in 192.0.2.7 ann", &match, &err), 1, "a login");
	ok(match.rule == &rules[0], "by its rule");
	ok(match.user_len == 3 && memcmp(match.user, "ann", 3) == 0, "ann");
	is_int(match.addr.family, 4, "an IPv4 address");
	is_int(run(m, "yd", "in 192.0.2.7 ann", &match, &err), 1, "another");
	ok(match.rule == &rules[1], "by the rule of its program");
	is_int(run(m, "longer-program", "out 192.0.2.7", &match, &err), 1,
	       "the second program's second rule");
	ok(match.rule == &rules[2] && match.user == NULL, "it names no user");
	is_int(run(m, "zd", "in 192.0.2.7 ann", &match, &err), 0,
	       "nobody's program");
	is_int(run(m, "", "in 192.0.2.7 ann", &match, &err), 0, "no program");
	is_int(run(m, "xdx", "in 192.0.2.7 ann", &match, &err), 0,
	       "a program that begins so");
	is_int(run(m, "xd", "", &match, &err), 0, "an empty text");
	is_int(run(m, "xd", "in ::ffff:192.0.2.7 a", &match, &err), 1,
	       "mapped IPv4");
	is_int(match.addr.family, 4, "is IPv4");
	matcher_free(&m);
	ok(m == NULL, "freed");
}

/* With "(?#)", a comment, the prefilter lets everything pass, and PCRE2 runs.
 * */
static void
anchored(void)
{
	struct rule rules[] = {
	    rule("x", xd, "in (?<ip>[0-9.]++)"),
	    rule("y", yd, "(?#)in (?<ip>[0-9.]++)"),
	    rule("z", yd, "(?#)at (?<ip>[0-9.]++)$"),
	};
	static const char *const texts[] = {
	    " in 192.0.2.7",  "in 192.0.2.7 ",	"in 192.0.2.7\n",
	    "in 192.0.2.7 x", "at 192.0.2.7\n", "in 192.0.2.7111111111 x",
	    "in\n192.0.2.7",
	};
	struct err err;
	struct match match;
	struct matcher *m = compile(rules, 3, &err);
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ok(run(m, "xd", texts[i], &match, &err) == 0 &&
		       run(m, "yd", texts[i], &match, &err) == 0,
		   "text around a login makes it no login (%zu)", i);
	is_int(run(m, "yd", "at 192.0.2.7", &match, &err), 1, "a login is one");
	matcher_free(&m);
}

static void
bound_to_header(void)
{
	struct rule rules[] = {rule("x", xd, "in (?<ip>[0-9.]++)")};
	struct err err;
	struct match match;
	struct matcher *m;
	struct logline l = line("xd", "in 192.0.2.7");

	rules[0].header = HEADER_QPOPPER;
	m = compile(rules, 1, &err);
	is_int(matcher_match(m, &l, &match, &err), 0, "not under syslog");
	l.header = HEADER_QPOPPER;
	is_int(matcher_match(m, &l, &match, &err), 1, "under its header");
	matcher_free(&m);
}

static void
refused(void)
{
	struct rule rules[] = {rule("x", xd, "in (?<ip>\\S++) (?s:.*)")};
	struct err err;
	struct match match;
	struct matcher *m = compile(rules, 1, &err);
	struct logline l;
	char text[] = "in 192.0.2.7 a user of many words";
	int c, wrong = 0;

	is_int(run(m, "xd", text, &match, &err), 1, "a plain line");
	for (c = 1; c < 256; c++) {
		text[20] = (char)c;
		if (run(m, "xd", text, &match, &err) !=
		    (c < 0x20 || c == 0x7f ? -1 : 1))
			wrong++;
	}
	is_int(wrong, 0, "control bytes and no others are refused");
	l = line("xd", text);
	text[sizeof(text) - 2] = '\0';
	text[20] = 'x';
	is_int(matcher_match(m, &l, &match, &err), -1, "NUL at the end");
	is_str(err.text, "rule x: control bytes in the line", "it says so");
	is_int(run(m, "xd", "in 192.0.2 x", &match, &err), -1, "half an IP");
	is_str(err.text, "rule x: captured no address", "it says so, too");
	is_int(run(m, "xd", "in [2001:db8::7] x", &match, &err), 1, "brackets");
	matcher_free(&m);

	rules[0].header = HEADER_XMAIL;
	m = compile(rules, 1, &err);
	l = line("xd", "in 192.0.2.7 a\tb");
	l.header = HEADER_XMAIL;
	is_int(matcher_match(m, &l, &match, &err), 1,
	       "tabs part columns in a log of its own");
	matcher_free(&m);
}

/* Catastrophic without a limit: 2^n ways to part the x's. */
static void
limited(void)
{
	struct rule rules[] = {
	    rule("slow", xd, "(?:x+x+)+y (?<ip>.*)"),
	    rule("next", xd, "x++ (?<ip>.*)"),
	};
	struct err err;
	struct match match;
	struct matcher *m = compile(rules, 2, &err);

	is_int(run(m, "xd", "xxxxxxxxxxxxxx 192.0.2.7", &match, &err), -1,
	       "a limit that is hit grants nothing, by no rule");
	ok(strstr(err.text, "rule slow: gave up") != NULL, "said: %s",
	   err.text);
	matcher_free(&m);
}

static void
not_utf8(void)
{
	struct rule rules[] = {rule("x", xd, "(?<user>.+) (?<ip>[0-9.]++)")};
	struct err err;
	struct match match;
	struct matcher *m = compile(rules, 1, &err);

	is_int(run(m, "xd", "b\xf8\xff\xc3 192.0.2.7", &match, &err), 1,
	       "bytes that are no UTF-8 do not hide a login");
	is_int((long long)match.user_len, 4, "each is one");
	matcher_free(&m);
}

static void
whole_lines(void)
{
	struct rule rules[] = {rule("old", xd, "(\\w+) xd: in (\\S+)")};
	struct err err;
	struct match match;
	struct matcher *m;
	struct logline l = line("xd", "Nov xd: in 192.0.2.7");

	rules[0].whole_line = true;
	m = compile(rules, 1, &err);
	l.text += strlen("Nov xd: ");
	l.text_len -= strlen("Nov xd: ");
	is_int(matcher_match(m, &l, &match, &err), 1,
	       "a rule for the whole line takes group 2 as the address");
	matcher_free(&m);
}

static void
optional(void)
{
	static const char *const wrong[] = {"dovecot-logn"};
	static const char *const right[] = {"dovecot-login"};
	static const struct rule_choice wrong_choice = {wrong, 1, false, false};
	static const struct rule_choice right_choice = {right, 1, false, false};
	static const char *const begun[] = {"dove"};
	static const struct rule_choice begun_choice = {begun, 1, false, false};
	struct rule rules[] = {rule("dovecot-login", xd, "in (?<ip>.*)")};
	struct ruleset set = {rules, 1};
	struct err err;
	struct match match;
	struct matcher *m;

	rules[0].optional = true;
	m = matcher_new(&set, NULL, &err);
	is_int(run(m, "xd", "in 192.0.2.7", &match, &err), 0, "off");
	matcher_free(&m);
	m = matcher_new(&set, &right_choice, &err);
	is_int(run(m, "xd", "in 192.0.2.7", &match, &err), 1, "on when named");
	matcher_free(&m);
	ok(matcher_new(&set, &wrong_choice, &err) == NULL, "an unknown name");
	is_str(err.text,
	       "unknown rule 'dovecot-logn' (did you mean 'dovecot-login'?)",
	       "is an error");
	ok(matcher_new(&set, &begun_choice, &err) == NULL, "half a name");
	is_str(err.text, "unknown rule 'dove' (did you mean 'dovecot-login'?)",
	       "and names a rule that begins with it");
}

static void
roles(void)
{
	static const struct rule_choice logouts = {.logouts = true};
	struct rule rules[] = {rule("two", xd, NULL), rule("out", xd, NULL)};
	struct ruleset set = {rules, 2};
	struct err err;
	struct match match;
	struct matcher *m;
	char from[] = "from (?<ip>[0-9.]++)", in[] = "in (?<user>.+)";
	char bye[] = "bye", out[] = "out (?<session>[a-z]++)";

	rules[0].connect = from;
	rules[0].login = in;
	rules[0].end = bye;
	rules[1].logout = out;
	m = matcher_new(&set, NULL, &err);
	is_int(run(m, "xd", "from 192.0.2.7", &match, &err), 1, "a connect");
	ok(match.role == RULE_CONNECT && match.addr.family == 4, "is one");
	is_int(run(m, "xd", "in ann", &match, &err), 1, "a login");
	ok(match.role == RULE_LOGIN && match.addr.family == 0 &&
	       match.user_len == 3,
	   "is one without address");
	is_int(run(m, "xd", "bye", &match, &err), 1, "an end");
	ok(match.role == RULE_END && match.user == NULL, "is one");
	is_int(run(m, "xd", "out abc", &match, &err), 0, "no logouts, unless");
	matcher_free(&m);
	m = matcher_new(&set, &logouts, &err);
	is_int(run(m, "xd", "out abc", &match, &err), 1, "they are chosen");
	ok(match.role == RULE_LOGOUT && match.session_len == 3, "with session");
	matcher_free(&m);

	bye[0] = '(';
	ok(matcher_new(&set, &logouts, &err) == NULL, "a bad end");
	ok(strstr(err.text, "rule 'two': end: ") != NULL, "said: %s", err.text);
	rules[0].end = NULL;
	memcpy(from, "from (?<id>", 11);
	ok(matcher_new(&set, &logouts, &err) == NULL, "connect without ip");
	is_str(err.text, "-:7: rule 'two': connect: no group (?<ip>...)",
	       "is reported");
	memcpy(from, "from (?<ip>", 11);
	memcpy(out, "out (?<sessiom>", 15);
	ok(matcher_new(&set, &logouts, &err) == NULL, "logout without either");
	is_str(err.text,
	       "-:7: rule 'out': logout: no group (?<ip>...) or "
	       "(?<session>...)",
	       "is reported");
}

static void
bad_expressions(void)
{
	static const char *const matches[][2] = {
	    {"in (?<user>.*)", "-:7: rule 'x': match: no group (?<ip>...)"},
	    {"in (?<ip>.*", "-:7: rule 'x': match: missing closing "
			    "parenthesis at column 12"},
	    {"(*UTF)in (?<ip>.*)", "-:7: rule 'x': match: "},
	};
	struct err err;
	struct rule r;
	size_t i;

	for (i = 0; i < sizeof(matches) / sizeof(matches[0]); i++) {
		r = rule("x", xd, matches[i][0]);
		err.text[0] = '\0';
		ok(compile(&r, 1, &err) == NULL &&
		       strstr(err.text, matches[i][1]) == err.text,
		   "refused: %s", err.text);
	}
}

/* Of the rules after the first, only that for the whole line can have a say;
 * that for another header is of another list. */
static void
copies(void)
{
	struct rule rules[] = {rule("own", xd, "in (?<ip>[0-9.]++)"),
			       rule("copy", xd, "in (?<ip>[0-9.]++)"),
			       rule("line", xd, "in (?<ip>[0-9.]++)"),
			       rule("other", xd, "in (?<ip>[0-9.]++)"),
			       rule("two", xd, NULL),
			       rule("last", xd, "in (?<ip>[0-9.]++) ")};
	struct logline l = line("xd", "in 192.0.2.7");
	struct err err = {""};
	const struct program *program;
	struct match match;
	struct matcher *m;

	rules[2].whole_line = true;
	rules[3].header = HEADER_XMAIL;
	rules[4].connect = rules[0].match;
	rules[4].login = rules[5].match;
	m = compile(rules, 6, &err);
	program = matcher_program(m, &l);
	is_int((long long)program->count, 3,
	       "an expression is tried once, on the text and on the line");
	ok(matcher_match(m, &l, &match, &err) == 1 && match.rule == &rules[0],
	   "for the first rule that has it");
	is_int(run(m, "xd", "in 192.0.2.7 ", &match, &err), 1,
	       "what no earlier rule has is tried");
	ok(match.rule == &rules[4] && match.role == RULE_LOGIN,
	   "whatever else its rule has");
	l.line = "in 192.0.2.8";
	l.text = "out";
	l.text_len = strlen(l.text);
	ok(matcher_match(m, &l, &match, &err) == 1 && match.rule == &rules[2],
	   "and what sees the whole line");
	l = line("xd", "in 192.0.2.7");
	l.header = HEADER_XMAIL;
	ok(matcher_match(m, &l, &match, &err) == 1 && match.rule == &rules[3],
	   "or another header");
	matcher_free(&m);
}

/* Each is shown to those who ask, even if it is never tried. */
static void
count_attempt(void *arg, const struct attempt *attempt)
{
	if (attempt->fits == 1)
		++*(int *)arg;
}

static void
explained(void)
{
	struct rule rules[] = {rule("own", xd, "in (?<ip>[0-9.]++)"),
			       rule("copy", xd, "in (?<ip>[0-9.]++)")};
	struct logline l = line("xd", "in 192.0.2.7");
	struct err err = {""};
	struct matcher *m = compile(rules, 2, &err);
	int matching = 0;

	is_int((long long)matcher_explain(m, &l, count_attempt, &matching), 2,
	       "a copy is explained");
	is_int(matching, 2, "as what matches, too");
	matcher_free(&m);
}

/* Thousands of programs are told apart. */
static char *prefixed[] = {(char[]){"*/zd"}, (char[]){"zd"}, NULL};
static char *whole[] = {(char[]){"own/zd"}, NULL};

/* A program is found by its last part unless a rule names it in full. */
static void
any_prefix(void)
{
	static const struct {
		const char *program;
		int rule; /* -1: none */
	} cases[] = {{"a/zd", 0},   {"a/b/zd", 0}, {"zd", 0},	 {"own/zd", 1},
		     {"a/zdx", -1}, {"a/xzd", -1}, {"zd/a", -1}, {"a/", -1},
		     {"/", -1},	    {"*/zd", 0}};
	struct rule rules[] = {rule("any", prefixed, "in (?<ip>.*)"),
			       rule("whole", whole, "in (?<ip>.*)")};
	struct err err = {""};
	struct matcher *m = compile(rules, 2, &err);
	struct match match;
	size_t i;
	int r;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r = run(m, cases[i].program, "in 192.0.2.7", &match, &err);
		is_int(r == 1 ? match.rule - rules : -1, cases[i].rule,
		       "program '%s'", cases[i].program);
		is_int(rule_knows_program(&rules[0], cases[i].program,
					  strlen(cases[i].program)),
		       cases[i].rule == 0 || cases[i].rule == 1,
		       "whether the rule is for it");
	}
	matcher_free(&m);
}

static void
many_programs(void)
{
	enum { MANY = 3000 };
	static struct rule rules[MANY];
	static char names[MANY][16];
	static char *programs[MANY][2];
	struct err err;
	struct match match;
	struct matcher *m;
	int i, wrong = 0;

	for (i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "p%d-login", i);
		programs[i][0] = names[i];
		rules[i] = rule(names[i], programs[i], "in (?<ip>.*)");
	}
	m = compile(rules, MANY, &err);
	for (i = 0; i < MANY; i++)
		if (run(m, names[i], "in 192.0.2.7", &match, &err) != 1 ||
		    match.rule != &rules[i])
			wrong++;
	is_int(wrong, 0, "%d programs are distinguished", MANY);
	matcher_free(&m);
}

/* The byte at each place of texts of many lengths, from a user of one byte on.
 */
static int
matches_with(struct matcher *m, unsigned char byte)
{
	char text[80];
	struct match match;
	struct err err;
	int matches = 0;

	for (size_t len = 1; len < 50; len++) {
		for (size_t at = 0; at < len; at++) {
			struct logline l;
			int before = sprintf(text, "in 192.0.2.7 ");

			memset(text + before, 'a', len);
			text[(size_t)before + at] = (char)byte;
			l = line("xd", text);
			l.text_len = l.line_len = (size_t)before + len;
			matches += matcher_match(m, &l, &match, &err) == 1;
		}
	}
	return matches;
}

/* A server writes none into a line of a login; see SECURITY.md. */
static void
control_bytes(void)
{
	struct rule rules[] = {
	    rule("x", xd, "in (?<ip>[0-9.:a-f]++) (?<user>(?s:.+))"),
	};
	struct err err;
	struct matcher *m = compile(rules, 1, &err);
	int all = matches_with(m, 'b'), wrong = 0;

	is_int(all, 49 * 50 / 2, "all without a control byte match");
	for (int byte = 0; byte < 256; byte++) {
		bool control = byte < 0x20 || byte == 0x7f;

		wrong +=
		    matches_with(m, (unsigned char)byte) != (control ? 0 : all);
	}
	is_int(wrong, 0, "a control byte at any place, and no other, refuses");
	matcher_free(&m);
}

int
main(void)
{
	chosen_by_program();
	anchored();
	bound_to_header();
	refused();
	limited();
	not_utf8();
	whole_lines();
	optional();
	roles();
	bad_expressions();
	any_prefix();
	copies();
	explained();
	many_programs();
	control_bytes();
	return tap_done();
}
