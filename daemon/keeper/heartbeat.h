/*
 * heartbeat: whether the worker is alive, measured in time that the keeper was
 * awake. Pure: now is an argument, in steady milliseconds.
 *
 * A worker that has sent anything is alive. While the maps hold addresses, the
 * worker sends something every HEARTBEAT_BEAT_MS without being asked, once it
 * was told to, so that each of the two processes wakes only once for a sign of
 * life; the keeper asks only when that is late. While the maps are empty, it
 * asks rarely, so that an idle machine can sleep.
 *
 * Silence counts only while the keeper was awake to hear an answer, not during
 * a suspend, while it writes a large map, or while the machine is so busy that
 * the keeper itself wakes late.
 */
#ifndef DAEMON_KEEPER_HEARTBEAT_H
#define DAEMON_KEEPER_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HEARTBEAT_BEAT_MS = 2100,  /* of silence until the worker says so */
	HEARTBEAT_MS = 2500,	   /* the same until it is asked */
	HEARTBEAT_IDLE_MS = 60000, /* the same while the maps are empty */
	/* How long it may stay silent after it was asked before it counts as
	 * dead. With HEARTBEAT_MS: the maps are cleared within 5 s. */
	HEARTBEAT_PATIENCE_MS = 2000,
	/* The same after a RELOAD, and while the maps are empty. */
	HEARTBEAT_BUSY_MS = 20000,
	HEARTBEAT_START_MS = 300000, /* the same until it is ready */
	HEARTBEAT_TICK_MS = 500,     /* between looks while an answer is awaited */
};

enum heartbeat_verdict { HEARTBEAT_WAIT, HEARTBEAT_ASK, HEARTBEAT_DEAD };

struct heartbeat {
	int64_t looked;	  /* the time of the last look */
	int64_t meant;	  /* how long the keeper meant to sleep then */
	int64_t ask_at;	  /* the time to ask */
	int64_t silent;	  /* milliseconds since the worker was asked */
	int64_t patience; /* milliseconds of silence that are allowed */
	bool asked;
	bool holds; /* the maps may hold addresses */
	bool beats; /* the worker was told to send something unasked */
};

/* A worker has started. */
void heartbeat_begin(struct heartbeat *, int64_t now);
/* It has sent something. holds: the maps may hold addresses. */
void heartbeat_heard(struct heartbeat *, int64_t now, bool holds);
/* Until it sends something, it may be silent for patience milliseconds. */
void heartbeat_excuse(struct heartbeat *, int64_t patience);
/* It was asked, though heartbeat_look() did not call for it. */
void heartbeat_asked(struct heartbeat *, int64_t now);

/* What to do now; *wait_ms: when to look again. After HEARTBEAT_ASK the worker
 * counts as asked, and as told whether to go on unasked: see `beats'. */
enum heartbeat_verdict heartbeat_look(struct heartbeat *, int64_t now,
    int64_t *wait_ms);

#endif
