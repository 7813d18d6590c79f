/*
 * Every accept and reject sample of every pattern file that ships, and that
 * each rule has enough of them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "patterns/logline.h"
#include "patterns/matcher.h"
#include "patterns/patterndir.h"
#include "patterns/rules.h"
#include "tests/tap.h"

enum { ACCEPT_MIN = 1, REJECT_MIN = 3 };

/* What a matcher with all rules says of a line: the rule, or NULL. */
static const struct rule *
judge(struct matcher *matcher, const char *text, struct match *match)
{
	struct logline line;
	struct err err;

	if (logline_parse(&line, text, strlen(text)) < 0 ||
	    matcher_match(matcher, &line, match, &err) != 1)
		return NULL;
	return match->rule;
}

static bool
same_user(const struct match *match, const char *user)
{
	if (user == NULL || match->user == NULL)
		return user == NULL && match->user == NULL;
	return match->user_len == strlen(user) &&
	       memcmp(match->user, user, match->user_len) == 0;
}

static void
check_accept(struct matcher *matcher, const struct rule *rule,
	     const struct sample *sample)
{
	struct match match;
	struct addr want;

	if (!ok(judge(matcher, sample->line, &match) == rule,
		"%s accepts %s:%u", rule->name, rule->file, sample->lineno))
		return;
	addr_parse(&want, sample->ip, strlen(sample->ip));
	ok(addr_equal(&match.addr, &want), "the address is %s", sample->ip);
	ok(same_user(&match, sample->user), "the user is %s",
	   sample->user ? sample->user : "not named");
}

static void
check_rule(struct matcher *matcher, const struct rule *rule)
{
	struct match match;
	size_t i;

	ok(rule->accept.count >= ACCEPT_MIN && rule->reject.count >= REJECT_MIN,
	   "%s has %zu accept and %zu reject samples", rule->name,
	   rule->accept.count, rule->reject.count);
	for (i = 0; i < rule->accept.count; i++)
		check_accept(matcher, rule, &rule->accept.list[i]);
	for (i = 0; i < rule->reject.count; i++)
		ok(judge(matcher, rule->reject.list[i].line, &match) != rule,
		   "%s rejects %s:%u", rule->name, rule->file,
		   rule->reject.list[i].lineno);
}

static struct matcher *
with_all(const struct ruleset *set, struct err *err)
{
	const char **names = alloc_zero(set->count, sizeof(*names));
	struct matcher *matcher;
	size_t i, n = 0;

	for (i = 0; i < set->count; i++)
		if (set->list[i].optional)
			names[n++] = set->list[i].name;
	matcher = matcher_new(set, names, n, err);
	free(names);
	return matcher;
}

int
main(void)
{
	char *dir = patterndir_default();
	const char *dirs[] = {dir};
	struct err err = {""};
	struct ruleset *set = ruleset_load(dirs, 1, &err);
	struct matcher *matcher = set ? with_all(set, &err) : NULL;
	size_t i;

	if (ok(matcher != NULL, "the patterns in %s compile", dir))
		for (i = 0; i < set->count; i++)
			check_rule(matcher, &set->list[i]);
	else
		is_str(err.text, "", "what is wrong");
	matcher_free(&matcher);
	ruleset_free(&set);
	free(dir);
	return tap_done();
}
