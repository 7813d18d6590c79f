/*
 * helper: the process that runs Postfix's commands for the sandboxed worker,
 * which may no longer start processes: postconf(1) for mynetworks and map
 * types, postmap(1) for a table in mynetworks.
 *
 * The helper reads no log, and runs only these three commands: an address is
 * parsed before it becomes an argument, and a table must be one that mynetworks
 * named. It ends when both keeper and worker have ended. If they were killed,
 * it is the last process left, and clears the maps.
 *
 * Its parent is a guardian (daemon/sys/guardian.h), which starts the helper
 * again when that has died: neither the worker nor the keeper could, once they
 * are in the sandbox. The guardian has the same socket, so a request that the
 * dead helper has not taken waits for the next one.
 */
#ifndef DAEMON_SYS_HELPER_H
#define DAEMON_SYS_HELPER_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct guardian;
struct helper;

/* Called in the helper when keeper and worker have both ended. */
typedef void helper_left_fn(void *arg);

/* Starts the helper; background: see guardian_start(). NULL: see err. Does not
 * return in the helper itself. */
struct helper *helper_start(helper_left_fn *left, void *arg, bool background,
			    struct err *);
void helper_stop(struct helper **); /* in the keeper */
/* Valid until helper_stop(). */
struct guardian *helper_guardian(const struct helper *);
/* In a new worker: allows helper_run(). The keeper itself, which shares the
 * socket, never calls this, since it must not wait. Late answers to the worker
 * before this one are ignored. */
void helper_enable(struct helper *);

/* Called while helper_run() waits and fd is readable. False: never again. */
typedef bool helper_idle_fn(void *arg);
void helper_set_idle(struct helper *, int fd, helper_idle_fn *, void *arg);

/* As subprocess_run(), in the helper; without a helper (NULL), in this process.
 * -1 in the keeper. */
int helper_run(struct helper *, const char *const *argv, int timeout_ms,
	       char **output, struct err *);

/* Whether text, as Postfix's commands print it, has that word. */
bool helper_has_word(const char *text, const char *word);

#endif
