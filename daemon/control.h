/*
 * control: a Unix socket on which pbsctl and --list ask the running daemon.
 *
 * One request line, one answer, closed. The socket lies beside the checkpoint
 * (NAME.ctl, mode 0600). Requests:
 *
 *	list
 *	show ADDRESS
 *	add ADDRESS SECONDS [USER]	USER as in daemon/listing.h
 *	remove ADDRESS
 *	status
 *
 * The answer: lines of daemon/listing.h ("key value" lines for status), then
 * a last one: "ok", "no WHY" or "error WHY". Without it the answer is torn.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <stdbool.h>
#include <stdio.h>

#include "daemon/pipeline.h"

struct addr;
struct authtab;
struct control;
struct err;
struct loop;

enum {
	CONTROL_REQUEST_MAX = 1024,
	CONTROL_CLIENTS_MAX = 8,	/* more of them wait */
	CONTROL_PATIENCE_MS = 10 * 1000 /* with a client that does nothing */
};

/* What the socket needs beyond the table. */
struct control_ops {
	/* Writes "key value" lines for `status`. */
	void (*status)(void *arg, FILE *out);
	struct moment (*now)(void *arg);
	/* Why an address may not be added, or NULL. The slot may be NULL. */
	const char *(*refuse)(void *arg, const struct addr *);
	/* An address was added: its expiry is to be waited for. */
	void (*added)(void *arg);
	void *arg;
};

/* "/var/lib/x/NAME.state" -> "/var/lib/x/NAME.ctl"; the caller frees it. */
char *control_path(const char *checkpoint);

/*
 * Listens on path; what a dead daemon left there is replaced. NULL: err says
 * why, also that another one listens and which process it is. table is
 * borrowed, ops are copied.
 */
struct control *control_new(struct loop *, const char *path, struct authtab *,
    const struct control_ops *, struct err *);
void control_free(struct control **);

enum control_reply {
	CONTROL_FAILED = -1, /* err says why */
	CONTROL_NO = 0,	     /* err says why not */
	CONTROL_YES = 1,
	CONTROL_NOBODY = 2 /* nobody listens */
};

/* The client's side: sends request, copies the lines of the answer to out. */
enum control_reply control_ask(const char *path, const char *request, FILE *out,
    struct err *);

#endif
