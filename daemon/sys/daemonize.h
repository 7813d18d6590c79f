/*
 * daemonize: goes into the background, while the command that was typed waits
 * until the start has succeeded or failed.
 */
#ifndef DAEMON_SYS_DAEMONIZE_H
#define DAEMON_SYS_DAEMONIZE_H

#include <stddef.h>

struct err;

/*
 * Before all else: the signals of a daemon wait until a loop takes them, so that
 * one that comes during the start ends it in the usual way. A write beyond
 * RLIMIT_FSIZE becomes an error (EFBIG), and does not end the process.
 */
void daemonize_hold_signals(void);
/* For a command that prints and exits: signals count again. */
void daemonize_release_signals(void);

/*
 * Forks. Returns 1 in the background process, which has a session of its own
 * and passes *command to daemonize_done(). Returns 0 in the command, once that
 * has been called or the background process has died: exit with *code. If it was
 * to stop before anything was started, *code is EX_OK. -1: see err.
 */
int daemonize(int *command, int *code, struct err *);

/* Opens /dev/null, while files may still be opened. -1: it cannot be. */
int daemonize_open_null(void);
/* Makes `null` standard input, output and error, and closes it; -1: does
 * nothing. */
void daemonize_redirect(int null);

/* Lets the waiting command exit with code, leaves the terminal, and sets
 * *command to -1. Does nothing if it is -1 already. */
void daemonize_done(int *command, int code);

/* In a child: closes all descriptors except 0 to 2 and those in kept, where -1
 * is ignored. A lock that a child kept open would outlive its owner. */
void daemonize_close_others(const int *kept, size_t nkept);

#endif
