/* require-full-email, check-from-address and broken-from: is the sender's
 * address one that mail can be sent to? */
#include <stdlib.h>
#include <string.h>

#include "tools/smap/patterns.h"
#include "tools/smap/smap.h"

/* The null sender is written `<>' where Postfix asks for it; no address has
 * these characters. */
static void
add_exemption(struct smap *smap, FILE *out, const char *text,
	      struct place place)
{
	const char *why = "it would exempt everybody";
	char *key = strcmp(text, "*") == 0 || strcmp(text, "*@") == 0
			? NULL
			: pattern_substring_key(text, &why);

	if (key != NULL)
		fprintf(out, "# line %zu\n%s OK\n", place.line, key);
	else
		remark_lost(&smap->remarks, place,
			    "broken-from %s: is left out: %s", shown(text).text,
			    why);
	free(key);
}

static void
add_exemptions(struct smap *smap)
{
	const struct netperm_rule *rule = NULL;
	FILE *out;

	while ((rule = netperm_next(smap->table, rule, "broken-from"))) {
		out = outset_stream(smap->out, "broken");
		for (size_t i = 0; i < rule->arguments.count; i++)
			add_exemption(smap, out, rule->arguments.list[i],
				      rule->place);
	}
	rule = netperm_next(smap->table, NULL, "broken-from");
	if (rule != NULL)
		maincf_add(&smap->senders, smap_place(rule->place),
			   "check_sender_access regexp:%s/smap-broken",
			   smap->directory);
}

static void
add_domain_check(struct smap *smap, struct place place)
{
	FILE *out = outset_stream(smap->out, "main.cf");

	add_exemptions(smap);
	maincf_add(&smap->senders, smap_place(place),
		   "reject_unknown_sender_domain");
	remark(&smap->remarks, place,
	       "check-from-address: stricter than smap, which also tries the "
	       "parents of a domain that has neither MX nor A");
	maincf_comment(out,
		       "check-from-address also checked \"not a local "
		       "domain\". If that meant that strangers may not write "
		       "as your domains, list these with REJECT in a table, "
		       "and put check_sender_access with it before "
		       "reject_unknown_sender_domain.");
}

static void
report_exemptions(struct smap *smap)
{
	const struct netperm_rule *rule = NULL;

	while ((rule = netperm_next(smap->table, rule, "broken-from")))
		remark(&smap->remarks, rule->place,
		       "broken-from means nothing without check-from-address");
}

void
smap_senders(struct smap *smap)
{
	static const char *const codes[] = {
	    "non_fqdn_reject_code", "unknown_address_reject_code", NULL};
	struct place full_place, check_place;
	bool full = smap_switch(smap, "require-full-email", &full_place);
	bool check = smap_switch(smap, "check-from-address", &check_place);

	if (full) {
		maincf_add(&smap->senders, smap_place(full_place),
			   "reject_non_fqdn_sender");
		remark(&smap->remarks, full_place,
		       "require-full-email: stricter than smap, which lets "
		       "user@host pass");
	}
	if (check)
		add_domain_check(smap, check_place);
	else
		report_exemptions(smap);
	smap_write_code(smap, "set-bad-address-errno", codes);
}
