/*
 * listenplace: where a server listens, as written in the configuration.
 *
 * "unix:/path", or "inet:ADDRESS:PORT" with a loopback address, such as
 * "inet:[::1]:10031". Other addresses are refused, so that only processes on
 * this machine can connect, never the network.
 */
#ifndef BASE_LISTENPLACE_H
#define BASE_LISTENPLACE_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/addr.h"

struct err;

struct listenplace {
	const char *path; /* borrowed from the text; NULL: addr and port */
	struct addr addr;
	uint16_t port;
};

/* 0, or -1: err says what is wrong; it does not repeat the text. */
int listenplace_parse(struct listenplace *, const char *text, struct err *);

/* Checks that it is possible to listen there. 0, or -1. */
int listenplace_check(const struct listenplace *, struct err *);

/*
 * Returns a listening, non-blocking socket, or -1. If the place is a path,
 * *node identifies the socket for unixsocket_remove(). A socket that a dead
 * process left there is replaced. The new socket has mode 0666, so its
 * directory decides who may connect.
 */
int listenplace_listen(const struct listenplace *, int backlog,
    struct stat *node, struct err *);

#endif
