/*
 * seccomp: restricts which system calls a process and its children may use, by
 * libseccomp; see seccomp(2).
 *
 * A call that neither process ever makes on purpose, such as execve(2), kills
 * it, and the keeper then clears the maps and logs that. Any other call that is
 * not on the list fails with EPERM, so that a new C library that uses one does
 * not stop the mail.
 */
#ifndef DAEMON_SANDBOX_SECCOMP_H
#define DAEMON_SANDBOX_SECCOMP_H

#include <stdbool.h>

struct err;

struct seccomp_plan {
	bool keeper;  /* may change files, and start and signal processes */
	bool link;    /* may connect, but is no keeper and no worker */
	bool syslog;  /* a worker may connect to syslogd again */
	bool journal; /* a worker may read the journal */
	bool inet;    /* the keeper's workers may listen on TCP */
};

bool seccomp_is_available(void);
int seccomp_restrict(const struct seccomp_plan *, struct err *); /* 0, -1 */

#endif
