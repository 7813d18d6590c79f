#include "patterns/match/matcher.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/suggest.h"
#include "patterns/match/parallel.h"
#include "patterns/match/programs.h"

struct matcher {
	struct regex **expressions; /* in the order of the rules */
	size_t count;
	struct programs *programs;
	bool jit;
	bool clone; /* all but the scratch belongs to another matcher */
	struct regex_scratch *scratch;
};

static bool
is_chosen(const struct rule *rule, const struct rule_choice *choice)
{
	size_t i;

	if (rule->logout != NULL && !choice->logouts)
		return false;
	if (!rule->optional || choice->all)
		return true;
	for (i = 0; i < choice->nenabled; i++)
		if (strcmp(choice->enabled[i], rule->name) == 0)
			return true;
	return false;
}

static int
unknown_name(const struct ruleset *set, const char *name, struct err *err)
{
	const char **names = alloc_zero(set->count + 1, sizeof(*names));
	const char *near;
	size_t i;

	for (i = 0; i < set->count; i++)
		names[i] = set->list[i].name;
	near = suggest(name, names);
	err_set(err,
		near ? "unknown rule '%s' (did you mean '%s'?)"
		     : "unknown rule '%s'",
		name, near);
	free(names);
	return -1;
}

int
matcher_check_choice(const struct ruleset *set,
		     const struct rule_choice *choice, struct err *err)
{
	size_t i, k;

	for (i = 0; i < choice->nenabled; i++) {
		for (k = 0; k < set->count; k++)
			if (strcmp(set->list[k].name, choice->enabled[i]) == 0)
				break;
		if (k == set->count)
			return unknown_name(set, choice->enabled[i], err);
	}
	return 0;
}

/* A thread costs as much as a few dozen expressions. */
enum { EXPRESSIONS_SHARE = 200 };

struct compiling {
	struct chosen {
		const struct rule *rule;
		enum rule_role role;
	} *chosen; /* what each expression is of */
	struct regex **expressions;
	size_t count;

	pthread_mutex_t lock; /* for what follows */
	size_t failed;	      /* the first that does not compile */
	struct err *err;      /* why */
};

static void
compile_one(void *arg, size_t i)
{
	struct compiling *c = arg;
	struct err err;

	c->expressions[i] =
	    regex_new(c->chosen[i].rule, c->chosen[i].role, &err);
	if (c->expressions[i] != NULL)
		return;
	pthread_mutex_lock(&c->lock);
	if (i < c->failed) {
		c->failed = i;
		*c->err = err;
	}
	pthread_mutex_unlock(&c->lock);
}

static void
choose(struct compiling *c, const struct ruleset *set,
       const struct rule_choice *choice)
{
	const struct rule *rule = set->list, *end = set->list + set->count;
	enum rule_role role;

	c->chosen =
	    alloc_zero(set->count * RULE_ROLES, sizeof(*c->chosen));
	for (; rule < end; rule++)
		for (role = 0; role < RULE_ROLES; role++)
			if (rule->expressions[role] != NULL &&
			    is_chosen(rule, choice))
				c->chosen[c->count++] =
				    (struct chosen){rule, role};
}

static int
compile_chosen(struct matcher *matcher, const struct ruleset *set,
	       const struct rule_choice *choice, struct err *err)
{
	struct compiling c = {.err = err, .failed = SIZE_MAX};

	choose(&c, set, choice);
	matcher->count = c.count;
	matcher->expressions = c.expressions =
	    alloc_zero(c.count, sizeof(*c.expressions));
	pthread_mutex_init(&c.lock, NULL);
	parallel_each(c.count, EXPRESSIONS_SHARE, compile_one, &c);
	pthread_mutex_destroy(&c.lock);
	free(c.chosen);
	return c.failed == SIZE_MAX ? 0 : -1;
}

static void
index_expression(struct programs *programs, struct regex *expr)
{
	char **p;

	for (p = regex_rule(expr)->programs; *p != NULL; p++)
		programs_add(programs, *p + rule_any_prefix(*p), expr);
}

static void
index_programs(struct matcher *matcher)
{
	size_t i, n = 0;
	char **p;

	for (i = 0; i < matcher->count; i++)
		for (p = regex_rule(matcher->expressions[i])->programs; *p; p++)
			n++;
	matcher->programs = programs_new(n);
	for (i = 0; i < matcher->count; i++)
		index_expression(matcher->programs, matcher->expressions[i]);
}

struct matcher *
matcher_new(const struct ruleset *set, const struct rule_choice *choice,
	    struct err *err)
{
	static const struct rule_choice usual;
	struct matcher *matcher = alloc_zero(1, sizeof(*matcher));

	if (choice == NULL)
		choice = &usual;
	if (matcher_check_choice(set, choice, err) < 0 ||
	    compile_chosen(matcher, set, choice, err) < 0) {
		matcher_free(&matcher);
		return NULL;
	}
	/* The system allows JIT for all of them, or for none. */
	matcher->jit =
	    matcher->count == 0 || regex_has_jit(matcher->expressions[0]);
	index_programs(matcher);
	matcher->scratch =
	    regex_scratch_new(matcher->expressions, matcher->count);
	return matcher;
}

struct matcher *
matcher_clone(const struct matcher *matcher)
{
	struct matcher *clone = alloc_zero(1, sizeof(*clone));

	*clone = *matcher;
	clone->clone = true;
	clone->scratch = regex_scratch_new(clone->expressions, clone->count);
	return clone;
}

static void
free_rules(struct matcher *matcher)
{
	size_t i;

	programs_free(&matcher->programs);
	for (i = 0; i < matcher->count; i++)
		regex_free(&matcher->expressions[i]);
	free(matcher->expressions);
}

void
matcher_free(struct matcher **matcherp)
{
	struct matcher *matcher = *matcherp;

	*matcherp = NULL;
	if (matcher == NULL)
		return;
	regex_scratch_free(&matcher->scratch);
	if (!matcher->clone)
		free_rules(matcher);
	free(matcher);
}

/* The first expression of this rule, or of a later one. */
static size_t
first_of(const struct matcher *matcher, const struct rule *rule)
{
	size_t low = 0, high = matcher->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (regex_rule(matcher->expressions[middle]) < rule)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
matcher_names(const struct matcher *matcher, const struct rule *rule,
	      enum rule_role role, const char *group)
{
	size_t i = first_of(matcher, rule);

	for (; i < matcher->count; i++) {
		const struct regex *expr = matcher->expressions[i];

		if (regex_rule(expr) != rule)
			break;
		if (regex_role(expr) == role)
			return regex_names(expr, group);
	}
	return false;
}

bool
matcher_has_jit(const struct matcher *matcher)
{
	return matcher->jit;
}

const struct program *
matcher_program(const struct matcher *matcher, const struct logline *line)
{
	return programs_find(matcher->programs, line);
}

int
matcher_match_candidates(struct matcher *matcher, const struct program *program,
			 uint64_t candidates, const struct logline *line,
			 struct match *out, struct err *err)
{
	size_t i;
	int r = 0;

	/* Stop at a rule that gave up: another rule's verdict on such a line
	 * cannot be trusted either. */
	for (i = 0; candidates != 0 && i < program->count && r == 0; i++)
		if (candidates & program->list[i].prefixes)
			r = regex_match(program->list[i].expression,
					matcher->scratch, line, out, err);
	return r;
}

int
matcher_match_program(struct matcher *matcher, const struct program *program,
		      const struct logline *line, struct match *out,
		      struct err *err)
{
	uint64_t candidates =
	    prefilter_bits(program->filter, line->text, line->text_len);

	return matcher_match_candidates(matcher, program, candidates, line, out,
					err);
}

int
matcher_match(struct matcher *matcher, const struct logline *line,
	      struct match *out, struct err *err)
{
	const struct program *program = matcher_program(matcher, line);

	if (program == NULL)
		return 0;
	return matcher_match_program(matcher, program, line, out, err);
}

size_t
matcher_explain(struct matcher *matcher, const struct logline *line,
		matcher_attempt_fn *fn, void *arg)
{
	const struct program *program = programs_find(matcher->programs, line);
	struct regex *expr;
	struct attempt attempt;
	size_t i;

	if (program == NULL)
		return 0;
	for (i = 0; i < program->nadded; i++) {
		expr = program->added[i];
		attempt = (struct attempt){.rule = regex_rule(expr),
					   .role = regex_role(expr)};
		attempt.fits = regex_match(expr, matcher->scratch, line,
					   &attempt.match, &attempt.err);
		if (attempt.fits == 0)
			regex_farthest(expr, matcher->scratch, line,
				       &attempt.text_at, &attempt.regex_at);
		fn(arg, &attempt);
	}
	return program->nadded;
}
