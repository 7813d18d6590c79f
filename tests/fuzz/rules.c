/*
 * Any bytes at all are a pattern file: it is refused with a reason that names
 * a place, or its rules are whole and can be compiled or refused in turn. It is
 * the same file without its samples.
 */
#include "patterns/match/matcher.h"
#include "patterns/match/rules.h"

#include <assert.h>
#include <stdint.h>

#include "base/err.h"
#include "tests/bare_and_whole.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_rule(const struct rule *rule)
{
	int role, n = 0;

	assert(rule->name != NULL && rule->server != NULL);
	assert(rule->programs != NULL && rule->programs[0] != NULL);
	assert(rule->header < HEADER_COUNT && rule->lineno > 0);
	for (role = 0; role < RULE_ROLES; role++)
		n += rule->expressions[role] != NULL;
	assert(n > 0);
	for (size_t i = 0; i < rule->accept.count; i++)
		assert(rule->accept.list[i].nlines > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	struct err err;
	bool same;
	struct ruleset *set = read_both_ways(data, size, &same, &err);
	struct matcher *matcher;

	assert(same);
	if (set == NULL) {
		assert(err.text[0] != '\0');
		return 0;
	}
	for (size_t i = 0; i < set->count; i++)
		check_rule(&set->list[i]);
	err.text[0] = '\0';
	matcher = matcher_new(set, &all, &err);
	assert(matcher != NULL || err.text[0] != '\0');
	matcher_free(&matcher);
	ruleset_free(&set);
	return 0;
}
