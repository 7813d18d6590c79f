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
 * Adds the networks of one line, which are merged. The file of the place is
 * copied. NULL; or why not, a static text: no line may have more addresses than
 * a /8 of IPv4 (10.0.0.0/8) or a /16 of IPv6.
 */
const char *relaynets_add(struct relaynets *, struct netset *, struct place);

/* Writes mynetworks to the part main.cf; more than 50 networks go to the part
 * mynetworks, a cidr_table(5) in the directory. If all together are more than
 * sixteen times what a line may have, no network may relay. */
void relaynets_write(const struct relaynets *, struct outset *,
		     const char *directory, struct remarks *);

#endif
