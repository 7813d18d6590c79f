/*
 * link_process: starts pbs-link, the process that talks to the engine shared by
 * several hosts, and restarts it when it has died.
 *
 * The keeper starts it before entering its own sandbox, in which it could not
 * create a process that may connect to anything. The parent of pbs-link is a
 * guardian (daemon/sys/guardian.h) with the same socket. Both end when the
 * keeper and the worker have ended.
 */
#ifndef DAEMON_LINK_LINK_PROCESS_H
#define DAEMON_LINK_LINK_PROCESS_H

#include <stddef.h>

struct conf;
struct err;
struct guardian;

#ifdef WITHOUT_PEERS

/* conf->peers is NULL, so there is nothing to start. */
static inline int
link_process_check(const struct conf *conf, struct err *err)
{
	(void)conf;
	(void)err;
	return 0;
}

static inline struct guardian *
link_process_start(struct conf *conf, struct err *err)
{
	(void)conf;
	(void)err;
	return NULL;
}

#else

/* Whether this user can read the password and the TLS files, and whether their
 * contents are valid. conf->peers must not be NULL. 0, or -1. */
int link_process_check(const struct conf *, struct err *);

/* conf->peers must not be NULL. The socket is for the worker: see
 * daemon/ipc/ipc_link.h. NULL: see err. Does not return in pbs-link. */
struct guardian *link_process_start(struct conf *, struct err *);

#endif

#endif
