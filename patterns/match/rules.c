#include "patterns/match/rules.h"

#include <stdlib.h>
#include <string.h>

static const char *const roles[RULE_ROLES + 1] = {
    [RULE_MATCH] = "match",   [RULE_CONNECT] = "connect",
    [RULE_LOGIN] = "login",   [RULE_END] = "end",
    [RULE_LOGOUT] = "logout", [RULE_MULTILINE] = "multiline"};

bool
rule_fits_infix(const char *infix, const char *name, size_t len)
{
	size_t prefix = strcspn(infix, "*"), word = strlen(infix) - prefix;

	if (word < 3 || len < prefix || memcmp(name, infix, prefix) != 0)
		return false;
	return memmem(name + prefix, len - prefix, infix + prefix + 1,
		      word - 2) != NULL;
}

bool
rule_knows_program(const struct rule *rule, const char *name, size_t len)
{
	const char *known;
	size_t known_len;
	char **p;

	for (p = rule->programs; *p != NULL; p++) {
		known = *p + rule_any_prefix(*p);
		known_len = strlen(known);
		if (!rule_any_prefix(*p) && strchr(*p, '*') != NULL &&
		    rule_fits_infix(*p, name, len))
			return true;
		if (known_len <= len &&
		    (known_len == len || rule_any_prefix(*p)) &&
		    memcmp(known, name + len - known_len, known_len) == 0)
			return true;
	}
	return false;
}

const char *const *
rule_roles(void)
{
	return roles;
}

static void
samples_clear(struct samples *samples)
{
	struct sample *sample;
	size_t i, k;

	for (i = 0; i < samples->count; i++) {
		sample = &samples->list[i];
		for (k = 0; k < sample->nlines; k++)
			free(sample->lines[k]);
		free(sample->lines);
		free(sample->ip);
		free(sample->user);
		free(sample->session);
		free(sample->why);
	}
	free(samples->list);
	*samples = (struct samples){0};
}

void
rule_forget_samples(struct rule *rule)
{
	samples_clear(&rule->accept);
	samples_clear(&rule->reject);
}

static void
rule_clear(struct rule *rule)
{
	size_t i;

	for (i = 0; rule->programs != NULL && rule->programs[i] != NULL; i++)
		free(rule->programs[i]);
	free(rule->programs);
	free(rule->name);
	free(rule->server);
	free(rule->warning);
	free(rule->file);
	for (i = 0; i < RULE_ROLES; i++)
		free(rule->expressions[i]);
	rule_forget_samples(rule);
}

void
ruleset_free(struct ruleset **setp)
{
	struct ruleset *set = *setp;
	size_t i;

	*setp = NULL;
	if (set == NULL)
		return;
	for (i = 0; i < set->count; i++)
		rule_clear(&set->list[i]);
	free(set->list);
	free(set);
}
