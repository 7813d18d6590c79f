/*
 * subprocess: runs another program, without a shell, that should give a short
 * answer within a short time.
 */
#ifndef DAEMON_SYS_SUBPROCESS_H
#define DAEMON_SYS_SUBPROCESS_H

#include <stddef.h>

struct err;

enum { SUBPROCESS_OUTPUT_MAX = 1024 * 1024 };

/*
 * Runs argv[0] with standard input from /dev/null. Looks for it in PATH and
 * then in the sbin directories, which the PATH of a daemon often lacks. Returns
 * its exit code. output, which the caller frees, is all of its standard output
 * if the code is 0, else the last line of its standard error. -1: it is not
 * installed, was killed, took too long, or printed too much; err includes that
 * line, too.
 */
int subprocess_run(const char *const *argv, int timeout_ms, char **output,
		   struct err *);

#endif
