/*
 * handover: what the keeper gives to each worker that it starts.
 *
 * A worker talks to its keeper only through `client', so this header includes
 * the functions of the client.
 */
#ifndef DAEMON_IPC_HANDOVER_H
#define DAEMON_IPC_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/ipc/ipc_client.h"

struct helper;
struct map;

/* All of it lasts as long as the process. */
struct handover {
	struct ipc_client *client; /* the connection to the keeper */
	struct map *const *maps;   /* in conf->maps' order; NULL: a live map */
	int control;		   /* the listening control socket */
	pid_t keeper;		   /* the process id that `status` reports */
	/* How far the wall clock has been ahead of the steady one since the
	 * last checkpoint, at most; see loop_know_lead(). */
	int64_t lead_ms;
	struct helper *helper;	   /* runs postconf(1) and postmap(1) */
	int link;		   /* to pbs-link, see ipc_link.h; -1: none */
	bool again;		   /* it is not the first worker */
	void *inherited;	   /* the keeper's memory; never used */
};

#endif
