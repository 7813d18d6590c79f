/*
 * farthest_failure: of all ways through an expression, the one that got
 * furthest in the expression counts; groups with alternatives are one place.
 */
#include "patterns/match/farthest_failure.h"

#include <string.h>

#include "base/err.h"
#include "patterns/match/matcher.h"
#include "tests/tap.h"

static char xd[] = "xd", *programs[] = {xd, NULL};

struct seen {
	size_t at, wanted, count;
	int fits;
};

static void
see(void *arg, const struct attempt *attempt)
{
	struct seen *seen = arg;

	seen->count++;
	seen->fits = attempt->fits;
	seen->at = attempt->text_at;
	seen->wanted = attempt->regex_at;
}

static struct seen
explain(const char *expression, const char *text)
{
	char name[] = "x";
	struct rule rule = {.name = name,
			    .server = name,
			    .file = name,
			    .programs = programs,
			    .match = (char *)(uintptr_t)expression};
	struct ruleset set = {&rule, 1};
	struct logline line = {.program = xd,
			       .program_len = 2,
			       .line = text,
			       .line_len = strlen(text),
			       .text = text,
			       .text_len = strlen(text)};
	struct seen seen = {0};
	struct err err = {""};
	struct matcher *matcher = matcher_new(&set, NULL, &err);

	if (ok(matcher != NULL, "%s compiles: %s", expression, err.text))
		matcher_explain(matcher, &line, see, &seen);
	matcher_free(&matcher);
	return seen;
}

/* How much of a text matches, and which part of the expression does not. */
static void
furthest(void)
{
	static const struct {
		const char *expression, *text;
		size_t at;
		const char *wanted;
	} table[] = {
	    {"in (?<ip>[0-9.]++)", "at 1.2.3.4", 0, "in (?<ip>[0-9.]++)"},
	    {"in (?<ip>[0-9.]++)", "in x", 3, "[0-9.]++)"},
	    {"in (?<ip>[0-9.]++) ok", "in 1.2.3.4 no", 11, "ok"},
	    {"in (?<ip>[0-9.]++)", "in 1.2.3.4 ", 10, ""},
	    {"in (?<ip>[0-9.]++) ok", "in 1.2.3.4", 10, " ok"},
	    /* What matches any text says nothing. */
	    {".* in (?<ip>[0-9.]++) ok", "x in 1.2.3.4 no x", 13, "ok"},
	    {"<[^>]++(?:>[^>]*+)*?>, a=(?<ip>[0-9.]++)", "<u>, b=1 <x>", 5,
	     "a=(?<ip>[0-9.]++)"},
	    /* Of alternatives, the one that matches most of the text. */
	    {"(?:Login|Auth|Open) (?<ip>[0-9.]++)", "Logout 1.2.3.4", 3,
	     "in|Auth|Open) (?<ip>[0-9.]++)"},
	    {"(?:Login|Auth|Open) (?<ip>[0-9.]++)", "Xyz 1.2.3.4", 0,
	     "(?:Login|Auth|Open) (?<ip>[0-9.]++)"},
	    {"x(?<ip>1)a|yy(?P<up>2)b", "yy2c", 3, "b"},
	    /* A lookahead counts where it begins. */
	    {"m=(?!NO,)[A-Z]++, (?<ip>[0-9.]++)", "m=NO, 1.2.3.4", 2,
	     "(?!NO,)[A-Z]++, (?<ip>[0-9.]++)"},
	    /* Brackets that are literals. */
	    {"[](|[:alpha:]]\\(\\Q(|\\E(?<ip>[0-9.]++)", "](((|x", 1, NULL},
	};
	struct seen seen;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		seen = explain(table[i].expression, table[i].text);
		is_int(seen.fits, 0, "%s does not fit %s", table[i].expression,
		       table[i].text);
		if (table[i].wanted == NULL)
			continue;
		is_int((long long)seen.at, (long long)table[i].at,
		       "up to here");
		is_str(table[i].expression + seen.wanted, table[i].wanted,
		       "and then was wanted");
	}
}

static void
fitting(void)
{
	struct seen seen = explain("in (?<ip>[0-9.]++)", "in 1.2.3.4");

	is_int(seen.fits, 1, "what fits fits");
	seen = explain("in (?<ip>[0-9.]++)", "in 1.2.3");
	is_int(seen.fits, -1, "what fits and names no address is doubtful");
	is_int((long long)seen.count, 1, "each expression is reported once");
}

static void
any_text(void)
{
	static const char *const expressions[] = {
	    "",	   "(", ")",	"[",	"[^",  "[]",	   "\\",
	    "\\Q", "|", "((((", "(?<=", "[[:", "[[:alpha", "a)b)c",
	};
	struct farthest_failure reach;
	size_t i;

	for (i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		farthest_failure_begin(&reach, expressions[i]);
		farthest_failure_see(&reach, 0, 7);
		farthest_failure_see(&reach, strlen(expressions[i]) + 1, 9);
		ok(reach.text_at == 7 || reach.stage == NULL,
		   "\"%s\" harms nothing", expressions[i]);
		farthest_failure_end(&reach);
	}
}

int
main(void)
{
	furthest();
	fitting();
	any_text();
	return tap_done();
}
