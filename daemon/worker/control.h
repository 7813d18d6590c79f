/*
 * control: the Unix socket on which pbsctl and --list query the running daemon.
 *
 * It is NAME.ctl beside the checkpoint, mode 0600, or 0660 for the group
 * pop-before-smtp. Requests:
 *
 *	list
 *	show ADDRESS
 *	add ADDRESS SECONDS [USER]	SECONDS 0: the grace; USER as in base/listing.h
 *	remove ADDRESS
 *	status
 *	metrics
 *	events SINCE			those after this number; 0: all
 *	peers
 *
 * base/ctlsocket.h has the form of an answer. Its lines are those of
 * base/listing.h, "key value" for status, those of daemon/metrics/exposition.h
 * for metrics, those of daemon/worker/recent.h for events, or those of
 * daemon/worker/peers_figures.h for peers.
 */
#ifndef DAEMON_WORKER_CONTROL_H
#define DAEMON_WORKER_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/ctlsocket.h"
#include "daemon/pipeline/pipeline.h"

struct addr;
struct authtab;
struct authtab_login;
struct control;
struct err;
struct loop;

enum {
	CONTROL_REQUEST_MAX = CTLSOCKET_REQUEST_MAX,
	CONTROL_CLIENTS_MAX = 8 /* at a time; others wait */
};

/* What the control needs beyond the table. */
struct control_ops {
	/* Writes "key value" lines for `status`. */
	void (*status)(void *arg, FILE *out);
	/* Writes metrics for `metrics`. */
	void (*metrics)(void *arg, FILE *out);
	/* Writes the lines for `events`. */
	void (*events)(void *arg, uint64_t since, FILE *out);
	/* Writes the lines for `peers`. False: `peers:' is not in the
	 * configuration. */
	bool (*peers)(void *arg, FILE *out);
	struct moment (*now)(void *arg);
	/* Why an address may not be added; NULL: it may. The slot may be NULL. */
	const char *(*refuse)(void *arg, const struct addr *);
	/* An address was added, and is authorized for so long now. Arms the
	 * timer for its expiry, and saves the addition before the client has
	 * its answer. Returns what else the client should know, or NULL. */
	const char *(*added)(void *arg, const struct authtab_login *,
	    int64_t seconds);
	/* An address was removed. Sees to it that no login up to now brings it
	 * back, and saves that before the client has its answer. Returns what
	 * else the client should know, or NULL. */
	const char *(*removed)(void *arg, const struct addr *);
	void *arg;
};

/*
 * Serves fd, a socket that already listens: it is the control's from now on,
 * its path remains the caller's. table is borrowed, ops are copied. NULL: err.
 */
struct control *control_new(struct loop *, int fd, struct authtab *,
    const struct control_ops *, struct err *);
void control_free(struct control **);

#endif
