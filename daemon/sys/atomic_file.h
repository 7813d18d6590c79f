/*
 * atomic_file: replaces a file as a whole. Writes a temporary file, syncs it,
 * renames it and syncs the directory.
 */
#ifndef DAEMON_SYS_ATOMIC_FILE_H
#define DAEMON_SYS_ATOMIC_FILE_H

#include <stdio.h>

struct atomic_file;
struct err;

/* Creates "path.tmp", mode 0600, and begins to write. NULL: see err. */
struct atomic_file *atomic_file_create(const char *path, struct err *);
/* The same for a file that anybody may read, mode 0644, and that is soon written
 * again: it is not synced. */
struct atomic_file *atomic_file_create_public(const char *path, struct err *);
FILE *atomic_file_stream(struct atomic_file *); /* to write to */
/* Writes to the disk what the stream was given so far, which makes the commit
 * faster. Another thread may do so. What fails is reported by the commit. */
void atomic_file_sync(struct atomic_file *);
/* Puts what was written in place of the file. -1: see err; the old file stays,
 * unless only syncing the directory failed. */
int atomic_file_commit(struct atomic_file **, struct err *);
/* Removes the temporary file; the old file stays. */
void atomic_file_discard(struct atomic_file **);

#endif
