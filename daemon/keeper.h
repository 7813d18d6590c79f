/*
 * keeper: the small parent process under --daemon.
 *
 * It detaches, starts the daemon as its child, waits until that is ready, and
 * only then lets the command return. When the child dies it clears the maps,
 * says so, and starts it anew, after 1, 2, 4 ... 60 seconds. It reads no log
 * and asks nobody, so that nothing can take it along.
 */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include "daemon/conf.h"

struct err;

/*
 * Takes conf->pidfile and goes into the background. Returns
 *   1 in the process that is to do the work, each time that one is started:
 *     it calls keeper_ready(*ready_fd) when it is ready;
 *   0 in the command that was typed and in the keeper, when all is over: exit
 *     with *code;
 *  -1 err: nothing was started.
 * Until the first child is ready standard error is the terminal's; if that
 * child fails, the command ends with its exit code.
 */
int keeper_run(const struct conf *, int *ready_fd, int *code, struct err *);

/* In the child: tells the keeper, and lets go of the terminal. */
void keeper_ready(int ready_fd);

#endif
