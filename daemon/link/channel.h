/*
 * channel: one of the two connections to the engine, and all that it takes to
 * establish it: choosing the engine, Sentinel, TLS, HELLO, and retries.
 *
 *	down -> asking Sentinel -> connecting -> greeting -> ready
 *
 * Engines are tried in the order of the configuration. The pause after all have
 * failed grows from 0.25 to 2 s, a quarter of it random; if an administrator
 * has to act first, it is a minute.
 */
#ifndef DAEMON_LINK_CHANNEL_H
#define DAEMON_LINK_CHANNEL_H

#include <stdbool.h>

#include "daemon/ipc/ipc_link.h"
#include "daemon/link/engine.h"

struct credentials;
struct channel;
struct connection;
struct loop;
struct reports;
struct resp_value;

struct channel_ops {
	void (*ready)(void *arg, struct connection *);
	/* A reply to a command sent since `ready'; see connection_ops. */
	void (*reply)(void *arg, struct resp_value *);
	/* Called once after each `ready': no outstanding command will be
	 * answered. malformed: the last reply was invalid, or exceeded the
	 * limits. */
	void (*lost)(void *arg, bool malformed);
};

/* Only the writer needs a master. */
struct channel *channel_new(struct loop *, const struct credentials *,
			    enum ipc_link_channel, struct reports *,
			    const struct channel_ops *, void *arg);
void channel_free(struct channel **);

/* true: connects if not connected; false: closes the connection. */
void channel_want(struct channel *, bool wanted);
/* Closes the connection, and connects again at once. */
void channel_again(struct channel *);

/* Tells the worker that the engine is usable; does so once per connection. */
void channel_usable(struct channel *);
/* The engine accepts commands, so the next pause will be short. entirely: none
 * of them is refused any more. */
void channel_works(struct channel *, bool entirely);

enum channel_trouble {
	CHANNEL_TRANSIENT, /* try again, or another engine */
	CHANNEL_PROTOCOL,  /* 10 s */
	CHANNEL_PERMANENT, /* 60 s; an error */
};
/* Closes the connection for this reason. */
void channel_fail(struct channel *, enum channel_trouble, const char *text);
/* The same for an error reply to this command, whose meaning selects the kind of
 * trouble. */
void channel_refused(struct channel *, const struct resp_value *,
		     enum engine_command, const char *key);

#endif
