/*
 * All samples of the shipped pattern files give what they should, and each rule
 * has enough of them.
 */
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "patterns/check/sample_check.h"
#include "patterns/match/patterndir.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"
#include "tests/tap.h"

enum { ACCEPT_MIN = 1, REJECT_MIN = 3 };

static void
check_rule(struct recognizer *recognizer, const struct rule *rule)
{
	const time_t now = time(NULL);
	const struct sample *sample;
	struct err err = {""};
	size_t i;

	ok(rule->accept.count >= ACCEPT_MIN && rule->reject.count >= REJECT_MIN,
	   "%s has %zu accept and %zu reject samples", rule->name,
	   rule->accept.count, rule->reject.count);
	for (i = 0; i < rule->accept.count; i++) {
		sample = &rule->accept.list[i];
		if (!ok(sample_check_accept(recognizer, rule, sample, now, &err) == 0,
			"%s accepts %s:%u", rule->name, rule->file,
			sample->lineno))
			is_str(err.text, "", "what is wrong");
	}
	for (i = 0; i < rule->reject.count; i++) {
		sample = &rule->reject.list[i];
		ok(sample_check_reject(recognizer, rule, sample, now, &err) == 0,
		   "%s rejects %s:%u", rule->name, rule->file, sample->lineno);
	}
}

int
main(void)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	char *dir = patterndir_default();
	const char *dirs[] = {dir};
	struct err err = {""};
	struct ruleset *set = ruleset_load(dirs, 1, &err);
	struct recognizer *recognizer =
	    set ? recognizer_new(set, &all, &err) : NULL;
	size_t i;

	if (ok(recognizer != NULL, "the patterns in %s compile", dir))
		for (i = 0; i < set->count; i++)
			check_rule(recognizer, &set->list[i]);
	else
		is_str(err.text, "", "what is wrong");
	recognizer_free(&recognizer);
	ruleset_free(&set);
	free(dir);
	return tap_done();
}
