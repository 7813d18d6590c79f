/*
 * Pattern files: what is accepted, and what is refused with file, line and the
 * nearest known word.
 */
#include "patterns/match/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "patterns/match/matcher.h"
#include "tests/tap.h"

static char root[] = "/tmp/pbs-rules-XXXXXX";

static const char *
path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		exit(1);
}

static struct ruleset *
load_dir(const char *dir, struct err *err)
{
	char *path = alloc_string(path_of(dir));
	const char *dirs[] = {path};
	struct ruleset *set = ruleset_load(dirs, 1, err);

	free(path);
	return set;
}

#define HEAD "server: X\nprogram: xd\nrules:\n"
#define RULE "  - name: x-login\n    match: 'in (?<ip>.*)'\n"

static void
whole_file(void)
{
	struct err err;
	struct ruleset *set;
	const struct rule *rule;

	write_file(
	    "a/x.yaml",
	    "server: X\nversions: '1 - 2'\nprogram: [xd, yd]\nrules:\n" RULE
	    "    accept:\n"
	    "      - { line: 'in 192.0.2.7', ip: 192.0.2.7, user: ann }\n"
	    "    reject:\n"
	    "      - { line: 'out', why: 'no login' }\n"
	    "      - { line: 'in', why: 'no address', checked: user }\n"
	    "    cut: 80\n"
	    "  - name: x-own\n    optional: true\n    line: true\n"
	    "    header: xmail\n    program: zd\n    match: '(.)(.)'\n");
	set = load_dir("a", &err);
	if (!ok(set != NULL, "a whole file is read"))
		return;
	is_int((long long)set->count, 2, "two rules");
	rule = &set->list[0];
	is_str(rule->name, "x-login", "its name");
	is_str(rule->server, "X", "its server");
	is_str(rule->programs[1], "yd", "the file's programs");
	ok(rule->programs[2] == NULL, "no more of them");
	is_int((long long)rule->lineno, 6, "the line of its expression");
	ok(!rule->optional && !rule->whole_line, "neither optional nor line");
	is_int(rule->header, HEADER_SYSLOG, "syslog unless said");
	is_int((long long)rule->accept.count, 1, "one accept sample");
	is_str(rule->accept.list[0].user, "ann", "the sample's user");
	is_int((long long)rule->accept.list[0].lineno, 8, "its line");
	is_str(rule->reject.list[0].why, "no login", "the reject sample");
	ok(!rule->reject.list[0].user_checked &&
	       rule->reject.list[1].user_checked,
	   "whose user the server checked");
	is_int((long long)rule->cut, 80, "where the server cuts a user name");
	rule = &set->list[1];
	ok(rule->optional && rule->whole_line, "optional and line");
	is_int(rule->header, HEADER_XMAIL, "a header of its own");
	is_str(rule->programs[0], "zd", "a program of its own");
	ruleset_free(&set);
	ok(set == NULL, "freed");
}

static void
without_samples(void)
{
	static const char text[] =
	    HEAD RULE "    accept:\n      - { line: 'in x', ip: %s }\n"
	    "    reject:\n      - { line: 'out' }\n";
	char *path = alloc_string(path_of("a")), *whole;
	struct ruleset *set;
	struct err err;

	whole = alloc_format(text, "192.0.2.7");
	write_file("a/x.yaml", whole);
	free(whole);
	set = ruleset_load_bare((const char *const *)&path, 1, &err);
	ok(set != NULL && set->count == 1 && set->list[0].accept.count == 0 &&
	       set->list[0].reject.count == 0,
	   "a rule without its samples");
	ruleset_free(&set);
	whole = alloc_format(text, "nowhere");
	write_file("a/x.yaml", whole);
	free(whole);
	set = ruleset_load_bare((const char *const *)&path, 1, &err);
	ok(set == NULL && strstr(err.text, "x.yaml:7: 'nowhere' is not an"),
	   "which must be right in a file that is not as ours: %s", err.text);
	ruleset_free(&set);
	write_file("a/x.yaml",
		   HEAD RULE "    accept:\n      - line: 'in x'\n"
			     "        ip: nowhere\n    cut: 0\n");
	set = ruleset_load_bare((const char *const *)&path, 1, &err);
	ok(set == NULL && strstr(err.text, "x.yaml:9: 'cut' must") != NULL,
	   "in one that is, what is no sample: %s", err.text);
	write_file("a/x.yaml",
		   HEAD RULE "    accept:\n      - line: 'in x'\n"
			     "        ip: nowhere\n");
	set = ruleset_load_bare((const char *const *)&path, 1, &err);
	ok(set != NULL, "and nothing else need be");
	ruleset_free(&set);
	set = ruleset_load((const char *const *)&path, 1, &err);
	ok(set == NULL && strstr(err.text, "x.yaml:8: 'nowhere' is not an"),
	   "unless the samples are wanted: %s", err.text);
	ruleset_free(&set);
	free(path);
}

static void
other_kinds(void)
{
	struct err err;
	struct ruleset *set;
	const struct rule *rule;

	write_file("a/x.yaml",
		   HEAD "  - name: x-two\n    connect: 'from (?<ip>.*)'\n"
			"    login: 'in (?<user>.*)'\n    end: 'out'\n"
			"    accept:\n"
			"      - lines: ['from 192.0.2.7', 'in ann']\n"
			"        ip: 192.0.2.7\n"
			"  - name: x-logout\n    logout: 'by (?<session>.*)'\n"
			"    accept:\n"
			"      - { line: 'by x1', session: x1 }\n");
	set = load_dir("a", &err);
	if (!ok(set != NULL, "rules of other kinds are read"))
		return;
	rule = &set->list[0];
	ok(rule->match == NULL && rule->logout == NULL, "no match");
	is_str(rule->connect, "from (?<ip>.*)", "connect");
	is_str(rule->login, "in (?<user>.*)", "login");
	is_str(rule->end, "out", "end");
	is_int((long long)rule->lineno, 5, "the line of connect");
	is_int((long long)rule->accept.list[0].nlines, 2, "a sample of two");
	is_str(rule->accept.list[0].line, "in ann", "its last line");
	is_str(set->list[1].logout, "by (?<session>.*)", "logout");
	is_str(set->list[1].accept.list[0].session, "x1", "its session");
	ruleset_free(&set);
}

/* A file, and what the error about it contains. */
static const struct {
	const char *text, *said;
} bad[] = {
    {"servr: X\nprogram: xd\nrules:\n" RULE,
     "x.yaml:1: unknown key 'servr' in pattern file (did you mean 'server'?)"},
    {"server: X\nprogram: 'x*'\nrules:\n" RULE, "'*' in a program"},
    {"server: X\nprogram: '*imap'\nrules:\n" RULE, "'*' in a program"},
    {"server: X\nprogram: '*/'\nrules:\n" RULE, "'*' in a program"},
    {"server: X\nprogram: [xd, '*/x/y']\nrules:\n" RULE, "'*' in a program"},
    {"server: X\nprogram: '*/x*'\nrules:\n" RULE, "'*' in a program"},
    {"program: xd\nrules:\n" RULE, "pattern file has no 'server'"},
    {"server: X\nprogram: xd\n", "pattern file has no 'rules'"},
    {"server: X\nprogram: xd\nrules: none\n",
     "x.yaml:3: 'rules' must be a list"},
    {"server: [X]\nprogram: xd\nrules:\n" RULE,
     "x.yaml:1: 'server' must be a string"},
    {"server: X\nrules:\n" RULE, "x.yaml:3: rule 'x-login' has no 'program'"},
    {"server: X\nprogram: []\nrules:\n" RULE, "x.yaml:2: 'program' is empty"},
    {"server: X\nheader: sylog\nprogram: xd\nrules:\n" RULE,
     "x.yaml:2: unknown header 'sylog' (did you mean 'syslog'?)"},
    {HEAD "  - name: x-login\n    macth: 'x'\n",
     "x.yaml:5: unknown key 'macth' in rule (did you mean 'match'?)"},
    {HEAD "  - match: 'x'\n", "x.yaml:4: rule has no 'name'"},
    {HEAD "  - name: x-login\n", "x.yaml:4: rule has no 'match'"},
    {HEAD "  - x-login\n", "x.yaml:4: rule must be a map"},
    {HEAD RULE RULE, "x.yaml:6: rule 'x-login' is already defined at "},
    {HEAD "  - name: x login\n    match: 'x'\n",
     "x.yaml:4: a rule's name is letters, digits, '.', '_' and '-', at most "
     "64"},
    {HEAD RULE "    optional: maybe\n",
     "x.yaml:6: 'optional' must be true or false"},
    {HEAD RULE "    cut: none\n", "x.yaml:6: 'cut' must be a number of bytes"},
    {HEAD RULE "    cut: 0\n", "x.yaml:6: 'cut' must be a number of bytes"},
    {HEAD RULE "    reject:\n      - { line: x, checked: ip }\n",
     "x.yaml:7: 'checked' can only be 'user'"},
    {HEAD RULE "    accept: yes\n",
     "x.yaml:6: 'accept' must be a list of samples"},
    {HEAD RULE "    accept:\n      - { line: x }\n",
     "x.yaml:7: accept sample has no 'ip'"},
    {HEAD RULE "    accept:\n      - { line: x, ip: 192.0.2 }\n",
     "x.yaml:7: '192.0.2' is not an address"},
    {HEAD RULE "    accept:\n      - { lin: x, ip: 192.0.2.7 }\n",
     "x.yaml:7: unknown key 'lin' in accept sample (did you mean 'line'?)"},
    {HEAD RULE "    reject:\n      - { line: x, user: ann }\n",
     "x.yaml:7: unknown key 'user' in reject sample"},
    {HEAD RULE "    reject:\n      - { why: x }\n",
     "x.yaml:7: reject sample has no 'line'"},
    {"server: X\nrules: []\n", "no rules in *.yaml"},
    {HEAD RULE "    login: 'x'\n",
     "x.yaml:4: rule 'x-login' has more than one of 'match', 'connect' with "
     "'login', 'logout' and 'multiline'"},
    {HEAD RULE "    multiline: 'x'\n", "has more than one of 'match'"},
    {HEAD RULE "    logout: '(?<ip>.*)'\n", "has more than one of 'match'"},
    {HEAD "  - name: x\n    connect: '(?<ip>.*)'\n",
     "x.yaml:4: rule 'x' has no 'login'"},
    {HEAD "  - name: x\n    login: x\n", "rule 'x' has no 'connect'"},
    {HEAD "  - name: x\n    end: x\n", "rule 'x' has no 'connect'"},
    {HEAD RULE "    reject:\n      - { line: x, lines: [x, y] }\n",
     "x.yaml:7: reject sample has both 'line' and 'lines'"},
    {HEAD RULE "    reject:\n      - { lines: x }\n",
     "x.yaml:7: 'lines' must be a list of lines"},
    {HEAD RULE "    reject:\n      - { lines: [] }\n",
     "x.yaml:7: 'lines' must be a list of lines"},
    {HEAD RULE "    reject:\n      - { lines: [x, [y]] }\n",
     "x.yaml:7: 'lines' must be a list of lines"},
    {HEAD "  - name: x\n    logout: '(?<session>.*)'\n    accept:\n"
	  "      - { line: x }\n",
     "x.yaml:7: accept sample has no 'ip'"},
};

static void
bad_files(void)
{
	struct ruleset *set;
	struct err err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file("a/x.yaml", bad[i].text);
		err.text[0] = '\0';
		set = load_dir("a", &err);
		ok(set == NULL && strstr(err.text, bad[i].said) != NULL,
		   "refused: %s", err.text);
		ruleset_free(&set);
	}
}

static void
directories(void)
{
	char *first = alloc_string(path_of("a"));
	char *second = alloc_string(path_of("b"));
	const char *dirs[] = {first, second};
	struct ruleset *set;
	struct err err;

	write_file("a/x.yaml", HEAD RULE);
	write_file("a/y.yaml", HEAD "  - { name: y, match: '(?<ip>.)' }\n");
	write_file("a/notes.txt", "no patterns");
	write_file("b/x.yaml", HEAD "  - { name: ours, match: '(?<ip>.)' }\n");
	set = ruleset_load(dirs, 2, &err);
	if (ok(set != NULL && set->count == 2, "two directories are read")) {
		is_str(set->list[0].name, "ours",
		       "a later file replaces one of its name");
		is_str(set->list[1].name, "y", "the others stay");
	}
	ruleset_free(&set);
	dirs[1] = "/nonexistent/patterns";
	set = ruleset_load(dirs, 2, &err);
	ok(set == NULL, "a directory that does not exist is an error");
	is_str(err.text, "/nonexistent/patterns: No such file or directory",
	       "it says which");
	ruleset_free(&set);
	free(first);
	free(second);
}

/* ---- many files, which several threads read ---- */

enum { MANY = 200 };

static const char *
many_name(int i)
{
	static char name[32];

	snprintf(name, sizeof(name), "many/%03d.yaml", i);
	return name;
}

/* The rule of file i, and `more' after it. */
static void
write_one_of_many(int i, int rule, const char *more)
{
	char text[512];

	snprintf(text, sizeof(text),
		 HEAD "  - name: rule-%d\n    match: '(?<ip>.*)'\n%s", rule,
		 more);
	write_file(many_name(i), text);
}

static void
say_many(const char *said, const char *what)
{
	struct err err = {""};
	struct ruleset *set = load_dir("many", &err);

	ok(set == NULL && strstr(err.text, said) != NULL, "%s: %s", what,
	   err.text);
	ruleset_free(&set);
}

static void
many_in_order(void)
{
	struct err err;
	struct ruleset *set = load_dir("many", &err);
	char name[32];
	int wrong = 0;

	if (!ok(set != NULL && set->count == MANY, "many files are read"))
		return;
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "rule-%d", i);
		wrong += strcmp(set->list[i].name, name) != 0;
	}
	is_int(wrong, 0, "their rules are in the order of the files");
	ruleset_free(&set);
}

static void
many_files(void)
{
	mkdir(path_of("many"), 0700);
	for (int i = 0; i < MANY; i++)
		write_one_of_many(i, i, "");
	many_in_order();
	for (int i = 31; i < MANY; i++)
		write_one_of_many(i, i, "    optional: perhaps\n");
	say_many("/031.yaml:6: 'optional' must be true",
		 "of many errors the first is reported");
	write_one_of_many(30, 7, "");
	say_many("/030.yaml:4: rule 'rule-7' is already defined at ",
		 "so is a name of an earlier file");
	say_many("/007.yaml:5", "with its place");
	write_one_of_many(30, 7, "    optional: perhaps\n");
	say_many("/030.yaml:4: rule 'rule-7' is already",
		 "before what comes after the name");
	write_one_of_many(30, 7, "    optinal: true\n");
	say_many("/030.yaml:6: unknown key 'optinal'",
		 "but not before a key that is not known");
	write_one_of_many(30, 30, "  - nam: x\n  - name: rule-7\n");
	say_many("/030.yaml:6: unknown key 'nam'",
		 "nor what comes after an error");
	unlink(path_of(many_name(29)));
	ok(symlink("nothing", path_of(many_name(29))) == 0, "a broken link");
	say_many("/029.yaml: open: No such file", "is an error as well");
	for (int i = 0; i < MANY; i++)
		unlink(path_of(many_name(i)));
}

static void
write_rules(const char *name, int first, int count)
{
	FILE *f = fopen(path_of(name), "w");

	if (f == NULL)
		exit(1);
	fputs("server: X\nprogram: xd\n\nrules:\n", f);
	for (int i = first; i < first + count; i++)
		fprintf(f, "- name: rule-%d\n  match: '(?<ip>.)'\n", i);
	fclose(f);
}

/* Threads compile them, too. */
static void
many_expressions(void)
{
	FILE *f = fopen(path_of("many/a.yaml"), "w");
	struct ruleset *set;
	struct matcher *matcher;
	struct err err;

	if (f == NULL)
		exit(1);
	fputs(HEAD, f);
	for (int i = 0; i < 1000; i++)
		fprintf(f, "- name: rule-%d\n  match: '%s'\n", i,
			i == 700 ? "(?<user>.)" : i < 400 ? "(?<ip>.)" : "(");
	fclose(f);
	set = load_dir("many", &err);
	matcher = matcher_new(set, NULL, &err);
	ok(matcher == NULL && strstr(err.text, ": rule 'rule-400': match: "),
	   "the first expression that does not compile: %s", err.text);
	matcher_free(&matcher);
	ruleset_free(&set);
	unlink(path_of("many/a.yaml"));
	rmdir(path_of("many"));
}

static void
many_rules(void)
{
	struct err err;
	struct ruleset *set;

	write_rules("many/a.yaml", 0, 6000);
	write_rules("many/b.yaml", 6000, 4000);
	set = load_dir("many", &err);
	ok(set != NULL && set->count == 10000, "10000 rules are read");
	ruleset_free(&set);
	write_rules("many/b.yaml", 0, 4001);
	say_many("/b.yaml:5: more than 10000 rules in all", "no more");
	write_rules("many/a.yaml", 0, 10001);
	say_many("/a.yaml:5: more than 10000 rules in all",
		 "nor in one file");
	unlink(path_of("many/b.yaml"));
}

static void
make_dirs(void)
{
	if (mkdtemp(root) == NULL || mkdir(path_of("a"), 0700) < 0 ||
	    mkdir(path_of("b"), 0700) < 0)
		exit(1);
}

static void
remove_dirs(void)
{
	static const char *const files[] = {"a/x.yaml", "a/y.yaml",
					    "a/notes.txt", "b/x.yaml"};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(path_of(files[i]));
	rmdir(path_of("a"));
	rmdir(path_of("b"));
	rmdir(root);
}

int
main(void)
{
	make_dirs();
	whole_file();
	without_samples();
	other_kinds();
	bad_files();
	directories();
	many_files();
	many_rules();
	many_expressions();
	remove_dirs();
	return tap_done();
}
