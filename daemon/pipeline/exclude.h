/*
 * exclude: addresses that are never written, because they may relay anyway or
 * belong to many clients: this machine's own, loopback, Postfix's mynetworks
 * and the networks that the configuration excludes.
 */
#ifndef DAEMON_PIPELINE_EXCLUDE_H
#define DAEMON_PIPELINE_EXCLUDE_H

#include "base/addr.h"

struct conf;
struct err;
struct exclude;
struct helper;

enum refusal {
	REFUSAL_SPECIAL,    /* loopback, or not a client's address */
	REFUSAL_OWN,	    /* this machine's */
	REFUSAL_EXCLUDED,   /* by the configuration */
	REFUSAL_MYNETWORKS, /* in Postfix's mynetworks */
	REFUSAL_REMOVED,    /* by the operator, since the login */
	REFUSALS
};

/*
 * Collects this machine's addresses from getifaddrs(3) and, if Postfix is
 * installed, mynetworks from postconf(1), with the files and tables it names;
 * tables are asked later through `postmap -q'. Entries that cannot be parsed
 * are logged and skipped. Copies what it needs of conf. helper: as for
 * mynetworks_new().
 */
struct exclude *exclude_new(const struct conf *, struct helper *);
void exclude_free(struct exclude **);
/* After a reload: as mynetworks_carry(). */
void exclude_carry(struct exclude *new, struct exclude *old);

/*
 * NULL, or why the address is never written: "loopback", "own address",
 * "mynetworks 192.0.2.0/24", "excluded 198.51.100.0/24". Valid until the next
 * call. Logs it once for each address and reason, as far as told.h remembers:
 * "refused 192.0.2.7: mynetworks 192.0.2.0/24".
 */
const char *exclude_refuse(struct exclude *, const struct addr *);

/* Why the last address was refused; not REFUSAL_REMOVED. */
enum refusal exclude_refusal(const struct exclude *);

/* The same as exclude_refuse() without a word in the log, and without asking
 * tables: for addresses that were granted before. */
const char *exclude_reason(struct exclude *, const struct addr *);

#endif
