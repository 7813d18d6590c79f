/*
 * ipc_client: the worker's end of the pair: maps that are the keeper's, a file that
 * the keeper writes, and the proof of life that the keeper asks for.
 *
 * A map of the keeper's looks like any other to publish. Each request waits for
 * the keeper's answer; a ping that comes meanwhile is answered at once.
 */
#ifndef DAEMON_IPC_IPC_CLIENT_H
#define DAEMON_IPC_IPC_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct addr;
struct err;
struct loop;
struct map;
struct ipc_client;

/* What the keeper wants of the worker. */
struct ipc_client_ops {
	/* Whether addr is authorized; then its login, and when it expires, on
	 * the clock of the maps' rows. */
	bool (*find)(void *arg, const struct addr *, time_t *when,
	    int64_t *expires);
	/* The configuration is to be read again. */
	void (*reload)(void *arg);
	/* The keeper is gone: nothing can be done any more. */
	void (*lost)(void *arg);
	void *arg;
};

/* end is the remote's from now on. */
struct ipc_client *ipc_client_new(int end);
void ipc_client_free(struct ipc_client **);

/* A stand-in for the keeper's map number `index`. */
struct map *ipc_client_map(struct ipc_client *, size_t index, const struct map *);

/* Serves the keeper from now on. base_ms: what is to be taken from the expiries
 * of rows (in seconds) to get steady milliseconds. 0, or -1. */
int ipc_client_attach(struct ipc_client *, struct loop *, int64_t base_ms,
    const struct ipc_client_ops *, struct err *);
/* Before the loop goes; ipc_client_free() does it, too. */
void ipc_client_detach(struct ipc_client *);

/* For who waits for something else: the keeper is served when the descriptor is
 * readable. false: it is gone. arg is the remote. */
int ipc_client_descriptor(const struct ipc_client *);
bool ipc_client_serve(void *arg);

/* The maps are written. */
void ipc_client_ready(struct ipc_client *);

/* What became of the configuration that was to be read again. */
void ipc_client_reloaded(struct ipc_client *, bool taken);

/* What is written to the file becomes the checkpoint with ipc_client_save_end(),
 * which closes it: 0, or -1. */
FILE *ipc_client_save_begin(struct ipc_client *);
int ipc_client_save_end(struct ipc_client *, FILE *, struct err *);

/* The log of our own that the keeper has opened anew, for the one who asks; -1 =
 * there is none. */
int ipc_client_take_log(struct ipc_client *);

#endif
