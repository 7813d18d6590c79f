/*
 * stored: a file that is replaced as a whole: written aside, synced, renamed,
 * and the directory synced, too.
 */
#ifndef DAEMON_STORED_H
#define DAEMON_STORED_H

#include <stdio.h>

struct err;
struct stored;

/* Begins path anew, aside, mode 0600. NULL: err. */
struct stored *stored_create(const char *path, struct err *);
FILE *stored_file(struct stored *); /* to write to */
/* What was written is the file now. 0; -1: err, the old one stays. */
int stored_commit(struct stored **, struct err *);
void stored_give_up(struct stored **);

#endif
