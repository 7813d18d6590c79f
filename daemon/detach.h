/*
 * detach: into the background, while the command that was typed waits until
 * that has succeeded.
 */
#ifndef DAEMON_DETACH_H
#define DAEMON_DETACH_H

#include <stddef.h>

struct err;

/*
 * Returns 1 in the background, a session of its own, with *command to be given
 * to detach_done(); 0 in the command, when that has been called or the
 * background has died: exit with *code; -1: err.
 */
int detach(int *command, int *code, struct err *);

/* Standard input, output and error become `null`, which is closed then: to be
 * opened by detach_null() while files may still be. */
int detach_null(void);
void detach_leave(int null);

/* Lets the command return with code, and lets go of the terminal. *command is
 * -1 then; it may be -1 before: nothing happens. */
void detach_done(int *command, int code);

/* In a child: all descriptors but the three that everybody has, and these; -1 is
 * none. Locks and maps above all: a lock that a child still held would outlive
 * its owner. */
void detach_close_others(const int *kept, size_t nkept);

#endif
