/*
 * worker: the process that reads the logs. It holds everything that is open
 * while it runs, opened in one order and closed in the reverse.
 */
#ifndef DAEMON_WORKER_WORKER_H
#define DAEMON_WORKER_WORKER_H

struct conf;
struct err;
struct handover;
struct helper;
struct worker;

/* Reads the configuration again for a reload: 0 and *conf filled, or -1. */
typedef int worker_conf_fn(void *arg, struct helper *, struct conf *conf,
    struct err *);

/*
 * Opens maps, rules, checkpoint and logs; nothing of the logs is read yet.
 * conf is borrowed; a reload changes it. With a handover, the keeper that made
 * it owns the maps and writes the checkpoint; without (NULL), this process
 * does both. NULL: err has the reason and *code the exit code for it.
 */
struct worker *worker_open(struct conf *conf, worker_conf_fn *, void *arg,
    const struct handover *, int *code, struct err *);

/* Reads what the logs hold, publishes it, announces READY=1 and follows the
 * logs until a signal stops it. Returns the exit code. */
int worker_run(struct worker *);

/* Saves the checkpoint, empties the maps (not after --once), closes all. */
void worker_close(struct worker **);

#endif
