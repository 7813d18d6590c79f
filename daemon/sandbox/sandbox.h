/*
 * sandbox: what the keeper and the worker give up for good once all is open.
 *
 * Both: new privileges, capabilities, executing programs, TCP connections. The
 * keeper can write only in the directories of maps, checkpoint, pid file and
 * log. The worker can write no file, and read only logs, patterns,
 * configuration and time zones; it can start no process and open no connection.
 * The helper (daemon/sys/helper.h) is started before and gives up only
 * capabilities.
 *
 * What the kernel or the build lacks is left out; --check prints what applies.
 */
#ifndef DAEMON_SANDBOX_SANDBOX_H
#define DAEMON_SANDBOX_SANDBOX_H

struct conf;
struct err;

/* Gives up all capabilities, also those gained by executing a program. A keeper
 * that remains root keeps those to reach files, and its worker the one to read
 * them. From now on only root can read the memory of this process and of its
 * children. 0, or -1. */
int sandbox_drop_capabilities(struct err *);

int sandbox_keeper(const struct conf *, struct err *); /* 0, or -1 */
int sandbox_worker(const struct conf *, struct err *); /* 0, or -1 */
/* conf->peers must be there. 0, or -1. */
int sandbox_link(const struct conf *, struct err *);

/* "seccomp, Landlock 7", "no seccomp, no Landlock", "off" */
void sandbox_describe(const struct conf *, char text[64]);

#endif
