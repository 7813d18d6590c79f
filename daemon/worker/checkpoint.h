/*
 * checkpoint: saves the table and the positions in the logs over a restart.
 *
 * One text file, replaced as a whole (tmp, fsync, rename, fsync of the
 * directory); its last line proves that it is complete. Without a complete file
 * nothing is lost: the logs are read again from as long ago as a login counts.
 */
#ifndef DAEMON_WORKER_CHECKPOINT_H
#define DAEMON_WORKER_CHECKPOINT_H

#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "daemon/source/source.h"
#include "daemon/table/authtab.h"

struct err;
struct sessions;

/* Writes everything to a file that the caller has opened and will commit
 * (daemon/sys/atomic_file.h). The sessions may be NULL. The two times convert
 * expiries to wall clock time. 0; -1: it could not be written. */
int checkpoint_write(FILE *, const struct authtab *, const struct sessions *,
    const struct logpos *, size_t npos, time_t now_wall, int64_t now_steady);

/*
 * Calls grant for each user of each address, and with user NULL for an address
 * without users: the grant lasts until expires_wall, or, while a session holds
 * it, until held_wall. Puts the open sessions into the given ones, unless they
 * are NULL. Fills *pos, a list for free() whose elements are the caller's to
 * clear with logpos_clear(). 1: read; 0: no such file; -1: the file cannot be
 * used, and nothing was granted.
 */
typedef void checkpoint_grant_fn(void *arg, const struct addr *,
    const char *user, size_t user_len, time_t when, time_t expires_wall,
    time_t held_wall);
int checkpoint_load(const char *path, checkpoint_grant_fn *, void *arg,
    struct sessions *, struct logpos **pos, size_t *npos, struct err *);

#endif
