/*
 * keeper: the small parent process under --daemon.
 *
 * It detaches, starts the daemon as its child, waits until that is ready, and
 * only then lets the command return. When the child dies it clears the maps,
 * says so, and starts it anew, with growing pauses.
 */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include "daemon/conf.h"

struct err;

/*
 * Returns 1 in the process that is to do the work (ready_fd: write one byte
 * when ready), 0 in the parents when all is over (exit with *code), -1.
 */
int keeper_run(const struct conf *, int *ready_fd, int *code, struct err *);

#endif
