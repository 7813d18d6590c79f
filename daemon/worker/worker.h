/*
 * worker: the daemon at work: everything that is open while it runs, opened
 * in one order and closed in the reverse.
 */
#ifndef DAEMON_WORKER_WORKER_H
#define DAEMON_WORKER_WORKER_H

struct conf;
struct err;
struct handover;
struct helper;
struct worker;

/* How a reload gets the configuration anew: 0 and *conf filled, or -1. */
typedef int worker_conf_fn(void *arg, struct helper *, struct conf *conf,
    struct err *);

/*
 * Opens maps, rules, checkpoint and logs; nothing is read yet. conf is the
 * service's from now on. handover: what a keeper gave us, which then holds the
 * maps and writes the checkpoint; NULL = we are alone, and do it ourselves. NULL:
 * err says why, *code is the exit code for it.
 */
struct worker *worker_open(struct conf *conf, worker_conf_fn *, void *arg,
    const struct handover *, int *code, struct err *);

/* Reads what is there, publishes, says READY=1, follows until it is told to
 * stop. The exit code. */
int worker_run(struct worker *);

/* Saves the checkpoint, empties the maps (not after --once), closes all. */
void worker_close(struct worker **);

#endif
