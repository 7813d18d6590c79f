/*
 * syscalls: which system calls a process, and all that it starts, may use from
 * now on: seccomp(2), by libseccomp.
 *
 * What neither process ever does on purpose, such as to execute a program, ends
 * it at once: the keeper then clears the maps and says so. Any other call that
 * is not on the list fails with EPERM, so that a new C library does not stop the
 * mail at night.
 */
#ifndef DAEMON_SYSCALLS_H
#define DAEMON_SYSCALLS_H

#include <stdbool.h>

struct err;

struct syscalls_plan {
	bool keeper; /* may change files, and start and signal processes */
	bool syslog; /* the worker's, which finds syslogd again by itself */
	bool journal; /* the worker's, which reads it */
	bool inet;   /* the keeper's: a worker may listen on TCP */
};

bool syscalls_available(void);
int syscalls_restrict(const struct syscalls_plan *, struct err *); /* 0, -1 */

#endif
