/*
 * ctlsocket: a Unix socket beside a daemon's state, on which its tool asks it.
 *
 * One request line, one answer, closed. The answer: lines, then a last one,
 * "ok", "no WHY" or "error WHY"; without it the answer is torn. Mode 0600.
 */
#ifndef BASE_CTLSOCKET_H
#define BASE_CTLSOCKET_H

#include <stdio.h>

struct err;

enum { CTLSOCKET_PATIENCE_MS = 10 * 1000 }; /* with one who does nothing */

/* "/var/lib/x/NAME.state" -> "/var/lib/x/NAME.ctl"; the caller frees it. */
char *ctlsocket_path(const char *state);

enum ctlsocket_reply {
	CTLSOCKET_FAILED = -1, /* err says why */
	CTLSOCKET_NO = 0,      /* err says why not */
	CTLSOCKET_YES = 1,
	CTLSOCKET_NOBODY = 2 /* nobody listens; err says where */
};

/* Sends request, copies the lines of the answer to out. */
enum ctlsocket_reply ctlsocket_ask(const char *path, const char *request,
    FILE *out, struct err *);

#endif
