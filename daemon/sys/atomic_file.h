/*
 * atomic_file: a file that is replaced as a whole: written aside, synced, renamed,
 * and the directory synced, too.
 */
#ifndef DAEMON_SYS_ATOMIC_FILE_H
#define DAEMON_SYS_ATOMIC_FILE_H

#include <stdio.h>

struct err;
struct atomic_file;

/* Begins path anew, aside, mode 0600. NULL: err. */
struct atomic_file *atomic_file_create(const char *path, struct err *);
FILE *atomic_file(struct atomic_file *); /* to write to */
/* What was written is the file now. 0; -1: err, the old one stays. */
int atomic_file_commit(struct atomic_file **, struct err *);
void atomic_file_give_up(struct atomic_file **);

#endif
