/*
 * service_state: what the parts of the service share.
 *
 * service.c opens and closes, service_events.c is what happens in between,
 * service_save.c what outlives the process, service_live.c what the maps ask
 * that are no files. Nobody else includes this.
 */
#ifndef DAEMON_SERVICE_STATE_H
#define DAEMON_SERVICE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/publish/resources.h"
#include "daemon/service.h"
#include "daemon/table/authtab.h"
#include "maps/map.h"

struct addr;
struct err;
struct logpos;

/* One log, and whether what was in it at the start has been read. */
struct feed {
	struct service *service;
	struct source *source;
	bool idle, ended;
};

struct service {
	struct conf *conf;
	service_conf_fn *reread;
	void *reread_arg;
	struct loop *loop;
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
struct moment service_moment(const struct service *);

/* Removes what has expired, and sets the timer for the next. A timer's
 * handler; arg is the service, as in all that follow. */
void service_expire(void *arg);

/* What live maps ask; and lets them answer. 0, or -1. */
struct map_host service_host(struct service *);
int service_start_live(struct service *, struct err *);

/* checkpoint_grant_fn, and the timer that saves. */
void service_restore_row(void *arg, const struct addr *, const char *user,
    size_t user_len, time_t when, time_t expires_wall, time_t held_wall);
void service_save(void *arg);
void service_free_positions(struct logpos *, size_t npos);

/* authtab_event_fn */
void service_on_table_event(void *arg, enum authtab_event, const struct addr *,
    time_t when);

/* The source_sink of a log; arg is its struct feed. */
void service_on_line(void *arg, const char *line, size_t len);
void service_on_lines(void *arg, const char *lines, size_t len);
int service_on_stamp(void *arg, const char *line, size_t len, time_t *when);
void service_on_idle(void *arg);
void service_on_ended(void *arg);

/* control_ops */
void service_on_status(void *arg, FILE *out);
struct moment service_on_now(void *arg);
const char *service_on_refuse(void *arg, const struct addr *);

/* ipc_client_ops */
bool service_on_find(void *arg, const struct addr *, time_t *when,
    int64_t *expires);
void service_on_reload(void *arg);
void service_on_lost(void *arg);

/* loop_signal_fn, and the watchdog's timer */
void service_on_stop(void *arg, int signo);
void service_on_state(void *arg, int signo);
void service_on_hangup(void *arg, int signo);
void service_on_watchdog(void *arg);

#endif
