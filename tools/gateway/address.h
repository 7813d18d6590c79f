/*
 * address: one entry of a list of recipients, taken apart and judged.
 *
 *   user@domain.tld       a mailbox
 *   @domain.tld           all mailboxes of a domain (a catch-all)
 *   user\+.*@domain.tld   user@domain.tld also accepts user+anything. Only
 * these four characters before the @ mean that; the other dots are dots.
 *
 * The user is a dot-atom of RFC 5321 (4.1.2) with at most 64 octets, the domain
 * at least two labels of letters, digits and hyphens, all together at most 254
 * octets. So nothing that is taken needs quoting in a key of a Postfix table,
 * or holds a blank, a control character, a comma, a parenthesis or a quote; but
 * a user may hold `$', `{', `}' and other characters that mean something in
 * main.cf and in regular expressions.
 */
#ifndef TOOLS_GATEWAY_ADDRESS_H
#define TOOLS_GATEWAY_ADDRESS_H

#include <stddef.h>

enum { ADDRESS_MAX = 254, ADDRESS_LOCAL_MAX = 64 };

enum address_kind { ADDRESS_MAILBOX, ADDRESS_CATCHALL, ADDRESS_PLUS };

struct address {
	enum address_kind kind;
	/* "user@domain.tld" or "@domain.tld", without "\+.*", in lower case:
	 * Postfix folds what it looks up. With a final NUL. */
	char text[ADDRESS_MAX + 1];
	size_t len, local_len; /* of text, and of the user in it */
};

/* NULL and *address; or why it is not an entry, a static text. */
const char *address_parse(struct address *, const char *text, size_t len);

static inline const char *
address_domain(const struct address *address)
{
	return address->text + address->local_len + 1;
}

#endif
