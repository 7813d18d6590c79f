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
#include <stdint.h>

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

static inline uint64_t
link_process_files(const struct conf *conf)
{
	(void)conf;
	return 0;
}

static inline int
link_process_renew(const struct guardian *link, struct err *err)
{
	(void)link;
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

/* A number that is another one when these files have changed. It says nothing
 * of what they hold. */
uint64_t link_process_files(const struct conf *);

/* Has another pbs-link read these files, after link_process_check(). The one
 * that runs ends; it is the guardian that starts another. 0, or -1. */
int link_process_renew(const struct guardian *, struct err *);

/* conf->peers must not be NULL. The socket is for the worker: see
 * daemon/ipc/ipc_link.h. NULL: see err. Does not return in pbs-link. */
struct guardian *link_process_start(struct conf *, struct err *);

#endif

#endif
