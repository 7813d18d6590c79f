/*
 * remote: the worker's end of the pair: maps that are the keeper's, a file that
 * the keeper writes, and the proof of life that the keeper asks for.
 *
 * A map of the keeper's looks like any other to publish. Each request waits for
 * the keeper's answer; a ping that comes meanwhile is answered at once.
 */
#ifndef DAEMON_REMOTE_H
#define DAEMON_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct addr;
struct err;
struct loop;
struct map;
struct remote;

/* What the keeper wants of the worker. */
struct remote_ops {
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
struct remote *remote_new(int end);
void remote_free(struct remote **);

/* A stand-in for the keeper's map number `index`. */
struct map *remote_map(struct remote *, size_t index, const struct map *);

/* Serves the keeper from now on. base_ms: what is to be taken from the expiries
 * of rows (in seconds) to get steady milliseconds. 0, or -1. */
int remote_attach(struct remote *, struct loop *, int64_t base_ms,
    const struct remote_ops *, struct err *);
/* Before the loop goes; remote_free() does it, too. */
void remote_detach(struct remote *);

/* For who waits for something else: the keeper is served when the descriptor is
 * readable. false: it is gone. arg is the remote. */
int remote_descriptor(const struct remote *);
bool remote_serve(void *arg);

/* The maps are written. */
void remote_ready(struct remote *);

/* What became of the configuration that was to be read again. */
void remote_reloaded(struct remote *, bool taken);

/* What is written to the file becomes the checkpoint with remote_save_end(),
 * which closes it: 0, or -1. */
FILE *remote_save_begin(struct remote *);
int remote_save_end(struct remote *, FILE *, struct err *);

/* The log of our own that the keeper has opened anew, for the one who asks; -1 =
 * there is none. */
int remote_take_log(struct remote *);

#endif
