/*
 * lockfile: a file that only one process can hold, and that names the process.
 *
 * The lock is flock(2) on the file, so a file left by a crash or a power
 * failure locks nobody out. The pid in the file is for people. It also serves
 * as the pid file of --daemon.
 */
#ifndef DAEMON_SYS_LOCKFILE_H
#define DAEMON_SYS_LOCKFILE_H

#include <stdbool.h>

struct err;
struct lockfile;

/*
 * Creates or takes over the file and writes our pid to it. NULL: see err; if
 * another process holds it ("PATH: held by process 4711"), *held is true. held
 * may be NULL. Only the owner can read the file, since whoever can read it can
 * also lock it, and would have the lock as soon as the owner is killed.
 */
struct lockfile *lockfile_take(const char *path, bool *held, struct err *);

/* The same for a pid file, which everybody can read. Nothing else may depend on
 * its lock. */
struct lockfile *lockfile_take_pidfile(const char *path, bool *held,
				       struct err *);

/* Unlocks and removes the file, or empties it if we may not remove it. */
void lockfile_release(struct lockfile **);

/* In a child after fork(2) that takes its parent's place: writes our pid. */
void lockfile_adopt(struct lockfile *);

/* In a child after fork(2) whose parent keeps the lock: only closes it. */
void lockfile_close(struct lockfile **);

#endif
