/*
 * lockfile: one process at a time; a file that says which.
 *
 * The lock is flock(2) on the file, so that one left behind by a crash or a
 * power cut holds nobody up; the pid in it is for people. The same serves as
 * the pid file of --daemon.
 */
#ifndef DAEMON_SYS_LOCKFILE_H
#define DAEMON_SYS_LOCKFILE_H

#include <stdbool.h>

struct err;
struct lockfile;

/*
 * Creates or takes over path and writes our pid into it. NULL: err says who
 * holds it ("PATH: held by process 4711"), and *held is true; or why it cannot
 * be. held may be NULL. The file is its owner's alone: who may only read it
 * could hold the lock, too, and would have it as soon as its owner is killed.
 */
struct lockfile *lockfile_take(const char *path, bool *held, struct err *);

/* The same of a pid file, which everybody reads; nothing else may hang on it.
 */
struct lockfile *lockfile_take_pidfile(const char *path, bool *held, struct err *);

/* Removes the file, or empties one that this user may not remove, and lets go.
 */
void lockfile_release(struct lockfile **);

/* In a child after fork(2) that goes on in its parent's place: our pid now. */
void lockfile_adopt(struct lockfile *);

/* In a child after fork(2), whose parent keeps the lock: closes it only. */
void lockfile_forget(struct lockfile **);

#endif
