/*
 * guardian: a process that does nothing but start another one again when that
 * has died. If the guardian is killed instead, the other process takes its
 * place and forks a new one for its own work. So the work goes on, unless both
 * are killed at the same moment.
 *
 * This is for a process that does what the sandbox forbids all others, so that
 * none of them could start it again.
 */
#ifndef DAEMON_SYS_GUARDIAN_H
#define DAEMON_SYS_GUARDIAN_H

#include <stdbool.h>
#include <stddef.h>

struct guardian {
	const char *worker_title; /* prctl(2)'s PR_SET_NAME; both borrowed */
	const char *own_title;
	/* A pipe to the process that it works for, to write notices to.
	 * guardian_fork() does not close it. */
	int notices;
	/* A child that dies is replaced after 1, 2, 4 ... s, but no more than
	 * this; one that has lived for so long, at once. 0: 1000. */
	int pause_max_ms;
	/* In the process that works: readable when the guardian has died. */
	int lost;
};

/* What is written to the pipe of notices. */
struct guardian_notice {
	bool guardian; /* it is the guardian that had died */
	int status;    /* of waitpid(2); only of the process that works */
};

/*
 * Forks, and returns in the child, which does the work; set lost to -1 before
 * the first call. This process becomes the guardian: it forks another child
 * whenever one has died, and ends when a child has exited with code 0. When
 * `lost' has become readable in a child, the child calls this again, and goes
 * on as the child of that call.
 */
void guardian_fork(struct guardian *);

#endif
