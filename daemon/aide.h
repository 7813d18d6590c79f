/*
 * aide: the process that asks Postfix for those who may start no other any more:
 * postconf(1) for mynetworks and map types, postmap(1) for a table in mynetworks.
 *
 * It reads no log, and runs these three commands and nothing else: an address is
 * parsed before it becomes an argument, and a table is one that mynetworks
 * named. It ends with the keeper and the worker, and has the last word when those
 * were killed: it clears the maps.
 */
#ifndef DAEMON_AIDE_H
#define DAEMON_AIDE_H

#include <stdbool.h>
#include <stddef.h>

struct aide;
struct err;

/* In the aide, when nobody is left who could ask it. */
typedef void aide_left_fn(void *arg);

/* Starts it. NULL: err. In the aide itself this does not return. */
struct aide *aide_start(aide_left_fn *left, void *arg, struct err *);
void aide_stop(struct aide **); /* in the keeper */
/* Whether it is dead, and was not before: it cannot be started again. */
bool aide_died(struct aide *);
int aide_descriptor(const struct aide *); /* for who closes all others */
/* In a worker: it asks from now on. The keeper itself never does: it shares the
 * socket, and waits for nobody. Answers to the worker before this one are not
 * taken for its own. */
void aide_hand_over(struct aide *);

/* While an answer is waited for: called when fd is readable; false = no more. */
typedef bool aide_idle_fn(void *arg);
void aide_set_idle(struct aide *, int fd, aide_idle_fn *, void *arg);

/* As command_run(); without an aide the same; -1 in the keeper. */
int aide_run(struct aide *, const char *const *argv, int timeout_ms,
    char **output, struct err *);

/* Whether it would run this: for the test. answers: what postconf has said. */
bool aide_permits(const char *const *argv, const char *answers);

#endif
