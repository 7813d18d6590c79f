#include "daemon/pipeline/login_counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

struct login_counts {
	const struct ruleset *rules;
	uint64_t *logins; /* of each rule */
	bool *used;	  /* whether it can find any */
	uint64_t gone;	  /* of rules that are no longer there */
};

struct login_counts *
login_counts_new(const struct ruleset *rules, struct recognizer *recognizer)
{
	const struct matcher *matcher = recognizer_matcher(recognizer);
	struct login_counts *c = alloc_zero(1, sizeof(*c));

	c->rules = rules;
	c->logins = alloc_zero(rules->count, sizeof(*c->logins));
	c->used = alloc_zero(rules->count, sizeof(*c->used));
	for (size_t i = 0; i < rules->count; i++) {
		const struct rule *rule = &rules->list[i];

		c->used[i] = matcher_names(matcher, rule, RULE_MATCH, "ip") ||
			     matcher_names(matcher, rule, RULE_CONNECT, "ip");
	}
	return c;
}

void
login_counts_free(struct login_counts **counts)
{
	if (*counts == NULL)
		return;
	free((*counts)->logins);
	free((*counts)->used);
	free(*counts);
	*counts = NULL;
}

void
login_counts_add(struct login_counts *c, const struct rule *rule)
{
	c->logins[rule - c->rules->list]++;
}

static uint64_t *
find(const struct login_counts *c, const char *rule)
{
	for (size_t i = 0; i < c->rules->count; i++)
		if (c->used[i] && strcmp(c->rules->list[i].name, rule) == 0)
			return &c->logins[i];
	return NULL;
}

bool
login_counts_has(const struct login_counts *c, const char *rule)
{
	return find(c, rule) != NULL;
}

void
login_counts_carry(struct login_counts *c, const struct login_counts *old)
{
	uint64_t *to;

	c->gone += old->gone;
	for (size_t i = 0; i < old->rules->count; i++) {
		to = find(c, old->rules->list[i].name);
		*(to != NULL ? to : &c->gone) += old->logins[i];
	}
}

bool
login_counts_next(const struct login_counts *c, size_t *at, const char **rule,
		  uint64_t *logins)
{
	while (*at < c->rules->count && !c->used[*at])
		(*at)++;
	if (*at > c->rules->count || (*at == c->rules->count && c->gone == 0))
		return false;
	*rule = *at < c->rules->count ? c->rules->list[*at].name : "";
	*logins = *at < c->rules->count ? c->logins[*at] : c->gone;
	(*at)++;
	return true;
}
