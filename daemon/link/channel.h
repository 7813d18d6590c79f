/*
 * channel: one of the two connections to the engine, with all that it takes to
 * have it: which engine, Sentinel, TLS, HELLO, and when to try again.
 *
 *	down -> asking Sentinel -> connecting -> greeting -> ready
 *
 * Engines are tried in the order of the configuration. The pause after all have
 * failed grows from 0.25 to 2 s, a quarter of it random; where somebody has to
 * change something first, it is a minute.
 */
#ifndef DAEMON_LINK_CHANNEL_H
#define DAEMON_LINK_CHANNEL_H

#include <stdbool.h>

#include "daemon/ipc/ipc_link.h"

struct credentials;
struct channel;
struct connection;
struct loop;
struct reports;
struct resp_value;

struct channel_ops {
	void (*ready)(void *arg, struct connection *);
	/* A reply to what was sent since; as connection_ops has it. */
	void (*reply)(void *arg, struct resp_value *);
	/* Once after each ready: nothing that was sent will be answered.
	 * malformed: the last answer was none, or beyond all bounds. */
	void (*lost)(void *arg, bool malformed);
};

/* Only the writer needs a master. */
struct channel *channel_new(struct loop *, const struct credentials *,
			    enum ipc_link_channel, struct reports *,
			    const struct channel_ops *, void *arg);
void channel_free(struct channel **);

/* Connects, if it is not connected; or closes the connection. */
void channel_want(struct channel *, bool wanted);
/* Closes the connection, and connects again at once. */
void channel_again(struct channel *);

/* Tells the worker that the engine can be used; once a connection. */
void channel_usable(struct channel *);
/* The engine does what it is asked: the next pause will be a short one.
 * entirely: and there is nothing left to complain about. */
void channel_works(struct channel *, bool entirely);

enum channel_trouble {
	CHANNEL_TRANSIENT, /* try again, or another engine */
	CHANNEL_PROTOCOL,  /* 10 s */
	CHANNEL_PERMANENT, /* 60 s; an error */
};
/* Closes the connection because of this. */
void channel_fail(struct channel *, enum channel_trouble, const char *text);
/* The same for an answer that is an error; its meaning decides. needed: the ACL
 * rules that the command takes. */
void channel_refused(struct channel *, const struct resp_value *,
		     const char *needed);

#endif
