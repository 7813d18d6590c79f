/*
 * exclude: addresses that are never written, because they relay anyway or
 * stand for many: the machine's own, loopback, Postfix's mynetworks, and what
 * the configuration names.
 */
#ifndef DAEMON_PIPELINE_EXCLUDE_H
#define DAEMON_PIPELINE_EXCLUDE_H

#include "base/addr.h"

struct conf;
struct err;
struct exclude;

/*
 * Asks getifaddrs(3), and postconf(1) for mynetworks if Postfix is installed
 * (its files and tables too, type:name asked live through postmap -q). What
 * cannot be understood is said through log.h and skipped. Copies what it needs
 * of conf.
 */
struct exclude *exclude_new(const struct conf *);
void exclude_free(struct exclude **);

/*
 * NULL, or why the address is never written: "loopback", "own address",
 * "mynetworks 192.0.2.0/24", "excluded 198.51.100.0/24". Valid until the next
 * call. Says it through log.h once for each address and reason:
 * "refused 192.0.2.7: mynetworks 192.0.2.0/24".
 */
const char *exclude_refuse(struct exclude *, const struct addr *);

#endif
