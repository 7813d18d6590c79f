#include "tools/postfix/relaydomains.h"

#include <stdlib.h>
#include <string.h>

#include "base/hashmap.h"
#include "tools/postfix/maincf.h"

struct relaydomains {
	struct hashmap *map; /* of struct domain */
};

struct domain {
	struct hashmap_key key;
	char *name, *file;
	size_t line;
};

struct relaydomains *
relaydomains_new(void)
{
	struct relaydomains *domains = alloc_zero(1, sizeof(*domains));

	domains->map = hashmap_new(sizeof(struct domain), HASHMAP_KEY_OUTSIDE);
	return domains;
}

void
relaydomains_free(struct relaydomains **domains)
{
	struct domain *domain = NULL, *next;

	next = hashmap_next((*domains)->map, NULL);
	while ((domain = next) != NULL) {
		char *name = domain->name;

		next = hashmap_next((*domains)->map, domain);
		free(domain->file);
		hashmap_remove((*domains)->map, domain);
		free(name);
	}
	hashmap_free(&(*domains)->map);
	free(*domains);
	*domains = NULL;
}

const char *
relaydomains_add(struct relaydomains *domains, const char *name,
		 struct place place)
{
	struct hashmap_key key = {name, strlen(name)};
	struct domain *domain;

	if (!maincf_domain(name + (name[0] == '.'), 2))
		return "not a domain of at least two labels";
	if (hashmap_find(domains->map, &key) != NULL)
		return NULL;
	key.bytes = alloc_string(name);
	domain = hashmap_put(domains->map, &key);
	domain->name = (char *)key.bytes;
	domain->file = alloc_string(place.file);
	domain->line = place.line;
	return NULL;
}

void
relaydomains_write(const struct relaydomains *domains, FILE *out)
{
	/* The default of Postfix 3.5 to 3.10 without relay_domains. */
	static const char *const parents[] = {"debug_peer_list",
					      "fast_flush_domains",
					      "mynetworks",
					      "permit_mx_backup_networks",
					      "qmqpd_authorized_clients",
					      "smtpd_access_maps"};
	struct maincf_value value = {0};
	const struct domain *domain = NULL;

	while ((domain = hashmap_next(domains->map, domain)) != NULL)
		maincf_add(&value, (struct place){domain->file, domain->line},
			   "%s", domain->name);
	maincf_write(out, "relay_domains", &value, true);
	maincf_comment(out, "So that a name in relay_domains is that domain "
			    "alone, and .name all below it.");
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		maincf_add(&value, (struct place){NULL, 0}, "%s", parents[i]);
	maincf_write(out, "parent_domain_matches_subdomains", &value, true);
}
