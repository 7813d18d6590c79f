/*
 * relay_names: the names that the forms are made of: those of the server, and
 * foreign ones that are none of its business.
 *
 * Some come from the administrator and some from the greeting of a server that
 * may be hostile. All of them are checked, so that they can be written into a
 * command: domains have letters, digits and hyphens in two labels or more, and
 * the user is a dot-atom (tools/gateway/address.h).
 */
#ifndef TOOLS_RELAYCHECK_RELAY_NAMES_H
#define TOOLS_RELAYCHECK_RELAY_NAMES_H

#include "base/addr.h"
#include "base/alloc.h"
#include "tools/gateway/address.h"

struct err;

enum { NAMES_DOMAINS_MAX = 16 };

/* Zero-initialise it. */
struct relay_names {
	char user[ADDRESS_LOCAL_MAX + 1]; /* of sender and recipient */
	char foreign[ADDRESS_MAX + 1];	  /* domain of the recipient */
	char other[ADDRESS_MAX + 1];	  /* domain of the sender */
	char host[ADDRESS_MAX + 1];	  /* the server's name, or "" */
	char *literal;			  /* the server's address; see below */
	struct strings own;	/* domains that the server is final for */
	struct strings relayed; /* domains that it relays for */
};

/* Takes the foreign recipient. NULL, or why not: a static text. */
const char *relay_names_set_recipient(struct relay_names *, const char *text);
/* Adds a domain to own or relayed. NULL, or why not. */
const char *relay_names_add(struct relay_names *, struct strings *,
			    const char *domain);

/*
 * Completes them by the greeting's text and the server's address. A server
 * whose greeting names it has that name's parent domain as its own, unless the
 * administrator has named one. 0, or -1: the foreign domain is one of the
 * server's.
 */
int relay_names_complete(struct relay_names *, const char *greeting,
			 const struct addr *, struct err *);
void relay_names_clear(struct relay_names *);

/* "[192.0.2.1]" or "[IPv6:2001:db8::1]" (RFC 5321, 4.1.3); to be freed. */
char *relay_literal(const struct addr *);

#endif
