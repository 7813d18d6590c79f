/*
 * listenplace: where a server listens, as a configuration has it.
 *
 * "unix:/path", or "inet:ADDRESS:PORT" with a loopback address
 * ("inet:[::1]:10031"): who may ask is the file system's affair, or this
 * machine's, never the network's.
 */
#ifndef BASE_LISTENPLACE_H
#define BASE_LISTENPLACE_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/addr.h"

struct err;

struct listenplace {
	const char *path; /* borrowed from the text; NULL: inet */
	struct addr addr;
	uint16_t port;
};

/* 0, or -1: err says what is wrong, without the text itself. */
int listenplace_parse(struct listenplace *, const char *text, struct err *);

/* Whether it could be listened on; changes nothing. 0, or -1. */
int listenplace_check(const struct listenplace *, struct err *);

/*
 * A listening, non-blocking socket, or -1. With a path, *node is what was bound,
 * for unixsocket_remove(); a socket that a dead process left is replaced, and
 * all who can reach the new one may connect: its directory is to say who.
 */
int listenplace_listen(const struct listenplace *, int backlog,
    struct stat *node, struct err *);

#endif
