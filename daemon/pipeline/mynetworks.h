/*
 * mynetworks: Postfix's own list of networks that may relay, as postconf(1)
 * tells it and as smtpd(8) reads it: addresses, networks, /files, type:table,
 * in order, the first that fits decides, '!' turns its word around.
 *
 * An entry that cannot be understood is said through log.h and passed over. To
 * pass one over costs nothing: who is in mynetworks may relay anyway.
 */
#ifndef DAEMON_PIPELINE_MYNETWORKS_H
#define DAEMON_PIPELINE_MYNETWORKS_H

#include <stdint.h>

#include "base/addr.h"

struct helper;
struct mynetworks;
struct strings;

/*
 * own: our maps, "type:name"; a table that is one of them is never asked. The
 * helper runs postconf(1) and postmap(1), and must outlive this; with NULL this
 * process runs them.
 */
struct mynetworks *mynetworks_new(const struct strings *own, struct helper *);
void mynetworks_free(struct mynetworks **);

/* Asks postconf. A machine without Postfix has none. */
void mynetworks_ask(struct mynetworks *);

/* Adds what `list` says, as in main.cf. */
void mynetworks_add(struct mynetworks *, const char *list);

/*
 * The entry that an address is in, as written, or NULL. A table is asked with
 * postmap(1), at most every five minutes for the same address; now is in
 * seconds, of a clock that nobody can set. Borrowed.
 */
const char *mynetworks_find(struct mynetworks *, const struct addr *,
    int64_t now);

#endif
