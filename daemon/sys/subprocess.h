/*
 * subprocess: asks another program, without a shell, for a short answer and
 * within a short time.
 */
#ifndef DAEMON_SYS_SUBPROCESS_H
#define DAEMON_SYS_SUBPROCESS_H

#include <stddef.h>

struct err;

enum { SUBPROCESS_OUTPUT_MAX = 1024 * 1024 };

/*
 * Runs argv[0], looked for in PATH and then in the sbin directories (a
 * daemon's PATH often lacks them), standard input at /dev/null. Returns its exit
 * code, and in output what it said: if that is 0 all of its standard output, else
 * the last line of its standard error (NUL-terminated, the caller frees it); -1:
 * not installed, killed, out of time, or too much to say; err has that line, too.
 */
int subprocess_run(const char *const *argv, int timeout_ms, char **output,
    struct err *);

#endif
