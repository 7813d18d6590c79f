/*
 * rotation: the files that one log is spread over, oldest first.
 *
 * For FILE: FILE.2.gz, FILE.1, FILE; or FILE-20261120.gz, FILE-20261121, FILE;
 * also with the mark before the extension (mail-20261121.log), and beside the
 * target when FILE is a symbolic link. For a name with '*': all that match; by
 * the dates in their names where they differ in nothing else, by time of change
 * otherwise.
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
	bool live; /* the log itself, or with '*' any that may be it */
};

struct rotation {
	struct rotated *list;
	size_t count;
	char *unreadable; /* a rotated file in a compression we do not know */
};

/*
 * Fills it; the live file, if there is one, stands last. stray: NULL, or a
 * place whose inode is looked for under any name in the same directories.
 */
void rotation_list(struct rotation *, const char *spec,
    const struct logpos *stray);
void rotation_clear(struct rotation *);

/* The index of the file that holds the place, or -1. device and inode say
 * where to look first. */
ssize_t rotation_find(const struct rotation *, const struct fingerprint *,
    uint64_t device, uint64_t inode);
ssize_t rotation_find_inode(const struct rotation *, uint64_t device,
    uint64_t inode);

/* Below, equal to or above 0, as strcmp(3). */
int rotation_compare_times(struct timespec, struct timespec);

bool rotation_is_pattern(const char *spec); /* has a '*' in its last part */

/* Whether a file of that name (no directory) is one of the log `base`; with a
 * '*' in base, whether it matches. For tests, and for directory events. */
bool rotation_is_sibling(const char *base, const char *name);

#endif
