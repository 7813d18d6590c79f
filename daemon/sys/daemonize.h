/*
 * daemonize: into the background, while the command that was typed waits until
 * that has succeeded.
 */
#ifndef DAEMON_SYS_DAEMONIZE_H
#define DAEMON_SYS_DAEMONIZE_H

#include <stddef.h>

struct err;

/*
 * Returns 1 in the background, a session of its own, with *command to be given
 * to daemonize_done(); 0 in the command, when that has been called or the
 * background has died: exit with *code; -1: err.
 */
int daemonize(int *command, int *code, struct err *);

/* Standard input, output and error become `null`, which is closed then: to be
 * opened by daemonize_null() while files may still be. */
int daemonize_null(void);
void daemonize_leave(int null);

/* Lets the command return with code, and lets go of the terminal. *command is
 * -1 then; it may be -1 before: nothing happens. */
void daemonize_done(int *command, int code);

/* In a child: all descriptors but the three that everybody has, and these; -1 is
 * none. Locks and maps above all: a lock that a child still held would outlive
 * its owner. */
void daemonize_close_others(const int *kept, size_t nkept);

#endif
