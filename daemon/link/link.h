/*
 * link: the main loop of pbs-link. It obeys the worker (daemon/ipc/ipc_link.h),
 * and holds the two connections to the engine. It opens no files, has no keys
 * of hosts, and does not interpret entries.
 */
#ifndef DAEMON_LINK_LINK_H
#define DAEMON_LINK_LINK_H

struct credentials;

/* fd: our end of the socket to the worker. Returns EX_OK when the other end is
 * closed, or EX_PROTOCOL when it sends something that is not a message. */
int link_run(int fd, const struct credentials *);

#endif
