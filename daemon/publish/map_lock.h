/*
 * map_lock: the lock of a map that is a file. Only one daemon may write it.
 */
#ifndef DAEMON_PUBLISH_MAP_LOCK_H
#define DAEMON_PUBLISH_MAP_LOCK_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct lockfile;
struct strings;

/* NAME.lock; if one of the first `count` of maps has the same name, as
 * hash:NAME and lmdb:NAME do during a migration, NAME.TYPE.lock. The caller
 * frees it. */
char *map_lock_path(const char *map, const struct strings *maps, size_t count);

/* lockfile_take() of any lock of a daemon; waits about a second for the helper
 * of one that was killed, which holds it while clearing. */
struct lockfile *map_lock_take(const char *path, bool *held, struct err *);

/* The lock that a daemon that was killed has left. NULL: none was left, or
 * another process holds it for longer than a dying one would: a new owner. */
struct lockfile *map_lock_take_left(const char *path);

#endif
