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
 * and logs that. If postconf(1) did not answer, this is the whole list;
 * postconf(1) is then asked again when there is a login, at most once a
 * minute. If a table does not answer, it is the table's last answer for each
 * address. Moves this from `old', which the caller frees.
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

/* The same among the networks alone: NULL as well if a table of addresses
 * that are no part of mynetworks comes first. Asks nobody. */
const char *mynetworks_network(const struct mynetworks *, const struct addr *);

/* Whether mynetworks_find() will ask nobody, so that `now' does not matter. */
bool mynetworks_is_settled(const struct mynetworks *);

#endif
