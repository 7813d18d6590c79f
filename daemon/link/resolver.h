/*
 * resolver: the addresses of a host, found in a thread of their own, since
 * getaddrinfo(3) may wait for as long as a name server likes.
 */
#ifndef DAEMON_LINK_RESOLVER_H
#define DAEMON_LINK_RESOLVER_H

#include <stdint.h>
#include <sys/socket.h>

struct err;
struct loop;
struct resolution;

enum { RESOLVER_ADDRESSES_MAX = 8 };

struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

/* Called once, with at least one address, or with none and the reason. They are
 * borrowed until it returns. */
typedef void resolver_fn(void *arg, const struct endpoint *, size_t count,
			 const char *reason);

/* Looks for host, a name or an address. NULL: err. */
struct resolution *resolver_start(struct loop *, const char *host,
				  uint16_t port, resolver_fn *, void *arg,
				  struct err *);
/* What has not been found is not told any more. The callback may call it. */
void resolver_cancel(struct resolution **);

#endif
