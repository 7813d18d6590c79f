/*
 * checkpoint: the table and the places in the logs, kept over a restart.
 *
 * One text file, replaced whole (tmp, fsync, rename, fsync of the directory);
 * its last line proves that it is whole. A file that is not is said and
 * ignored: the log is read again from now - grace, which loses nothing.
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

/* All of it, to a file that the caller has opened and brings to the disk
 * (daemon/sys/atomic_file.h). holds may be NULL. now: to write each expiry as wall clock
 * time. 0, or -1: it could not be written. */
int checkpoint_write(FILE *, const struct authtab *, const struct sessions *,
    const struct logpos *, size_t npos, time_t now_wall, int64_t now_steady);

/*
 * Calls grant for each user of each address kept, and for an address whose own
 * times are nobody's: granted until expires, held until held.
 * Puts the open sessions into holds, if that is not NULL. Fills *pos (owned by the caller, each
 * cleared with logpos_clear(), the list with free()). 1 = read, 0 = there is
 * none, -1 = there is one but it is no good (nothing was granted).
 */
typedef void checkpoint_grant_fn(void *arg, const struct addr *,
    const char *user, size_t user_len, time_t when, time_t expires_wall,
    time_t held_wall);
int checkpoint_load(const char *path, checkpoint_grant_fn *, void *arg,
    struct sessions *, struct logpos **pos, size_t *npos, struct err *);

#endif
