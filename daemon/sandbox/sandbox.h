/*
 * sandbox: what keeper and worker give up for good once all is open.
 *
 * Both: no new privileges, no capabilities, nothing is executed, no TCP
 * connection is made. The keeper: writes only where maps, checkpoint, pid file
 * and log lie. The worker: writes no file at all, reads only logs, patterns,
 * configuration and time zones, starts no process, opens no connection.
 * The helper (daemon/sys/helper.h) is started before and gives up only capabilities.
 *
 * What the kernel or the build lacks is left out. --check tells what is in force.
 */
#ifndef DAEMON_SANDBOX_SANDBOX_H
#define DAEMON_SANDBOX_SANDBOX_H

struct conf;
struct err;

/* No capabilities, also not by executing anything; for a keeper that stays root,
 * those to reach files, and for its worker the one to read them. Nobody but root
 * looks into its memory, nor into what it forks. 0, or -1. */
int sandbox_drop_capabilities(struct err *);

int sandbox_keeper(const struct conf *, struct err *); /* 0, or -1 */
int sandbox_worker(const struct conf *, struct err *);

/* "seccomp, Landlock 7", "no seccomp, no Landlock", "off" */
void sandbox_describe(const struct conf *, char text[64]);

#endif
