/*
 * worker_peers_state: what the two files on other hosts share; private to them.
 *
 * worker_link.c talks to pbs-link. worker_peers.c joins that with the table,
 * the pipeline and the checkpoint, and calls worker_link.c.
 */
#ifndef DAEMON_WORKER_WORKER_PEERS_STATE_H
#define DAEMON_WORKER_WORKER_PEERS_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/loop.h"
#include "daemon/conf/conf.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/ipc/ipc_link.h"
#include "daemon/peers/inbox.h"
#include "daemon/peers/outbox.h"
#include "daemon/peers/sign.h"
#include "daemon/worker/peers_figures.h"
#include "daemon/worker/worker_state.h"

/* The steps in which pbs-link is set up; STEP_READ + n is the READ of host n.
 */
enum { STEP_BEGIN, STEP_WRITE, STEP_READ };

struct worker_peers {
	struct worker *worker;
	int fd;
	bool watched_out; /* until there is room for a packet */
	uint64_t nonce;	  /* of our BEGIN; 0: there was none yet */
	size_t step;	  /* the next step of the set-up: STEP_... */
	char stream[IPC_LINK_KEY_MAX];
	unsigned char secret[SIGN_SECRET];
	struct outbox *outbox; /* NULL: nothing is published */
	struct inbox *inbox;
	/* .up: our stream can be written, those of the hosts can be read */
	struct peers_connection write, read;
	struct timer *send, *look;
	int64_t send_ms;     /* steady: the timer is armed for then */
	bool due;	     /* that time has come */
	bool forgot_removal; /* the warning of that was logged */
	bool has_out;	     /* a packet waits for room */
	struct ipc_link_packet out, in;
};

static inline struct peers_time
worker_peers_now(const struct worker *w)
{
	return (struct peers_time){.wall_ms = loop_clocks(w->loop).wall_ms,
				   .steady_ms = worker_lifetime_ms(w)};
}

static inline void
worker_peers_stream(const struct worker_peers *p, const char *host,
	    char out[IPC_LINK_KEY_MAX])
{
	snprintf(out, IPC_LINK_KEY_MAX, "%s:%s", p->worker->conf->peers->prefix,
		 host);
}

/* ---- worker_link.c ---- */

/* 0, or -1. */
int worker_link_open(struct worker_peers *, struct err *);
/* Begins with a pbs-link that knows nothing, or only what is no longer in force.
 * What it sent before is ignored: an entry of a host whose key has changed would
 * hide the earlier ones, which are read again. */
void worker_link_begin(struct worker_peers *);
/* Sends everything there is to send, as long as there is room. */
void worker_link_send(struct worker_peers *);
/* To be called when something new may be in the outbox. */
void worker_link_send_soon(struct worker_peers *);
/* The timer for p->send. */
void worker_link_on_timer(void *arg);

#endif
