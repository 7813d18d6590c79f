/*
 * link: pbs-link's own loop. It does what the worker says (daemon/ipc/
 * ipc_link.h), and holds the two connections to the engine; it has no files, no
 * keys of hosts, and no opinion about what an entry says.
 */
#ifndef DAEMON_LINK_LINK_H
#define DAEMON_LINK_LINK_H

struct credentials;

/* fd: the worker's end is the other one. Returns when that is closed, with
 * EX_OK, or when what comes from there is no message of ours, EX_PROTOCOL. */
int link_run(int fd, const struct credentials *);

#endif
