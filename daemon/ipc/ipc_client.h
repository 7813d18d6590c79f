/*
 * ipc_client: the worker's connection to the keeper. Through it the worker
 * writes the keeper's maps and the checkpoint, and answers the keeper's PINGs.
 *
 * A map of the keeper's looks like any other to publish. Each request waits for
 * the keeper's ANSWER; a PING that arrives meanwhile is answered at once.
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
struct ipc_counts;

/* What the keeper may want of the worker. */
struct ipc_client_ops {
	/* Whether addr is authorized, and if so, since which login and until
	 * when, on the clock of the maps' rows. */
	bool (*find)(void *arg, const struct addr *, time_t *when,
	    int64_t *expires);
	/* The configuration is to be read again. */
	void (*reload)(void *arg);
	/* The keeper has asked whether we are alive, and wants to hear it again
	 * every beat_ms milliseconds without asking; 0: no more. Must not make
	 * a request. */
	void (*pinged)(void *arg, int beat_ms);
	/* The keeper is gone: every request fails from now on. */
	void (*lost)(void *arg);
	void *arg;
};

/* Takes over fd. */
struct ipc_client *ipc_client_new(int fd);
void ipc_client_free(struct ipc_client **);

/* A proxy for the keeper's map number `index`. */
struct map *ipc_client_map(struct ipc_client *, size_t index,
    const struct map *);

/* Handles the keeper's messages in the loop from now on. base_ms: what to
 * subtract from the expiry of a row, in milliseconds, so that it is one of the
 * steady clock. 0, or -1. */
int ipc_client_attach(struct ipc_client *, struct loop *, int64_t base_ms,
    const struct ipc_client_ops *, struct err *);
/* Must precede loop_free(). */
void ipc_client_detach(struct ipc_client *);

/* For a caller that waits outside the loop: while it waits, it calls
 * ipc_client_serve() whenever the descriptor is readable. False: the keeper is
 * gone. arg is the client. */
int ipc_client_descriptor(const struct ipc_client *);
bool ipc_client_serve(void *arg);

/* Tells the keeper that we are alive. Must not be called while a request waits
 * for its ANSWER. */
void ipc_client_beat(struct ipc_client *);

/* Tells the keeper that the maps have been written for the first time. */
void ipc_client_ready(struct ipc_client *);

/* Tells it whether the configuration that was read again is in use. */
void ipc_client_reloaded(struct ipc_client *, bool taken);

/* What the keeper has counted; all 0 if it is gone. */
struct ipc_counts ipc_client_counts(struct ipc_client *);

/* A stream for the next checkpoint, or the next file of metrics.
 * ipc_client_save_end() closes it and has the keeper save what was written: 0;
 * -1: the old checkpoint is still there. If the file of metrics cannot be
 * written, the keeper itself logs that. */
FILE *ipc_client_save_begin(struct ipc_client *);
FILE *ipc_client_metrics_begin(struct ipc_client *);
int ipc_client_save_end(struct ipc_client *, FILE *, struct err *);

/* The descriptor of the log that came with the last RELOAD, or -1. The caller
 * takes it over. */
int ipc_client_take_log(struct ipc_client *);

#endif
