/*
 * spam and kill-mail: the clients and senders that are refused.
 *
 * What a kill-mail host brings is refused for good. Its check answers a class,
 * and the class asks copies of the same tables with another code.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/postfix/globexpr.h"
#include "tools/postfix/netset.h"
#include "tools/smap/patterns.h"
#include "tools/smap/smap.h"

enum kind { NETWORKS, NAMES, SENDERS, KINDS };

static const struct {
	const char *part, *file, *copy, *check;
} tables[KINDS] = {
    [NETWORKS] = {"clients", "smap-clients", "smap-clients-kill",
		  "check_client_access cidr:"},
    [NAMES] = {"names", "smap-names", "smap-names-kill",
	       "check_client_access regexp:"},
    [SENDERS] = {"spam", "smap-spam", "smap-spam-kill",
		 "check_sender_access regexp:"},
};

struct spam {
	struct smap *smap;
	bool of_senders, of_users; /* check-from-address, check-user-too */
	struct rules {
		struct strings keys;
		size_t *lines;
		struct place first;
	} rules[KINDS];
};

static void
add_key(struct spam *spam, enum kind kind, const char *key, struct place place)
{
	struct rules *rules = &spam->rules[kind];

	if (rules->keys.count == 0)
		rules->first = smap_place(place);
	strings_add(&rules->keys, key);
	rules->lines = alloc_resize(rules->lines, rules->keys.count,
				    sizeof(*rules->lines));
	rules->lines[rules->keys.count - 1] = place.line;
}

/* An expression for the text of a name, of an address or of a sender. A line
 * that cannot be written may not be lost. */
static void
add_expression(struct spam *spam, enum kind kind, const char *begin,
	       const char *pattern, const char *star, struct place place)
{
	const char *why = NULL;
	char *key = pattern_key(begin, pattern, star, &why);

	if (key != NULL)
		add_key(spam, kind, key, place);
	else
		remark_refused(&spam->smap->remarks, place,
			       "spam %s: cannot be refused: %s",
			       shown(pattern).text, why);
	free(key);
}

static void
add_address(struct spam *spam, const char *pattern, struct place place)
{
	struct netset set = {0};
	char text[NETSET_TEXT_MAX];

	if (netset_add_pattern(&set, pattern) != 0)
		add_expression(spam, NAMES, "^", pattern, ".*", place);
	for (size_t i = 0; i < set.count; i++) {
		netset_format(&set.list[i], false, text);
		add_key(spam, NETWORKS, text, place);
	}
	/* A lone star is no number: it is everybody. */
	if (pattern[strspn(pattern, "*")] == '\0')
		add_key(spam, NETWORKS, "::/0", place);
	netset_clear(&set);
}

static void
add_pattern(struct spam *spam, const char *pattern, struct place place)
{
	if (pattern_is_numeric(pattern))
		add_address(spam, pattern, place);
	else
		add_expression(spam, NAMES, "^", pattern, ".*", place);
	if (spam->of_senders && spam->of_users)
		add_expression(spam, SENDERS, "^", pattern, ".*", place);
	else if (spam->of_senders)
		add_expression(spam, SENDERS, "@", pattern, "[^@]*", place);
}

static void
read_spam(struct spam *spam)
{
	struct smap *smap = spam->smap;
	const struct netperm_rule *rule = NULL;
	struct place place;
	bool on = smap_switch(smap, "scrub-spam", &place);

	spam->of_senders = smap_switch(smap, "check-from-address", &place);
	spam->of_users = smap_switch(smap, "check-user-too", &place);
	if (spam->of_users && !spam->of_senders)
		remark(&smap->remarks, place,
		       "check-user-too means nothing without "
		       "check-from-address");
	while ((rule = netperm_next(smap->table, rule, "spam"))) {
		if (!on)
			remark(&smap->remarks, rule->place,
			       "spam means nothing without scrub-spam 1");
		for (size_t i = 0; i < rule->arguments.count && on; i++)
			add_pattern(spam, rule->arguments.list[i], rule->place);
	}
}

static void
write_table(const struct spam *spam, enum kind kind, FILE *out, int code)
{
	const struct rules *rules = &spam->rules[kind];

	/* Postfix asks for a client's address after its name. IPv6 looks a
	 * little like a name; and the null sender is asked for as `<>'. */
	if (kind == NAMES)
		fputs("/:/ DUNNO\n", out);
	for (size_t i = 0; i < rules->keys.count; i++) {
		fprintf(out, "# line %zu\n", rules->lines[i]);
		smap_refusal(out, rules->keys.list[i], code);
	}
}

static void
add_table(struct spam *spam, enum kind kind, int code)
{
	struct smap *smap = spam->smap;
	struct maincf_value *value =
	    kind == SENDERS ? &smap->senders : &smap->clients;

	if (spam->rules[kind].keys.count == 0)
		return;
	write_table(spam, kind, outset_stream(smap->out, tables[kind].part),
		    code);
	maincf_add(value, spam->rules[kind].first, "%s%s/%s",
		   tables[kind].check, smap->directory, tables[kind].file);
}

/* The class of a kill-mail host: the copies of the tables of some kinds. */
static bool
add_class(struct spam *spam, const char *class, enum kind from, enum kind to,
	  int code)
{
	struct smap *smap = spam->smap;
	struct maincf_value value = {0};
	FILE *copy;

	for (unsigned int kind = from; kind <= to; kind++) {
		if (spam->rules[kind].keys.count == 0)
			continue;
		copy = outset_more(smap->out, "kill", tables[kind].copy);
		write_table(spam, kind, copy, code);
		maincf_add(&value, spam->rules[kind].first, "%s%s/%s",
			   tables[kind].check, smap->directory,
			   tables[kind].copy);
	}
	if (value.words.count == 0)
		return false;
	maincf_write(outset_stream(smap->out, "main.cf"), class, &value, true);
	maincf_add(&smap->classes, (struct place){NULL, 0}, "%s", class);
	return true;
}

/* Writes the table of the hosts with a class as the answer. */
static void
write_hosts(struct smap *smap, FILE *out, const char *class)
{
	const struct netperm_rule *rule = NULL;

	while ((rule = netperm_next(smap->table, rule, "kill-mail")))
		for (size_t i = 0; i < rule->arguments.count; i++) {
			const char *host = rule->arguments.list[i];
			const char *why = NULL;
			char *key = pattern_substring_key(host, &why);

			if (key != NULL)
				fprintf(out, "# line %zu\n%s %s\n",
					rule->place.line, key, class);
			free(key);
		}
}

static void
report_hosts(struct smap *smap)
{
	const struct netperm_rule *rule = NULL;

	while ((rule = netperm_next(smap->table, rule, "kill-mail"))) {
		remark(&smap->remarks, rule->place,
		       "kill-mail: the codes of reject_non_fqdn_sender and "
		       "reject_unknown_sender_domain cannot depend on the "
		       "client");
		for (size_t i = 0; i < rule->arguments.count; i++)
			if (!globexpr_plain(rule->arguments.list[i]))
				remark_lost(
				    &smap->remarks, rule->place,
				    "kill-mail %s: is left out: not "
				    "printable, or too long",
				    shown(rule->arguments.list[i]).text);
	}
}

static void
add_kill(struct spam *spam)
{
	struct smap *smap = spam->smap;
	int code = smap_code(smap, "set-kill-errno", 554);
	const struct netperm_rule *rule =
	    netperm_next(smap->table, NULL, "kill-mail");
	struct place place;

	if (rule == NULL)
		return;
	place = smap_place(rule->place);
	report_hosts(smap);
	if (add_class(spam, "smap_kill_client", NETWORKS, NAMES, code)) {
		write_hosts(smap,
			    outset_more(smap->out, "kill", "smap-kill-client"),
			    "smap_kill_client");
		maincf_add(&smap->clients, place,
			   "check_client_access regexp:%s/smap-kill-client",
			   smap->directory);
	}
	if (add_class(spam, "smap_kill", SENDERS, SENDERS, code)) {
		write_hosts(smap, outset_stream(smap->out, "kill"),
			    "smap_kill");
		maincf_add(&smap->senders, place,
			   "check_client_access regexp:%s/smap-kill",
			   smap->directory);
	}
}

void
smap_spam(struct smap *smap)
{
	struct spam spam = {.smap = smap};
	int code = smap_code(smap, "set-reject-errno", 450);

	read_spam(&spam);
	add_kill(&spam);
	for (unsigned int kind = 0; kind < KINDS; kind++) {
		add_table(&spam, kind, code);
		strings_clear(&spam.rules[kind].keys);
		free(spam.rules[kind].lines);
	}
}
