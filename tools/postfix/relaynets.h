/*
 * relaynets: the networks whose clients may relay, as mynetworks. Whatever a
 * foreign file says, they are never so wide that strangers are in them.
 */
#ifndef TOOLS_POSTFIX_RELAYNETS_H
#define TOOLS_POSTFIX_RELAYNETS_H

#include "tools/postfix/netset.h"
#include "tools/postfix/outset.h"
#include "tools/postfix/remarks.h"

struct relaynets;

struct relaynets *relaynets_new(void);
void relaynets_free(struct relaynets **);

/*
 * Adds the networks of one line, which are merged. place: for main.cf; its file
 * is copied. NULL; or why not, a static text: no line may have more addresses
 * than a /8 of IPv4 (10.0.0.0/8) or a /16 of IPv6.
 */
const char *relaynets_add(struct relaynets *, struct netset *, struct place);

/* Reports networks of one line, merged, that are wide (cidr_is_wide()), or lie
 * in no network that is not. place: of the line. */
void relaynets_warn(const struct netset *, struct place, struct remarks *);

/* Writes mynetworks to the part main.cf; more than 50 networks go to the part
 * mynetworks, a cidr_table(5) in the directory. If all together are more than
 * sixteen times what a line may have, no network may relay. If networks that
 * are not wide are so together, that is reported. */
void relaynets_write(const struct relaynets *, struct outset *,
		     const char *directory, struct remarks *);

#endif
