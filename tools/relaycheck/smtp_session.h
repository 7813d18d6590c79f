/*
 * smtp_session: one connection to an SMTP server, one command at a time.
 *
 * Each step, which is a connection with its greeting or a command with its
 * reply, has one deadline, so that a server that sends a byte now and then ends
 * it no later than one that is silent. A command is sent only after the whole
 * reply to the one before; a server that has sent more than that is not
 * believed.
 */
#ifndef TOOLS_RELAYCHECK_SMTP_SESSION_H
#define TOOLS_RELAYCHECK_SMTP_SESSION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/addr.h"

struct err;
struct smtp_reply;

/* Where to connect to, and from where. */
struct smtp_place {
	struct sockaddr_storage to, from;
	socklen_t to_len, from_len; /* from_len 0: from any address */
	int timeout;		    /* of each step, in milliseconds */
};

struct smtp_session {
	int fd; /* -1: closed */
	int timeout;
	struct addr own; /* the address of our end */
};

/* Connects and reads the greeting, of whatever code. 0, or -1: then the session
 * is closed. */
int smtp_open(struct smtp_session *, const struct smtp_place *,
	      struct smtp_reply *greeting, struct err *);

/* Sends a command, which holds no control character, and reads its reply, of
 * whatever code. 0, or -1: then the session is closed. */
int smtp_ask(struct smtp_session *, const char *command, struct smtp_reply *,
	     struct err *);

/* Sends QUIT without waiting for a reply. Does nothing to a closed one. */
void smtp_close(struct smtp_session *);

/* The address in a sockaddr of IPv4 or IPv6. */
struct addr smtp_address(const struct sockaddr_storage *);

#endif
