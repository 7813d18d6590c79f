/*
 * helper: the process that asks Postfix for those who may start no other any more:
 * postconf(1) for mynetworks and map types, postmap(1) for a table in mynetworks.
 *
 * It reads no log, and runs these three commands and nothing else: an address is
 * parsed before it becomes an argument, and a table is one that mynetworks
 * named. It ends with the keeper and the worker, and has the last word when those
 * were killed: it clears the maps.
 */
#ifndef DAEMON_SYS_HELPER_H
#define DAEMON_SYS_HELPER_H

#include <stdbool.h>
#include <stddef.h>

struct helper;
struct err;

/* In the helper, when nobody is left who could ask it. */
typedef void helper_left_fn(void *arg);

/* Starts it. NULL: err. In the helper itself this does not return. */
struct helper *helper_start(helper_left_fn *left, void *arg, struct err *);
void helper_stop(struct helper **); /* in the keeper */
/* Whether it is dead, and was not before: it cannot be started again. */
bool helper_died(struct helper *);
int helper_descriptor(const struct helper *); /* for who closes all others */
/* In a worker: it asks from now on. The keeper itself never does: it shares the
 * socket, and waits for nobody. Answers to the worker before this one are not
 * taken for its own. */
void helper_hand_over(struct helper *);

/* While an answer is waited for: called when fd is readable; false = no more. */
typedef bool helper_idle_fn(void *arg);
void helper_set_idle(struct helper *, int fd, helper_idle_fn *, void *arg);

/* As subprocess_run(); without a helper the same; -1 in the keeper. */
int helper_run(struct helper *, const char *const *argv, int timeout_ms,
    char **output, struct err *);

/* Whether it would run this: for the test. answers: what postconf has said. */
bool helper_permits(const char *const *argv, const char *answers);

#endif
