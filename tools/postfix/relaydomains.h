/*
 * relaydomains: the domains that everybody may write to, as relay_domains.
 *
 * By default, Postfix takes each of them for all domains below it, too; then
 * `.example.com' matches nothing. So parent_domain_matches_subdomains is
 * written with it, without relay_domains: `example.com' is that domain, and
 * `.example.com' all below it.
 */
#ifndef TOOLS_POSTFIX_RELAYDOMAINS_H
#define TOOLS_POSTFIX_RELAYDOMAINS_H

#include <stdio.h>

#include "tools/postfix/remarks.h"

struct relaydomains;

struct relaydomains *relaydomains_new(void);
void relaydomains_free(struct relaydomains **);

/* Adds "example.com" or ".example.com", and copies both arguments. NULL; or why
 * not, a static text: it must be a domain with at least two labels. */
const char *relaydomains_add(struct relaydomains *, const char *name,
			     struct place);

/* Writes both settings. Without a domain, relay_domains is empty. */
void relaydomains_write(const struct relaydomains *, FILE *);

#endif
