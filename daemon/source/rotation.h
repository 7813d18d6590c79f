/*
 * rotation: lists the files of one log, oldest first.
 *
 * For FILE these are FILE.2.gz, FILE.1, FILE; or FILE-20261120.gz,
 * FILE-20261121, FILE; or FILE-2026-W47, FILE-2026-W48, FILE. The mark may also
 * be before the extension, as in mail-20261121.log, or one may be added, as in
 * mail.log.1.txt. If FILE is a symbolic link, the directory of its target is
 * listed, too. For a name with '*' these are all files that match it, ordered
 * by the dates in their names if the names differ in nothing else, then by the
 * numbers that a rotation has added to a dated name, otherwise by time of
 * change.
 */
#ifndef DAEMON_SOURCE_ROTATION_H
#define DAEMON_SOURCE_ROTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "base/fingerprint.h"

struct logpos;

struct rotated {
	char *path;
	uint64_t device, inode;
	struct timespec mtime;
	bool live; /* the log itself; with '*' any file that may be it */
	/* The same number for a link that matches a pattern and for the rotated
	 * files of its target; 0: neither. */
	unsigned int link;
};

struct rotation {
	struct rotated *list;
	size_t count;
	char *unreadable; /* a file whose compression we cannot read; or NULL */
};

/*
 * Lists the files. The live file, if there is one, comes last. lost: NULL, or a
 * position whose file is also looked for, under any name: first in the same
 * directories, then in those beside the log or beside its directory, where
 * logrotate(8)'s olddir may be. If it is in one of the latter, all rotated
 * files there are listed, too, and what has the log's own name there. If
 * nothing had been read of the file, its inode identifies it; in those other
 * directories, it must then have the name of a rotated file of this log, and no
 * file may have the log's own name.
 */
void rotation_list(struct rotation *, const char *spec,
		   const struct logpos *lost);
/* Whether the same files still have the same names. */
bool rotation_is_current(const struct rotation *, const char *spec,
			 const struct logpos *lost);
void rotation_clear(struct rotation *);

/* The index of the file of that fingerprint, or -1. device and inode name the
 * file to try first. */
ssize_t rotation_find(const struct rotation *, const struct fingerprint *,
		      uint64_t device, uint64_t inode);
ssize_t rotation_find_inode(const struct rotation *, uint64_t device,
			    uint64_t inode);

/* Why no file of that name can be the log. Borrowed until the next
 * strerror(3). */
const char *rotation_why_missing(const char *spec);

/* Whether the last component of the path has a '*'. */
bool rotation_is_pattern(const char *spec);

#endif
