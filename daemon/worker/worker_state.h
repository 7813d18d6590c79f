/*
 * worker_state: what the parts of the service share.
 *
 * service.c opens and closes, worker_events.c is what happens in between,
 * worker_save.c what outlives the process, worker_live.c what the maps ask
 * that are no files. Nobody else includes this.
 */
#ifndef DAEMON_WORKER_WORKER_STATE_H
#define DAEMON_WORKER_WORKER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/publish/resources.h"
#include "daemon/table/authtab.h"
#include "daemon/worker/worker.h"
#include "maps/map.h"

struct addr;
struct err;
struct logpos;

/* One log, and whether what was in it at the start has been read. */
struct feed {
	struct worker *service;
	struct source *source;
	bool idle, ended;
};

struct worker {
	struct conf *conf;
	worker_conf_fn *reread;
	void *reread_arg;
	struct loop *loop;
	struct helper *helper; /* NULL: we run Postfix's commands ourselves */
	const struct handover *handover; /* NULL: we are alone, and ... */
	struct resources holdings;	 /* ... hold the maps ourselves */
	struct map **maps;		 /* all; borrowed */
	size_t nmaps;
	struct map **own; /* those that answer from the table */
	size_t nown;
	struct map_settings settings;
	struct map_host host;
	struct authtab *table;
	struct publish *publish;
	struct pipeline *pipeline;
	struct control *control;
	struct feed *feeds;
	size_t nfeeds;
	struct timer *expiry, *save, *watchdog;
	int64_t lifetime_base_ms; /* lifetime - steady */
	int null; /* to leave the terminal with */
	bool ready, evicting;
};

/* The time, on the clock that nobody can set too. */
struct moment worker_moment(const struct worker *);

/* Removes what has expired, and sets the timer for the next. A timer's
 * handler; arg is the service, as in all that follow. */
void worker_expire(void *arg);

/* What live maps ask; and lets them answer. 0, or -1. */
struct map_host worker_host(struct worker *);
int worker_start_live(struct worker *, struct err *);

/* checkpoint_grant_fn, and the timer that saves. */
void worker_restore_row(void *arg, const struct addr *, const char *user,
    size_t user_len, time_t when, time_t expires_wall, time_t held_wall);
void worker_save(void *arg);
void worker_free_positions(struct logpos *, size_t npos);

/* authtab_event_fn */
void worker_on_table_event(void *arg, enum authtab_event, const struct addr *,
    time_t when);

/* The source_sink of a log; arg is its struct feed. */
void worker_on_line(void *arg, const char *line, size_t len);
void worker_on_lines(void *arg, const char *lines, size_t len);
int worker_on_stamp(void *arg, const char *line, size_t len, time_t *when);
void worker_on_idle(void *arg);
void worker_on_ended(void *arg);

/* control_ops */
void worker_on_status(void *arg, FILE *out);
struct moment worker_on_now(void *arg);
const char *worker_on_refuse(void *arg, const struct addr *);

/* ipc_client_ops */
bool worker_on_find(void *arg, const struct addr *, time_t *when,
    int64_t *expires);
void worker_on_reload(void *arg);
void worker_on_lost(void *arg);

/* loop_signal_fn, and the watchdog's timer */
void worker_on_stop(void *arg, int signo);
void worker_on_state(void *arg, int signo);
void worker_on_hangup(void *arg, int signo);
void worker_on_watchdog(void *arg);

#endif
