/*
 * keeper: the process that owns the maps and supervises the worker.
 *
 * The worker reads text that strangers write; the keeper does not. It receives
 * rows from the worker over a pair of sockets, checks each of them
 * (daemon/keeper/map_store.h), writes the maps and the checkpoint, removes what
 * has expired by its own clock, answers the service manager, and passes signals
 * on. It kills a worker that sends malformed messages, or that is silent while
 * the maps hold addresses (daemon/keeper/heartbeat.h). When a worker has died,
 * the keeper clears the maps at once and starts another after 1, 2, 4 ... 60
 * seconds. It reads no log and waits for no other process, so nothing that
 * stops the worker can stop it too.
 *
 * The worker dies with the keeper, however that ends.
 */
#ifndef DAEMON_KEEPER_KEEPER_H
#define DAEMON_KEEPER_KEEPER_H

struct conf;
struct err;
struct handover;
struct helper;

/* Reads the configuration again: 0 and *conf filled, or -1. */
typedef int keeper_conf_fn(void *arg, struct helper *, struct conf *conf,
    struct err *);

/*
 * Becomes conf->user, takes the locks, opens the maps and the control socket,
 * and starts the worker. With conf->pidfile, this happens in the background.
 *
 * The keeper goes on using conf. Each worker gets a copy of the newest
 * configuration: of the last one that a worker accepted, or of a later one that
 * SIGHUP has read and that no worker has tried yet. Returns
 *   1 in each worker, which does the work and ends the process;
 *   0 in the process that was started and in the keeper, when the daemon has
 *     ended: exit with *code;
 *  -1 if nothing was started: err has the reason; exit with *code.
 *
 * Errors appear on the terminal until the first worker is ready. If that worker
 * fails, the keeper ends with the worker's exit code.
 */
int keeper_run(struct conf *, keeper_conf_fn *, void *arg, struct handover *,
    int *code, struct err *);

#endif
