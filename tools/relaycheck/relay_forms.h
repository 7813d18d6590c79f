/*
 * relay_forms: the forms of sender, recipient and HELO in which testers of open
 * relays ask for a foreign recipient.
 *
 * Sources: the smtp-open-relay script of nmap, the tests of DSBL and of
 * mail-abuse.org. Each form finds an opening that the others may not find, such
 * as a sender of one's own domain that is let through, or a mail server that
 * follows user%domain.
 */
#ifndef TOOLS_RELAYCHECK_RELAY_FORMS_H
#define TOOLS_RELAYCHECK_RELAY_FORMS_H

#include <stdbool.h>
#include <stddef.h>

struct relay_names;

struct relay_form {
	const char *group; /* "plain", "sender", "percent" ...; static */
	/* The sender is that of the plain form, and any other would do. */
	bool any_sender;
	char *helo;		  /* NULL: the usual one */
	char *sender, *recipient; /* as they follow "MAIL FROM:", "RCPT TO:" */
	/* What the recipient ends in, if a server may take what precedes it for
	 * the name of a mailbox: "@example.org", or "" for no domain at all.
	 * NULL: it ends in a foreign domain, or in one that is only relayed
	 * for. */
	char *tail;
};

struct relay_forms {
	struct relay_form *list; /* the first is the plain one */
	size_t count;
};

/* Makes all forms. Forms that need the server's name are left out without. */
void relay_forms_make(struct relay_forms *, const struct relay_names *);
void relay_forms_clear(struct relay_forms *);

/* "<NAME@example.org>": the mailbox with this name where a form ends in the
 * tail "@example.org". */
char *relay_mailbox(const char *name, const char *tail);

#endif
