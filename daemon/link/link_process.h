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

#include <stdbool.h>

struct conf;
struct err;
struct link_process;

#ifdef WITHOUT_PEERS

/* conf->peers is NULL, so there is nothing to start. */
static inline struct link_process *
link_process_start(const struct conf *conf, struct err *err)
{
	(void)conf;
	(void)err;
	return NULL;
}

static inline void
link_process_stop(struct link_process **process)
{
	(void)process;
}

static inline void
link_process_reap(struct link_process *process)
{
	(void)process;
}

static inline int
link_process_descriptor(const struct link_process *process)
{
	(void)process;
	return -1;
}

static inline int
link_process_notices(const struct link_process *process)
{
	(void)process;
	return -1;
}

static inline bool
link_process_log_notices(struct link_process *process)
{
	(void)process;
	return false;
}

#else

/* conf->peers must not be NULL. NULL: see err. Does not return in pbs-link. */
struct link_process *link_process_start(const struct conf *, struct err *);
void link_process_stop(struct link_process **);
/* After SIGCHLD; NULL is ignored. */
void link_process_reap(struct link_process *);

/* The worker's end of the socket: see daemon/ipc/ipc_link.h. NULL: -1. */
int link_process_descriptor(const struct link_process *);
/* Readable when pbs-link or its guardian has died. */
int link_process_notices(const struct link_process *);
/* Logs that. False: the guardian has died, so nothing more will be readable. */
bool link_process_log_notices(struct link_process *);

#endif

#endif
