/*
 * service: the daemon at work: everything that is open while it runs, opened
 * in one order and closed in the reverse.
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

struct conf;
struct err;
struct service;

/* How a reload gets the configuration anew: 0 and *conf filled, or -1. */
typedef int service_conf_fn(void *arg, struct conf *conf, struct err *);

/*
 * Opens maps, rules, checkpoint and logs; nothing is read yet. conf is the
 * service's from now on. ready_fd: gets one byte when the maps are written;
 * -1 = nobody waits. NULL: err says why, *code is the exit code for it.
 */
struct service *service_open(struct conf *conf, service_conf_fn *, void *arg,
    int ready_fd, int *code, struct err *);

/* Reads what is there, publishes, says READY=1, follows until it is told to
 * stop. The exit code. */
int service_run(struct service *);

/* Saves the checkpoint, empties the maps (not after --once), closes all. */
void service_close(struct service **);

#endif
