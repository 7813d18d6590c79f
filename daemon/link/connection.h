/*
 * connection: a connection to an engine, from its address to its replies: over
 * a Unix socket or TCP, with or without TLS. It does not block.
 *
 * One that has failed is closed at once, and then calls ops->end. Whether the
 * engine executes its outstanding commands is unknown.
 */
#ifndef DAEMON_LINK_CONNECTION_H
#define DAEMON_LINK_CONNECTION_H

#include <stddef.h>
#include <stdint.h>

struct connection;
struct loop;
struct resp_value;
struct tls_context;

enum connection_end {
	CONNECTION_LOST,	/* closed, refused, unreachable, silent */
	CONNECTION_CERTIFICATE, /* a certificate was rejected, by us or by the
				 * engine */
	CONNECTION_PROTOCOL,	/* not RESP, or larger than we accept */
};

struct connection_ops {
	/* Commands may now be sent. */
	void (*open)(void *arg);
	/* The next reply; borrowed, except for what resp_take() takes over. May
	 * call connection_free(). */
	void (*reply)(void *arg, struct resp_value *);
	/* It is closed; the caller has to free it, here or later. */
	void (*end)(void *arg, enum connection_end, const char *reason);
};

struct connection_place {
	const char *path; /* of a Unix socket; NULL: host and port */
	const char *host;
	uint16_t port;
	struct tls_context *tls; /* NULL: no TLS */
};

/* place is borrowed until ops->open or ops->end is called; ops while the
 * connection exists. No callback is called before this returns to the loop. */
struct connection *connection_new(struct loop *,
				  const struct connection_place *,
				  const struct connection_ops *, void *arg);
void connection_free(struct connection **);

/* A reply is expected within this time; each reply sets it again. 0: none
 * is expected. */
void connection_expect(struct connection *, int64_t ms);

/* A command; lens[i] is the length of words[i]. */
void connection_send(struct connection *, size_t count,
		     const char *const *words, const size_t *lens);

#endif
