/*
 * ctlsocket: the Unix socket itself: where it lies, who holds it.
 */
#ifndef DAEMON_CTLSOCKET_H
#define DAEMON_CTLSOCKET_H

struct err;

/* A connected socket that gives up after timeout_ms without progress. -1 and
 * errno: ENOENT or ECONNREFUSED = nobody listens. */
int ctlsocket_connect(const char *path, int timeout_ms);

/*
 * A listening, non-blocking socket, mode 0600. What a dead process left there
 * is replaced; so is what this very process still holds (a reload). -1: err,
 * which names the process if a live one listens.
 */
int ctlsocket_listen(const char *path, struct err *);

#endif
