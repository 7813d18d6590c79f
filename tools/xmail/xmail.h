/*
 * xmail: what the parts of an import of an XMail MAILROOT share.
 *
 * Each part reads its files, reports what it cannot carry over, and adds to the
 * output. -1: a file cannot be read; then nothing may be written, since a list
 * of refused clients that was not read would let them in.
 */
#ifndef TOOLS_XMAIL_XMAIL_H
#define TOOLS_XMAIL_XMAIL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/alloc.h"
#include "tools/postfix/maincf.h"
#include "tools/postfix/outset.h"
#include "tools/postfix/remarks.h"
#include "tools/xmail/tabfile.h"

struct err;
struct netset;

/* One variable of server.tab. */
struct server_variable {
	char *name, *value;
	struct place place; /* owns its file */
	bool used;
	bool wrong; /* has been reported */
};

struct xmail {
	const char *root;
	const char *directory; /* of the tables, for main.cf */
	const char *map;       /* ours, "hash:/var/lib/..." */
	const char *arguments; /* those that XMail ran with, or NULL */
	struct remarks remarks;
	struct outset *out;
	char *list_type; /* of the map of recipients; NULL: none yet */
	struct server_variable *variables;
	size_t variable_count;
	struct strings files;	/* names in MAILROOT that were read */
	struct strings domains; /* of domains.tab */
	/* aliasdomain.tab: each alias is followed by its domain. An alias that
	 * begins with a dot stands for all domains that end so. */
	struct strings alias_domains;
	struct strings custom; /* custdomains/, the same with a dot */
};

/* Opens MAILROOT/name, and remembers that it was. As tabfile_open(). */
int xmail_open(struct xmail *, const char *name, struct tabfile **,
	       struct err *);

/* "smtprelay.tab" for "/var/MailRoot/smtprelay.tab": what main.cf shows. */
struct place xmail_place(const struct xmail *, struct place);

/*
 * Adds the networks of an address filter: "addr/bits", or an address and a
 * mask; without either, the address alone. mask may be "". NULL, or why not, a
 * static text.
 */
const char *xmail_filter(struct netset *, const char *addr, const char *mask);

/* server.tab. xmail_variable(): the value of the first line of this name, or
 * NULL without such a line, and then *place has no file. */
int xmail_read_server(struct xmail *, struct err *);
const char *xmail_variable(struct xmail *, const char *name,
			   struct place *place);
/* Its value as a number: 1 and *number; 0: there is no such line; -1: it is
 * not a number of so much, which has been reported. */
int xmail_number(struct xmail *, const char *name, struct place *place,
		 int *number);
/* Reports the variables that nobody has asked for. */
void xmail_unused_variables(struct xmail *);

/* Whether a POP3 login let the client relay: EnableAuthSMTP-POP3. 1, 0; -1: it
 * cannot be known. */
int xmail_pop_logins(struct xmail *, struct place *);

/* The parts, in the order of main.cf. */
int xmail_relays(struct xmail *, struct err *);	    /* smtprelay.tab */
int xmail_domains(struct xmail *, struct err *);    /* domains.tab ... */
int xmail_recipients(struct xmail *, struct err *); /* mailusers.tab ... */
int xmail_clients(struct xmail *, struct err *);    /* *.ipmap.tab ... */
int xmail_senders(struct xmail *, struct err *);    /* spam-address.tab */
void xmail_sessions(struct xmail *);		    /* logins, sizes, TLS */
/* Reports the other files. */
int xmail_leftovers(struct xmail *, struct err *);

#endif
