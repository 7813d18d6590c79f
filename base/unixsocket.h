/*
 * unixsocket: a Unix stream socket at a path, also one too long for sun_path.
 */
#ifndef BASE_UNIXSOCKET_H
#define BASE_UNIXSOCKET_H

#include <sys/stat.h>

struct err;

/*
 * A listening, non-blocking socket; *node is what was bound. What a dead
 * process left there is replaced, also when its children still hold it; so is what this very process still holds.
 * -1: err, which names the process if a live one listens.
 */
int unixsocket_listen(const char *path, mode_t, int backlog, struct stat *node,
    struct err *);

/* Removes it, unless it is somebody else's by now. */
void unixsocket_remove(const char *path, const struct stat *node);

/* A connected socket that gives up after timeout_ms without progress. -1 and
 * errno: ENOENT or ECONNREFUSED = nobody listens. */
int unixsocket_connect(const char *path, int timeout_ms);

#endif
