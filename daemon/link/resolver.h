/*
 * resolver: looks up the addresses of a host in a thread, since getaddrinfo(3)
 * may block for as long as the name servers do not answer.
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

/* Called once, with at least one address, or with none and the reason. Both are
 * borrowed until it returns. */
typedef void resolver_fn(void *arg, const struct endpoint *, size_t count,
			 const char *reason);

/* Looks up host, a name or an address. NULL: err. */
struct resolution *resolver_start(struct loop *, const char *host,
				  uint16_t port, resolver_fn *, void *arg,
				  struct err *);
/* Cancels the callback if it was not called yet. The callback may call this. */
void resolver_cancel(struct resolution **);

#endif
