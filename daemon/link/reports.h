/*
 * reports: what the worker hears of the two connections, and what of it is for
 * the log: each trouble once, and its end once, although both connections have
 * it, and have it again with every attempt.
 */
#ifndef DAEMON_LINK_REPORTS_H
#define DAEMON_LINK_REPORTS_H

#include "daemon/ipc/ipc_link.h"

struct reports;
struct sender;

struct reports *reports_new(struct sender *);
void reports_free(struct reports **);

/* For a new worker: tells it how things are, to be logged again. */
void reports_begin(struct reports *);
/* This connection is not wanted any more, or is. */
void reports_want(struct reports *, enum ipc_link_channel, bool wanted);

/* state: CONNECTED, LOST, ERROR or WARNING; see ipc_link.h. */
void reports_tell(struct reports *, enum ipc_link_channel, enum ipc_link_state,
		  const char *text);
/* The connection does what it is there for. */
void reports_works(struct reports *, enum ipc_link_channel);

#endif
