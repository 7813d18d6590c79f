/*
 * lock: one process at a time; a file that says which.
 *
 * The lock is flock(2) on the file, so that one left behind by a crash or a
 * power cut holds nobody up; the pid in it is for people. The same serves as
 * the pid file of --daemon.
 */
#ifndef DAEMON_LOCK_H
#define DAEMON_LOCK_H

#include <stdbool.h>

struct err;
struct lock;

/*
 * Creates or takes over path and writes our pid into it. NULL: err says who
 * holds it ("PATH: held by process 4711"), and *held is true; or why it cannot
 * be. held may be NULL. The file is its owner's alone: who may only read it
 * could hold the lock, too, and would have it as soon as its owner is killed.
 */
struct lock *lock_take(const char *path, bool *held, struct err *);

/* The same of a pid file, which everybody reads; nothing else may hang on it.
 */
struct lock *lock_take_pidfile(const char *path, bool *held, struct err *);

/* Removes the file, or empties one that this user may not remove, and lets go.
 */
void lock_release(struct lock **);

/* In a child after fork(2) that goes on in its parent's place: our pid now. */
void lock_adopt(struct lock *);

/* In a child after fork(2), whose parent keeps the lock: closes it only. */
void lock_forget(struct lock **);

#endif
