/*
 * mynetworks: Postfix's own list of networks that may relay, read the way
 * smtpd(8) does: addresses, networks, /files and type:table, in order; the
 * first that matches decides, and `!' negates it.
 *
 * An entry that cannot be parsed is logged and skipped. That does no harm: a
 * client that mynetworks covers may relay anyway.
 */
#ifndef DAEMON_PIPELINE_MYNETWORKS_H
#define DAEMON_PIPELINE_MYNETWORKS_H

#include <stdint.h>

#include "base/addr.h"

struct helper;
struct mynetworks;
struct strings;

/*
 * Asks postconf(1) for the list; on a machine without Postfix it is empty. own:
 * our maps, "type:name"; a table that is one of them is never asked. The helper
 * runs postconf(1) and postmap(1), and must outlive this; with NULL this
 * process runs them.
 */
struct mynetworks *mynetworks_new(const struct strings *own, struct helper *);
void mynetworks_free(struct mynetworks **);

/*
 * After a reload: keeps in force what `new' could not find out but `old' knew,
 * and logs that. If postconf(1) did not answer, the whole old list stays in
 * force; postconf(1) is then asked again when there is a login, at most once a
 * minute. If a table does not answer, its last answer for each address stays in
 * force. Takes over that data from `old'; the caller still frees `old'.
 */
void mynetworks_carry(struct mynetworks *new, struct mynetworks *old);

/*
 * The entry that covers an address, as written and borrowed, or NULL. A table
 * is asked with postmap(1), at most every five minutes for the same address; if
 * that fails, its last answer for the address counts.
 * now: seconds of a clock that cannot be set.
 */
const char *mynetworks_find(struct mynetworks *, const struct addr *,
			    int64_t now);

/* Like mynetworks_find(), but looks only at the addresses and networks in the
 * list, and asks no table. Also NULL if a negated table (`!type:table') comes
 * before the network that covers the address. */
const char *mynetworks_network(const struct mynetworks *, const struct addr *);

/* Whether mynetworks_find() will ask nobody, so that `now' does not matter. */
bool mynetworks_is_settled(const struct mynetworks *);

#endif
