/*
 * keeper: the process that owns the maps, and watches over the one that reads
 * the logs.
 *
 * The worker reads what strangers write; the keeper does not. It takes rows from
 * the worker over a pair of sockets, checks each (daemon/keeper/map_store.h), writes the
 * maps and the checkpoint, takes out what has expired by its own clock, talks to
 * the service manager, and passes signals on. A worker that is dead, talks
 * nonsense, or is silent while the maps hold anybody (daemon/keeper/heartbeat.h) is ended;
 * the maps are cleared at once, and another is started after 1, 2, 4 ... 60
 * seconds. The keeper reads no log and asks nobody, so that nothing can take it
 * along.
 *
 * The worker ends with the keeper, whatever ends that.
 */
#ifndef DAEMON_KEEPER_KEEPER_H
#define DAEMON_KEEPER_KEEPER_H

#include <stddef.h>
#include <sys/types.h>

struct conf;
struct err;
struct helper;
struct map;
struct ipc_client;

/* What a worker is given. All of it lasts as long as the process. */
struct handover {
	struct ipc_client *remote;	/* to the keeper */
	struct map *const *maps; /* as conf->maps; NULL: not the keeper's */
	int control;		/* listening; -1 = none */
	struct helper *helper;	/* runs postconf(1) and postmap(1) */
	pid_t keeper;		/* who the daemon is to everybody else */
	void *inherited;	/* the keeper's memory, not to be touched */
};

/* Reads the configuration again: 0 and *conf filled, or -1. */
typedef int keeper_conf_fn(void *arg, struct helper *, struct conf *conf,
    struct err *);

/*
 * Takes locks, opens maps and control socket as conf->user, starts the worker;
 * with conf->pidfile in the background. conf stays the keeper's, and each
 * worker's own copy of it is the last that a worker could use; what a SIGHUP
 * finds while there is none, the next one tries. Returns
 *   1 in each worker: it does the work, and ends the process;
 *   0 in the command that was typed and in the keeper, when all is over: exit
 *     with *code;
 *  -1 err: nothing was started; exit with *code.
 * Until the first worker is ready standard error is the terminal's; if that one
 * fails, all ends with its exit code.
 */
int keeper_run(struct conf *, keeper_conf_fn *, void *arg, struct handover *,
    int *code, struct err *);

#endif
