/*
 * ctlsocket: asks a daemon over the Unix socket beside its state file.
 *
 * Each connection takes one request line and one answer. The last line of the
 * answer is "ok", "no WHY" or "error WHY"; an answer without it is incomplete.
 * The socket has mode 0600, or 0660 for the group pop-before-smtp.
 */
#ifndef BASE_CTLSOCKET_H
#define BASE_CTLSOCKET_H

#include <stdio.h>

struct err;

enum {
	CTLSOCKET_TIMEOUT_MS = 10 * 1000, /* without progress */
	CTLSOCKET_REQUEST_MAX = 1024	  /* bytes, with the newline */
};

/* "/var/lib/x/NAME.state" -> "/var/lib/x/NAME.ctl"; the caller frees it. */
char *ctlsocket_path(const char *state);

enum ctlsocket_reply {
	CTLSOCKET_FAILED = -1, /* err says why */
	CTLSOCKET_NO = 0,      /* err says why not */
	CTLSOCKET_YES = 1,
	CTLSOCKET_NOBODY = 2 /* no process listens; err says where */
};

/* Sends request, and copies the answer without its last line to out. */
enum ctlsocket_reply ctlsocket_ask(const char *path, const char *request,
    FILE *out, struct err *);

/*
 * The same in two steps, for those who do other things meanwhile.
 * ctlsocket_send() returns a connection on which the answer will come, or -1
 * and *failure; it waits at most timeout_ms. ctlsocket_cut() takes the last
 * line off a whole answer, and returns what that line says.
 */
int ctlsocket_send(const char *path, const char *request, int timeout_ms,
    enum ctlsocket_reply *failure, struct err *);
enum ctlsocket_reply ctlsocket_cut(char *answer, struct err *);

#endif
