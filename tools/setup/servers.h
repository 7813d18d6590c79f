/*
 * servers: which programs answer POP3 and IMAP clients on this machine, by the
 * ports of these protocols.
 */
#ifndef TOOLS_SETUP_SERVERS_H
#define TOOLS_SETUP_SERVERS_H

#include <stdbool.h>

#include "base/alloc.h"

struct servers {
	/* "dovecot (dovecot.service): POP3 (110), IMAP (143)" */
	struct strings lines;
	struct strings units; /* the services of systemd that they are */
	bool known; /* each of them has such a unit */
};

/* Only root sees the programs of others. Clear it with servers_clear(). */
void servers_find(struct servers *);
void servers_clear(struct servers *);

#endif
