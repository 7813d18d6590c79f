/* permit-hosts and permit-domains: who may relay, and where everybody may
 * write. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/postfix/relaydomains.h"
#include "tools/postfix/relaynets.h"
#include "tools/smap/patterns.h"
#include "tools/smap/smap.h"

/* Whether a network may have an address that deny-hosts means. Nobody knows the
 * addresses of a name, and what is no address may mean any. */
static bool
denies(const char *pattern, const struct netset *nets)
{
	struct netset set = {0};
	bool found = !pattern_is_numeric(pattern) ||
		     netset_add_pattern(&set, pattern) != 0 || set.count == 0;

	for (size_t i = 0; i < set.count; i++)
		for (size_t k = 0; k < nets->count && !found; k++)
			found =
			    cidr_contains(&set.list[i], &nets->list[k].addr) ||
			    cidr_contains(&nets->list[k], &set.list[i].addr);
	netset_clear(&set);
	return found;
}

/* The first deny-hosts that denies some address of the networks; NULL: none.
 * Whichever comes first in the file, it is not used: it stays a leftover. */
static const struct netperm_rule *
find_denial(const struct netperm *table, const struct netset *nets)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct netperm_rule *rule = &table->rules[i];

		if (strcmp(rule->attribute, "deny-hosts") != 0)
			continue;
		for (size_t k = 0; k < rule->arguments.count; k++)
			if (denies(rule->arguments.list[k], nets))
				return rule;
	}
	return NULL;
}

static void
add_host(struct smap *smap, struct relaynets *nets, const char *pattern,
	 struct place place)
{
	struct netset set = {0};
	const struct netperm_rule *denial = NULL;
	const char *why = NULL;

	if (!pattern_is_numeric(pattern))
		why = "mynetworks takes no names";
	else if (netset_add_pattern(&set, pattern) != 0)
		why = "it makes more than 4096 networks";
	else if (set.count == 0)
		why = "no address is like that";
	else if ((denial = find_denial(smap->table, &set)) != NULL)
		remark_lost(&smap->remarks, place,
			    "permit-hosts %s: may not relay: deny-hosts in "
			    "line %zu may deny some of it",
			    shown(pattern).text, denial->place.line);
	else
		why = relaynets_add(nets, &set, smap_place(place));
	if (why != NULL)
		remark_lost(&smap->remarks, place,
			    "permit-hosts %s: may not relay: %s",
			    shown(pattern).text, why);
	else if (denial == NULL)
		relaynets_warn(&set, place, &smap->remarks);
	netset_clear(&set);
}

static void
add_hosts(struct smap *smap)
{
	struct relaynets *nets = relaynets_new();
	const struct netperm_rule *rule = NULL;

	while ((rule = netperm_next(smap->table, rule, "permit-hosts")))
		for (size_t i = 0; i < rule->arguments.count; i++)
			add_host(smap, nets, rule->arguments.list[i],
				 rule->place);
	relaynets_write(nets, smap->out, smap->directory, &smap->remarks);
	relaynets_free(&nets);
}

/*
 * "*example.com" is meant for that domain and those below it, though smap also
 * takes it for evilexample.com. "*.example.com" is for those below it.
 */
static const char *
add_pattern(struct relaydomains *domains, const char *pattern,
	    struct place place)
{
	const char *domain = pattern + strspn(pattern, "*"), *why;
	char *below;

	if (domain == pattern && domain[0] == '.')
		return "a domain cannot begin with a dot";
	why = relaydomains_add(domains, domain, smap_place(place));
	if (why != NULL || domain == pattern || domain[0] == '.')
		return why;
	below = alloc_format(".%s", domain);
	why = relaydomains_add(domains, below, smap_place(place));
	free(below);
	return why;
}

static void
add_domain(struct smap *smap, struct relaydomains *domains,
	   const char *argument, struct place place)
{
	char *pattern = alloc_string(argument);
	const char *why;

	for (char *p = pattern; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	why = add_pattern(domains, pattern, place);
	if (why != NULL)
		remark_lost(&smap->remarks, place,
			    "permit-domains %s: is left out: %s",
			    shown(pattern).text, why);
	else if (pattern[0] == '*' && pattern[strspn(pattern, "*")] != '.')
		remark(&smap->remarks, place,
		       "permit-domains %s: narrowed to this domain and those "
		       "below it: smap also takes other domains that end so",
		       shown(pattern).text);
	free(pattern);
}

void
smap_relays(struct smap *smap)
{
	static const char *const code[] = {"relay_domains_reject_code", NULL};
	struct relaydomains *domains = relaydomains_new();
	const struct netperm_rule *rule = NULL;

	add_hosts(smap);
	while ((rule = netperm_next(smap->table, rule, "permit-domains")))
		for (size_t i = 0; i < rule->arguments.count; i++)
			add_domain(smap, domains, rule->arguments.list[i],
				   rule->place);
	relaydomains_write(domains, outset_stream(smap->out, "main.cf"));
	relaydomains_free(&domains);
	smap_write_code(smap, "set-not-local-errno", code);
}
