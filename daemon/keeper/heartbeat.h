/*
 * heartbeat: whether the worker still lives, by the keeper's own waking time. Pure:
 * now is an argument, steady milliseconds.
 *
 * A worker that has spoken is alive. One that has not is asked now and then:
 * often while the maps hold anybody, rarely while they do not, so that an idle
 * machine is left alone. Silence counts only as far as the keeper was awake to
 * hear it: after a suspend, while it writes a large map, or on a machine so busy
 * that the keeper itself wakes late, it does not grow.
 */
#ifndef DAEMON_KEEPER_HEARTBEAT_H
#define DAEMON_KEEPER_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HEARTBEAT_MS = 1500,	/* from its last word to the question */
	HEARTBEAT_IDLE_MS = 60000,	/* the same while nobody is authorized */
	HEARTBEAT_PATIENCE_MS = 3000, /* with both: maps are cleared within 5 s */
	HEARTBEAT_BUSY_MS = 20000,	/* after a reload was asked for */
	HEARTBEAT_START_MS = 300000, /* until it is ready */
	HEARTBEAT_TICK_MS = 500,	/* how often one is looked at that was asked */
};

enum heartbeat_verdict { HEARTBEAT_WAIT, HEARTBEAT_ASK, HEARTBEAT_DEAD };

struct heartbeat {
	int64_t looked;	 /* last time */
	int64_t meant;	 /* to sleep since */
	int64_t ask_at;
	int64_t silent;	 /* since it was asked */
	int64_t patience;
	bool asked;
};

/* A worker begins. */
void heartbeat_begin(struct heartbeat *, int64_t now);
/* It said something. */
void heartbeat_heard(struct heartbeat *, int64_t now, bool holds);
/* It has been asked for something that may take long; until it speaks. */
void heartbeat_excuse(struct heartbeat *, int64_t patience);
/* It was asked, outside of what heartbeat_look() said. */
void heartbeat_asked(struct heartbeat *, int64_t now);

/* What is to be done now. *wait_ms: when to look again. HEARTBEAT_ASK: it counts as
 * asked now. */
enum heartbeat_verdict heartbeat_look(struct heartbeat *, int64_t now, int64_t *wait_ms);

#endif
