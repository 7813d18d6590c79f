/*
 * guardian: a process that does nothing but restart another one when it dies.
 * If the guardian is killed instead, the other process can take its place and
 * fork a new one for its own work. So the work goes on, unless both are killed
 * at the same moment.
 *
 * This is for a process that does what the sandbox forbids all others, so that
 * none of them could start it again. The keeper starts the guardian before it
 * goes into the sandbox itself, and learns of each death. When the keeper has
 * ended, the guardian ends, too, whether or not the other process is alive.
 */
#ifndef DAEMON_SYS_GUARDIAN_H
#define DAEMON_SYS_GUARDIAN_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct guarded;
struct guardian; /* as the keeper knows it */

/* The exit code of a process that asks for another in its place: nothing of
 * that is reported. */
enum { GUARDIAN_RENEW = 100 };

/* The work. Returns the exit code of the process: with EX_OK the guardian ends,
 * too; with any other, for a reason that has been logged, another process is
 * started. */
typedef int guarded_fn(struct guarded *, void *arg);

/* What is to be started; borrowed, as is everything that it points to. */
struct guardian_task {
	const char *name;  /* for the log: "the helper" */
	const char *title; /* prctl(2)'s PR_SET_NAME */
	const char *loss;  /* logged when nothing can start it any more */
	guarded_fn *run;
	/* A process that dies is replaced after 1, 2, 4 ... s, but no more than
	 * this; one that has lived that long, at once. 0: 1000. */
	int pause_max_ms;
	/* It has something to do when the keeper has ended: if it is dead then,
	 * it is started once more. */
	bool is_last;
};

/* ---- in the process that works ---- */

struct guarded {
	const struct guardian_task *task;
	int end;     /* of the socket to its clients */
	int notices; /* the pipe to the keeper; -1 when closed */
	int lost;    /* readable when the guardian has died */
};

/*
 * When `lost' has become readable: this process becomes the guardian, and the
 * call returns in a child of it, with another `lost'. A process that never
 * calls this closes `notices', so that the keeper hears of the death of the
 * guardian.
 */
void guardian_replace(struct guarded *);

/* ---- in the keeper ---- */

/* Forks the guardian, which has a socket to the keeper and none of the keeper's
 * other descriptors, nor, in the background, its standard streams, which
 * otherwise may be the log. arg is for the work. NULL: see err. Does not return
 * in other processes. */
struct guardian *guardian_start(const struct guardian_task *, void *arg,
				bool background, struct err *);
void guardian_stop(struct guardian **);
/* After SIGCHLD. */
void guardian_reap(struct guardian *);
/* The other end of the socket. */
int guardian_descriptor(const struct guardian *);
/* Readable when the process that works or its guardian has died. */
int guardian_notices(const struct guardian *);
/* Logs which of them has died. False: nothing is left that could start the
 * process again, and nothing more will come; logged, too. */
bool guardian_log_notices(struct guardian *);

#endif
