/*
 * reports: reports the state of the two connections to the worker, and decides
 * what is logged: each problem once, and its end once, although both
 * connections have it, and again with each attempt.
 */
#ifndef DAEMON_LINK_REPORTS_H
#define DAEMON_LINK_REPORTS_H

#include "daemon/ipc/ipc_link.h"

struct reports;
struct sender;

struct reports *reports_new(struct sender *);
void reports_free(struct reports **);

/* For a new worker: reports the present state, to be logged again. */
void reports_begin(struct reports *);
/* Whether this connection is wanted from now on. */
void reports_want(struct reports *, enum ipc_link_channel, bool wanted);

/* state: CONNECTED, LOST, ERROR or WARNING; see ipc_link.h. */
void reports_tell(struct reports *, enum ipc_link_channel, enum ipc_link_state,
		  const char *text);
/* The engine does what this connection asks. */
void reports_works(struct reports *, enum ipc_link_channel);

#endif
