/*
 * checkpoint: keeps the table and the positions in the logs across a restart.
 *
 * One text file, replaced as a whole (tmp, fsync, rename, fsync of the
 * directory); its last line proves that it is complete. Without a complete file
 * nothing is lost: the logs are read again from as long ago as a login counts.
 */
#ifndef DAEMON_WORKER_CHECKPOINT_H
#define DAEMON_WORKER_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "daemon/source/source.h"
#include "daemon/table/authtab.h"

struct err;
struct peers_conf;
struct removals;
struct sessions;

/* A moment by the wall clock, and by the steady clock of a boot. */
struct checkpoint_clock {
	time_t wall;
	int64_t steady; /* seconds of CLOCK_BOOTTIME */
	char boot[40];	/* the kernel's boot id; "" if it is not known */
};

/* What is kept beside the table and the positions; each may be NULL. */
struct checkpoint_also {
	struct sessions *sessions;
	struct removals *removals; /* by our own operator */
	struct removals *others;   /* by the operators of other hosts */
	const struct peers_conf *peers;
	/* The grace, in seconds, by which the logins were granted. When the
	 * file is loaded: that of the file; 0 if it does not say. */
	uint32_t grace;
	/* What makes a wall clock's second, when the file is loaded, one of the
	 * steady clock of the removals. */
	int64_t to_lifetime;
	/* Set when the file is loaded, before anything remote is granted: it
	 * names a host that is not in `peers', so any remote login in it may
	 * come from that host. */
	bool strangers;
	/* Set when the file is loaded: so many seconds the wall clock has been
	 * set back since it was written, in this boot; negative: set forth. 0
	 * if that is not known. */
	time_t set_back;
};

/*
 * Writes all of it to a file that the caller has opened and will sync
 * (daemon/sys/atomic_file.h). lifetime: now, on the clock on which the table's
 * expiries are measured. Returns about how many bytes it wrote, or -1: it could
 * not be written.
 */
long long checkpoint_write(FILE *, const struct authtab *,
    const struct checkpoint_also *, const struct logpos *, size_t npos,
    const struct checkpoint_clock *now, int64_t lifetime);

/*
 * Calls grant for each login kept: one for each user of each address, and one
 * for its other logins, without a user. What is left of a lease is measured by
 * the steady clock if the file is of the same boot, else by the wall clock. now
 * may be NULL, for callers that want the times as they are in the file.
 *
 * A file larger than CONF_CHECKPOINT_MAX, with a line longer than any that we
 * write, or with another kind of line is damaged; no more of it is read.
 *
 * Adds the open sessions and the removals to those of the caller. Fills *pos:
 * owned by the caller, each cleared with logpos_clear(), the list with free().
 *
 * Returns
 *   1: read;
 *   2: read, but the file is of another boot and later than the clock, so no
 *      time in it can be believed and nothing was granted;
 *   0: there is no such file;
 *  -1: err: the file is damaged or cannot be trusted; nothing was granted.
 */
struct checkpoint_login {
	const struct addr *addr;
	const char *user; /* NULL: not known */
	size_t user_len;
	time_t when;
	time_t expires, held; /* granted and held until then, by today's wall
			       * clock */
	const char *rule; /* as in struct authtab_row */
	bool remote;	  /* reported by another host */
};
typedef void checkpoint_grant_fn(void *arg, const struct checkpoint_login *);
int checkpoint_load(const char *path, const struct checkpoint_clock *now,
    checkpoint_grant_fn *, void *arg, struct checkpoint_also *,
    struct logpos **pos, size_t *npos,
    struct err *);

#endif
