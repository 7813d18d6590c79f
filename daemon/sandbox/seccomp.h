/*
 * seccomp: which system calls a process, and all that it starts, may use from
 * now on: seccomp(2), by libseccomp.
 *
 * What neither process ever does on purpose, such as to execute a program, ends
 * it at once: the keeper then clears the maps and says so. Any other call that
 * is not on the list fails with EPERM, so that a new C library does not stop the
 * mail at night.
 */
#ifndef DAEMON_SANDBOX_SECCOMP_H
#define DAEMON_SANDBOX_SECCOMP_H

#include <stdbool.h>

struct err;

struct seccomp_plan {
	bool keeper; /* may change files, and start and signal processes */
	bool syslog; /* the worker's, which finds syslogd again by itself */
	bool journal; /* the worker's, which reads it */
	bool inet;   /* the keeper's: a worker may listen on TCP */
};

bool seccomp_is_available(void);
int seccomp_restrict(const struct seccomp_plan *, struct err *); /* 0, -1 */

#endif
