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

/* Numbers that are others when files have changed; they say nothing of what the
 * files hold. */
struct link_files {
	uint64_t credentials; /* the password and the TLS files */
	uint64_t key;	      /* for signing */
};

#ifdef WITHOUT_PEERS

/* conf->peers is NULL, so there is nothing to start. */
static inline int
link_process_check(const struct conf *conf, struct err *err)
{
	(void)conf;
	(void)err;
	return 0;
}

static inline int
link_process_check_key(const struct conf *conf, struct err *err)
{
	(void)conf;
	(void)err;
	return 0;
}

static inline struct link_files
link_process_files(const struct conf *conf)
{
	(void)conf;
	return (struct link_files){0};
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

/* The same for the key for signing, if there is one, which only a worker uses:
 * at a reload, when the worker may not read it any more. */
int link_process_check_key(const struct conf *, struct err *);

struct link_files link_process_files(const struct conf *);

/* Has another pbs-link read the first ones, after link_process_check(). The one
 * that runs ends; it is the guardian that starts another. 0, or -1. */
int link_process_renew(const struct guardian *, struct err *);

/* conf->peers must not be NULL. The socket is for the worker: see
 * daemon/ipc/ipc_link.h. NULL: see err. Does not return in pbs-link. */
struct guardian *link_process_start(struct conf *, struct err *);

#endif

#endif
