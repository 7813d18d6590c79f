#include "tools/relaycheck/relay_names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

/* Domains that nobody receives mail in (RFC 2606); the first is the default of
 * the recipient. */
static const char *const foreign[] = {"example.com", "example.net",
				      "example.org"};
static const char default_user[] = "relay-check";

const char *
relay_names_set_recipient(struct relay_names *names, const char *text)
{
	struct address address;
	const char *why = address_parse(&address, text, strlen(text));

	if (why != NULL)
		return why;
	if (address.kind != ADDRESS_MAILBOX)
		return "not the address of one mailbox";
	memcpy(names->user, address.text, address.local_len);
	names->user[address.local_len] = '\0';
	strcpy(names->foreign, address_domain(&address));
	return NULL;
}

/* 0 and *address, whose domain it is; or -1. */
static int
parse_domain(struct address *address, const char *text, size_t len,
	     const char **why)
{
	char *entry = alloc_zero(len + 2, 1);

	entry[0] = '@';
	memcpy(entry + 1, text, len);
	*why = address_parse(address, entry, len + 1);
	free(entry);
	return *why == NULL ? 0 : -1;
}

const char *
relay_names_add(struct relay_names *names, struct strings *domains,
		const char *domain)
{
	struct address address;
	const char *why;

	if (parse_domain(&address, domain, strlen(domain), &why) != 0)
		return why;
	domain = address_domain(&address);
	if (strings_has(&names->own, domain) ||
	    strings_has(&names->relayed, domain))
		return NULL;
	if (names->own.count + names->relayed.count == NAMES_DOMAINS_MAX)
		return "more than 16 domains";
	strings_add(domains, domain);
	return NULL;
}

/* RFC 5321, 4.3.1: the greeting begins with the name of the server. */
static void
find_host(struct relay_names *names, const char *greeting)
{
	struct address address;
	const char *why;

	if (parse_domain(&address, greeting, strcspn(greeting, " "), &why) != 0)
		return;
	strcpy(names->host, address_domain(&address));
}

/* The parent of mail.example.org; example.org has none. */
static const char *
domain_of(const char *host)
{
	const char *parent = strchr(host, '.');

	return parent != NULL && strchr(parent + 1, '.') != NULL ? parent + 1
								 : host;
}

/* Whether mail for a domain may be the server's business. */
static bool
is_its(const struct relay_names *names, const char *domain)
{
	return strcmp(names->host, domain) == 0 ||
	       strings_has(&names->own, domain) ||
	       strings_has(&names->relayed, domain);
}

static void
choose_other(struct relay_names *names)
{
	for (size_t i = sizeof(foreign) / sizeof(foreign[0]); i > 0; i--) {
		strcpy(names->other, foreign[i - 1]);
		if (strcmp(names->other, names->foreign) != 0 &&
		    !is_its(names, names->other))
			return;
	}
}

int
relay_names_complete(struct relay_names *names, const char *greeting,
		     const struct addr *address, struct err *err)
{
	if (names->user[0] == '\0') {
		strcpy(names->user, default_user);
		strcpy(names->foreign, foreign[0]);
	}
	names->literal = relay_literal(address);
	find_host(names, greeting);
	if (names->host[0] != '\0' && names->own.count == 0)
		relay_names_add(names, &names->own, domain_of(names->host));
	if (is_its(names, names->foreign))
		return err_set(err,
			       "%s is a domain of the server: name a foreign "
			       "recipient with --to",
			       names->foreign);
	choose_other(names);
	/* All that is asked of its name is then asked of the domain. */
	if (strings_has(&names->own, names->host) ||
	    strings_has(&names->relayed, names->host))
		names->host[0] = '\0';
	return 0;
}

void
relay_names_clear(struct relay_names *names)
{
	free(names->literal);
	strings_clear(&names->own);
	strings_clear(&names->relayed);
	*names = (struct relay_names){0};
}

char *
relay_literal(const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	addr_format(addr, text);
	return alloc_format("[%s%s]", addr->family == 6 ? "IPv6:" : "", text);
}
