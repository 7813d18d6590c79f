/*
 * mounts: tells when anything is mounted or unmounted.
 *
 * A mount over a directory or a file makes its path mean another file, of which
 * inotify(7) knows nothing. The kernel reports it through poll(2) on
 * /proc/self/mountinfo, proc(5), so nobody is woken while nothing happens.
 */
#ifndef DAEMON_SOURCE_MOUNTS_H
#define DAEMON_SOURCE_MOUNTS_H

#include <stdbool.h>

struct loop;
struct mounts;

typedef void mounts_fn(void *arg);

/* Calls fn from the loop after each change. path: the log. NULL: there is no
 * /proc, or it may not be read; then changes are not seen. */
struct mounts *mounts_new(struct loop *, const char *path, mounts_fn *,
			  void *arg);
void mounts_free(struct mounts **);

/* Whether the directory of the log is another one than at mounts_new(), or did
 * not exist then. */
bool mounts_has_moved(const struct mounts *);

/*
 * Whether that is so and this process may not read the other directory.
 * Landlock knows a directory by its inode, and does not accept what is made or
 * mounted in its place later: landlock(7).
 */
bool mounts_shut_out(const struct mounts *);

/* Why events of inotify(7) are missing on the file system of an open file, for a
 * message; NULL: they are not. */
const char *mounts_without_events(int fd);

#endif
