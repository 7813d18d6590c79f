/*
 * What is taken out of a pattern file before it is parsed: samples and comments
 * alone, and nothing at all if the file is not of the form that ours have.
 */
#include "patterns/match/bare_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "patterns/match/patterndir.h"
#include "tests/bare_and_whole.h"
#include "tests/chance.h"
#include "tests/tap.h"

enum { MUTANTS = 150, CHANGES_MAX = 3, FILE_SIZE = 64 * 1024 };

#define HEAD "server: X\nprogram: [xd, '*/yd']\nrules:\n"
#define RULE "  - name: x\n    match: 'in (?<ip>.*) of ''x'''\n"
#define SAMPLES "    accept:\n      - line: 'in 7'\n        ip: 192.0.2.7\n"

/* ---- forms ---- */

/* NULL: it is not touched. */
static const struct {
	const char *text, *bare;
} forms[] = {
    {HEAD RULE, HEAD RULE},
    {HEAD RULE SAMPLES RULE, HEAD RULE "\n\n\n" RULE},
    {"# a\n\n" HEAD "  # b\n" RULE SAMPLES "        # c\n    # d\n    cut: 8\n",
     "\n\n" HEAD "\n" RULE "\n\n\n\n\n    cut: 8\n"},
    {HEAD RULE
     "    reject:\n      - lines:\n          - 'a'\n          - \"\\t\"\n"
     "        why: a b\n      - line: c\n" SAMPLES,
     HEAD RULE "\n\n\n\n\n\n\n\n\n"},
    {"warning: >-\n  a\n\n  accept:\n# c\n" HEAD RULE,
     "warning: >-\n  a\n\n  accept:\n\n" HEAD RULE},
    /* What ends elsewhere, or not at all. */
    {"warning: >-\n  a\n  # b\n" HEAD RULE, NULL},
    {"warning: >-\n  a\n# b\n  c\n" HEAD RULE, NULL},
    {"warning: >-\n  a\n   b\n" HEAD RULE, NULL},
    {"warning: >\n  a\n" HEAD RULE, NULL},
    {HEAD RULE "    match: 'a\n", NULL},
    {HEAD RULE "    match: 'a''\n", NULL},
    {HEAD RULE "    match: 'a' # b\n", NULL},
    {HEAD RULE "    match: 'a' \n", NULL},
    {HEAD RULE "    match: \"a\\\"\n", NULL},
    {HEAD RULE "    match: \"\\x41\"\n", NULL},
    {HEAD RULE "    match: a\n      b\n", NULL},
    {HEAD RULE "    match: a: b\n", NULL},
    {HEAD RULE "    match: &a b\n", NULL},
    {HEAD RULE "    program: [a,\n      b]\n", NULL},
    {HEAD RULE "    program: [a, b], c\n", NULL},
    {HEAD RULE "    program: [a, [b]]\n", NULL},
    {HEAD RULE "    program: ['a'', b]\n", NULL},
    {HEAD RULE "    program: {a: b}\n", NULL},
    {HEAD RULE "    program:\n      - a\n", NULL},
    {HEAD RULE, HEAD RULE},
    {"server: X", NULL},
    {"", NULL},
    /* What is no sample. */
    {HEAD RULE "    accept:\n", NULL},
    {HEAD RULE "    accept:\n" RULE, NULL},
    {HEAD RULE "    accept:\n    cut: 8\n", NULL},
    {HEAD RULE "    accept: []\n", NULL},
    {HEAD RULE "    accept: x\n      - line: x\n", NULL},
    {HEAD RULE SAMPLES "    accept:\n      - line: x\n", NULL},
    {HEAD "  - accept:\n      - line: x\n", NULL},
    {HEAD "  - accept: x\n", NULL},
    {HEAD RULE "    accept:\n      - lin: x\n", NULL},
    {HEAD RULE "    accept:\n      - line: x\n        line: y\n", NULL},
    {HEAD RULE "    accept:\n      - line:\n        ip: x\n", NULL},
    {HEAD RULE "    accept:\n      - lines: x\n", NULL},
    {HEAD RULE "    accept:\n      - lines:\n", NULL},
    {HEAD RULE "    accept:\n      - lines:\n        ip: x\n", NULL},
    {HEAD RULE "    accept:\n        line: x\n", NULL},
    {HEAD RULE "    accept:\n      line: x\n", NULL},
    {HEAD RULE "    accept:\n      - x\n", NULL},
    {HEAD RULE "    accept:\n      - { line: x }\n", NULL},
    {HEAD RULE "    accept:\n    - line: x\n", NULL},
    {HEAD RULE SAMPLES "          - x\n", NULL},
    {"accept:\n      - line: x\n" HEAD RULE, NULL},
    {HEAD "    accept:\n      - line: x\n", NULL},
    {HEAD RULE "server: y\n" SAMPLES, NULL},
    {"---\n" HEAD RULE, NULL},
    {HEAD RULE "...\n", NULL},
    {"? a\n" HEAD RULE, NULL},
    /* Bytes that take more or less than a column. */
    {"\xef\xbb\xbf" HEAD RULE, NULL},
    {"# \xc3\xa9\n" HEAD RULE, NULL},
    {HEAD RULE "\tcut: 8\n", NULL},
    {HEAD RULE "# \x01\n", NULL},
    {HEAD RULE "# a\r\n", NULL},
};

static void
take_forms(void)
{
	char *text;
	size_t len;
	bool taken;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		text = alloc_string(forms[i].text);
		len = strlen(text);
		taken = bare_text(text, &len);
		text[len] = '\0';
		if (forms[i].bare == NULL)
			ok(!taken && strcmp(text, forms[i].text) == 0,
			   "is left alone: form %zu", i);
		else
			is_str(text, forms[i].bare, "is taken: form %zu", i);
		free(text);
	}
}

static void
large_files(void)
{
	static const char more[] =
	    "      - line: 'in'\n        ip: 192.0.2.7\n";
	char *text = alloc_zero(1, 600 * 1000);
	size_t len, room = strlen(more);

	strcpy(text, HEAD RULE SAMPLES);
	for (len = strlen(text); len < 390 * 1000; len += room)
		memcpy(text + len, more, room);
	ok(bare_text(text, &len), "a large file");
	strcpy(text, HEAD RULE SAMPLES);
	for (len = strlen(text); len < 410 * 1000; len += room)
		memcpy(text + len, more, room);
	ok(!bare_text(text, &len), "but none that may have too many entries");
	free(text);
}

/* ---- our own files, and what becomes of them by chance ---- */

struct mutant {
	char text[FILE_SIZE + 4096];
	size_t len;
};

/* A line of it, with its end. */
static char *
any_line(struct mutant *m, size_t *len)
{
	char *line = m->text + chance((int)m->len), *end;

	while (line > m->text && line[-1] != '\n')
		line--;
	end = memchr(line, '\n', (size_t)(m->text + m->len - line));
	*len = (size_t)(end == NULL ? m->text + m->len - line : end + 1 - line);
	return line;
}

/* Puts bytes in the place of others. */
static void
replace(struct mutant *m, char *at, size_t old, const char *bytes, size_t len)
{
	char *copy = alloc_bytes(bytes, len);
	size_t after = (size_t)(m->text + m->len - at) - old;

	if (m->len + len - old < sizeof(m->text)) {
		memmove(at + len, at + old, after);
		memcpy(at, copy, len);
		m->len += len - old;
	}
	free(copy);
}

static void
change_byte(struct mutant *m)
{
	static const char bytes[] = "'\"\\\n #-:,[]{}&*!|>%@?x\t\r\xef";
	char *at = m->text + chance((int)m->len);

	replace(m, at, (size_t)chance(2), &bytes[chance(sizeof(bytes))],
		(size_t)chance(2));
}

/* Lines deleted, doubled, moved in or out, exchanged with others, with another
 * end, with other quotes; a BOM. */
static void
change(struct mutant *m)
{
	size_t len, other_len, blanks;
	char *line = any_line(m, &len), *other = any_line(m, &other_len),
	     *quote;

	blanks = len - strlen(line) < len ? strspn(line, " ") : 0;
	switch (chance(10)) {
	case 0:
		replace(m, line, len, "", 0);
		break;
	case 1:
		replace(m, line, 0, line, len);
		break;
	case 2:
		replace(m, line, 0, "    ", 1 + (size_t)chance(4));
		break;
	case 3:
		replace(m, line, blanks < 2 ? blanks : 2, "", 0);
		break;
	case 4:
		replace(m, line, 0, other, other_len);
		break;
	case 5:
		replace(m, line + len - 1, 0, "\r", 1);
		break;
	case 6:
		quote = memchr(line, '\'', len);
		if (quote != NULL)
			replace(m, quote, 1, "", 0);
		break;
	case 7:
		if (chance(8) == 0)
			replace(m, m->text, 0, "\xef\xbb\xbf", 3);
		break;
	default:
		change_byte(m);
	}
	m->text[m->len] = '\0';
}

/* How many of the mutants are read in two ways. */
static int
count_wrong(const char *text, size_t len, int *taken)
{
	static struct mutant m;
	struct ruleset *set;
	struct err err;
	int wrong = 0;
	bool same;

	for (int i = 0; i < MUTANTS; i++) {
		memcpy(m.text, text, m.len = len);
		m.text[len] = '\0';
		for (int n = chance(CHANGES_MAX); n >= 0 && m.len > 0; n--)
			change(&m);
		set = read_both_ways(m.text, m.len, &same, &err);
		ruleset_free(&set);
		if (!same && ++wrong == 1)
			printf("# %s\n%.*s", err.text, (int)m.len, m.text);
		*taken += bare_text(m.text, &m.len);
	}
	return wrong;
}

static void
try_file(const char *path, int *taken)
{
	struct err err = {""};
	size_t len;
	char *text = readfile(path, FILE_SIZE, &len, &err);
	struct ruleset *set;
	bool same;

	if (!ok(text != NULL, "%s is read %s", path, err.text))
		return;
	set = read_both_ways(text, len, &same, &err);
	ok(set != NULL && same, "it has the same rules without samples");
	ruleset_free(&set);
	is_int(count_wrong(text, len, taken), 0, "so does what is like it");
	ok(bare_text(text, &len), "it is read without samples");
	free(text);
}

static void
our_files(void)
{
	char *dir = patterndir_default();
	struct strings paths = {0};
	struct err err;
	int taken = 0;

	patterndir_files((const char *const *)&dir, 1, &paths, &err);
	ok(paths.count > 20, "our files");
	for (size_t i = 0; i < paths.count; i++)
		try_file(paths.list[i], &taken);
	/* Else the comparison would say nothing. */
	ok(taken > (int)paths.count * MUTANTS / 10,
	   "%d of the files like them are read without samples", taken);
	strings_clear(&paths);
	free(dir);
}

int
main(void)
{
	take_forms();
	large_files();
	our_files();
	return tap_done();
}
