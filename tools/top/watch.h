/* watch: shows the daemon on the terminal until its user has enough. */
#ifndef TOOLS_TOP_WATCH_H
#define TOOLS_TOP_WATCH_H

struct err;

/*
 * socket: the control socket of the daemon. status: its answer to `status`,
 * which is changed. 0: the user has quit. A signal's number: it came, and the
 * caller should die of it. -1: the terminal cannot be used, see err. In each
 * case the terminal is as it was before.
 */
int watch_run(const char *socket, char *status, struct err *);

#endif
