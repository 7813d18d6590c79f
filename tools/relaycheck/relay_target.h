/*
 * relay_target: the one server that is asked, and whether it may be asked.
 *
 * The tool is for one's own servers. It takes one host, typed by name or by
 * address: no list, no range, no network. A server beyond this machine and the
 * networks of private use (RFC 1918, RFC 4193) and of carriers' NAT (RFC 6598)
 * is asked only by somebody who says that it is theirs.
 */
#ifndef TOOLS_RELAYCHECK_RELAY_TARGET_H
#define TOOLS_RELAYCHECK_RELAY_TARGET_H

#include <stdbool.h>

#include "base/addr.h"
#include "tools/relaycheck/smtp_session.h"

struct err;

enum { TARGET_HOST_MAX = 255 };

struct relay_target {
	char host[TARGET_HOST_MAX + 1]; /* as typed, without brackets */
	char port[6];
	bool mine;		 /* --yes-this-is-mine */
	const char *source;	 /* the address to ask from, or NULL */
	struct smtp_place place; /* see relay_target_find() */
	struct addr address;	 /* of the server */
};

/* Takes "HOST", "HOST:PORT", "ADDRESS", "[IPv6]:PORT". 0, or -1: it has
 * another form, and err says why. */
int relay_target_parse(struct relay_target *, const char *text, struct err *);

/* Looks up the host, and picks the first of its addresses that is of the
 * family of the source, if there is one. 0; or -1 with *misused: whether the
 * arguments are the reason, rather than the name service. */
int relay_target_find(struct relay_target *, bool *misused, struct err *);

/* Whether the server has an address of this machine. */
bool relay_target_is_here(const struct relay_target *);

#endif
