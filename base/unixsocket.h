/*
 * unixsocket: Unix stream sockets at a path, which may be too long for
 * sun_path if its last part is short.
 */
#ifndef BASE_UNIXSOCKET_H
#define BASE_UNIXSOCKET_H

#include <sys/stat.h>
#include <sys/types.h>

struct err;

/* 0, or -1: the path is too long for a socket in any directory. */
int unixsocket_check(const char *path, struct err *);

/*
 * Returns a listening, non-blocking socket; *node identifies its file. A socket
 * left by a dead process is replaced, even if its children still hold it, and
 * so is a socket of this process. -1: if a live process listens, err names it.
 */
int unixsocket_listen(const char *path, mode_t, int backlog, struct stat *node,
    struct err *);

/* Removes the socket, unless another one has taken its place. */
void unixsocket_remove(const char *path, const struct stat *node);

/* Returns a connected socket, on which reading and writing fail after
 * timeout_ms without progress. -1 and errno; ENOENT or ECONNREFUSED: no process
 * listens, or the one that did is dead, though its children hold the socket. */
int unixsocket_connect(const char *path, int timeout_ms);

/* The process that listens at the other end; 0: unknown, as one in another pid
 * namespace is. */
pid_t unixsocket_listener(int fd);

#endif
