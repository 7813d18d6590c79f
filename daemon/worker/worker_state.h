/*
 * worker_state: what the files of the worker share; nobody else includes it.
 *
 * worker.c opens and closes everything and registers the handlers;
 * worker_events.c has the handlers, reload.c those of a reload;
 * figures.c tells what was counted, and worker_metrics.c writes that to a file;
 * worker_checkpoint.c saves and restores; worker_lookup.c answers live maps;
 * worker_clock.c knows the time; worker_peers.c and worker_link.c join other
 * hosts. Only worker.c calls all the others.
 */
#ifndef DAEMON_WORKER_WORKER_STATE_H
#define DAEMON_WORKER_WORKER_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/publish/resources.h"
#include "daemon/table/authtab.h"
#include "daemon/worker/worker.h"
#include "maps/map.h"

struct addr;
struct checkpoint_also;
struct checkpoint_clock;
struct checkpoint_login;
struct err;
struct logpos;
struct save_ahead;
struct worker_peers;

/* One log that is followed. */
struct feed {
	struct worker *worker;
	struct source *source;
	struct envelope *envelope; /* takes lines out of what wraps them */
	bool unseen;   /* the lines that come now; see struct source_sink */
	uint64_t file; /* of which they are */
	bool idle;   /* what it held at the start has been read */
	bool ended;  /* nothing more will come */
};

struct worker {
	struct conf *conf;
	worker_conf_fn *reread;
	void *reread_arg;
	struct loop *loop;
	/* NULL: there is no keeper, and the resources are our own. */
	const struct handover *handover;
	struct helper *helper; /* NULL: we run Postfix's commands ourselves */
	struct resources resources;
	struct map **maps; /* all of them; borrowed */
	size_t nmaps;
	struct map **live; /* those that answer from the table; owned */
	size_t nlive;
	struct map_settings settings;
	struct map_host host;
	struct authtab *table;
	struct publish *publish;
	struct pipeline *pipeline;
	struct control *control;
	struct recent *recent; /* for operators, through the control */
	struct feed *feeds;
	size_t nfeeds;
	struct timer *expiry, *save, *watchdog, *metrics, *beat;
	struct notify_ready *notify_ready;
	struct save_ahead *ahead; /* NULL: nothing was begun */
	long long saved_bytes; /* by the last worker_save(); -1: it failed */
	int64_t metrics_due; /* steady ms: not to be written before */
	int beat_ms;	     /* between signs of life; 0: only if asked */
	int64_t lifetime_base_ms; /* lifetime minus steady milliseconds */
	int64_t saved_lead_ms;	  /* of the wall clock, at the last save */
	char boot_id[40];	  /* "" if it is not known */
	int null_fd;		  /* /dev/null, to detach from the terminal */
	time_t started;
	struct log_counts logged_before; /* by the keeper, when it forked us */
	uint64_t events[AUTHTAB_EVENTS]; /* of the table, of each kind */
	time_t settings_read; /* when the configuration was read */
	bool ready;
	bool forgetting; /* removals are logged in one line */
	struct checkpoint_also *restoring; /* while a checkpoint is read */
	struct worker_peers *peers;	   /* NULL: no other hosts */
	size_t other_prefix; /* logins that the checkpoint had, see restore() */
	bool evicting; /* that the table is full has been logged */
};

/* The moment for a checkpoint. */
struct checkpoint_clock worker_checkpoint_clock(const struct worker *);
void worker_read_boot_id(struct worker *);

/* The time by wall clock, and on the clock of expiries, which nobody sets. */
struct moment worker_moment(const struct worker *);

/*
 * The same to tell the age of a line. One that was there at the start may have
 * been written before the wall clock was set back, so until all those are read,
 * it is the time of a clock that was not: what was written since then seems
 * older than it is, but nothing seems younger.
 */
struct moment worker_log_moment(const struct worker *);
/* By how many seconds the wall clock is known to have been set back; 0: not. */
time_t worker_set_back(const struct worker *);

/* A clock that differs by less has not been set; it may be a second off. */
enum { WORKER_STEP_MS = 2000 };

/* Takes in by how many seconds the wall clock was set back since the checkpoint
 * was written; logs that, or what the keeper knows. */
void worker_know_set_back(struct worker *, time_t seconds);

int64_t worker_lifetime_ms(const struct worker *);

/* Removes what has expired and arms the timer for the next expiry. A timer's
 * handler: arg is the worker, as in all handlers below unless noted. */
void worker_expire(void *arg);

/* Removes the addresses that the configuration refuses, though they were
 * authorized; logs that in one line. */
void worker_forget_refused(struct worker *);

/* How live maps look up addresses. worker_start_live() lets them answer: 0, or
 * -1. */
struct map_host worker_host(struct worker *);
int worker_start_live(struct worker *, struct err *);

/* worker_restore_row() is a checkpoint_grant_fn. worker_save_soon() arms the
 * timer that calls worker_save(). */
void worker_restore_row(void *arg, const struct checkpoint_login *);
void worker_save_soon(struct worker *);
void worker_save(void *arg);

/*
 * With --once, when all has been read: a thread begins to write what
 * worker_save() will put in place at the end. Until worker_await_ahead()
 * returns, the caller changes nothing that a checkpoint holds.
 * worker_drop_ahead(): there will be no worker_save(). Does nothing if more may
 * be read, as from standard input, or if there is a keeper.
 */
void worker_save_ahead(struct worker *);
void worker_await_ahead(struct worker *);
void worker_drop_ahead(struct worker *);
/* If the clock has been set, saves a checkpoint: then it is known which lines
 * are of the time before. To be called before a line is taken. */
void worker_notice_clock(struct worker *);
struct checkpoint_also worker_also(const struct worker *);
void worker_free_positions(struct logpos *, size_t npos);

/* Sees to it that the file of metrics, if there is one, is written as soon as it
 * may be; and the timer that writes it. */
void worker_metrics_soon(void *arg);
void worker_write_metrics(void *arg);

/* The same, if nothing has happened for a minute. */
void worker_metrics_idle(struct worker *);

/* Signs of life for the keeper: an ipc_client_ops, and the timer. */
void worker_on_pinged(void *arg, int beat_ms);
void worker_on_beat(void *arg);

/* Other hosts. Without `peers:', none of these does anything.
 * worker_peers_open() reads the key of this host, and begins: 0, or -1. */
int worker_peers_open(struct worker *, struct err *);
void worker_peers_close(struct worker *);
/* To be called after a reload, with the new configuration and pipeline. */
void worker_peers_reload(struct worker *);
/* Publishes a login of our own logs (arg is the worker), or one that the
 * operator has added; then returns what the operator should know, or NULL. */
void worker_peers_own(void *arg, const struct authtab_login *);
const char *worker_peers_added(struct worker *, const struct authtab_login *);
/* To be called when new settings have removed logins of our own. */
void worker_peers_withdrawn(struct worker *);
/* Publishes the removals of the checkpoint, or one by the operator: returns a
 * note for the operator, or NULL. */
void worker_peers_restored(struct worker *);
const char *worker_peers_removed(struct worker *, const struct addr *,
    time_t stamp);
/* What `pbsctl peers', status and metrics print of them. False: there are
 * none. */
bool worker_peers_answer(const struct worker *, FILE *);
void worker_peers_status(const struct worker *, FILE *);
void worker_peers_metrics(const struct worker *, FILE *);

/* authtab_event_fn */
void worker_on_table_event(void *arg, enum authtab_event, const struct addr *,
    time_t when);

/* pipeline_event_fn */
void worker_on_event(void *arg, const struct pipeline_event *);

/* The source_sink of a log; arg is its struct feed. */
void worker_on_line(void *arg, const char *line, size_t len);
void worker_on_lines(void *arg, const char *lines, size_t len);
void worker_on_settle(void *arg);
bool worker_on_read(void *arg, const struct readahead *, const char **bytes);
void worker_on_read_end(void *arg);
bool worker_ignores(void *arg, const char *tag, size_t len);
void worker_on_left_out(void *arg, uint64_t lines, time_t last);
void worker_on_unseen(void *arg, bool unseen);
void worker_on_lost_line(void *arg, uint64_t size);
void worker_on_rest(void *arg, const char *line, size_t len);
void worker_on_past_line(void *arg, const char *line, size_t len);
void worker_on_from(void *arg, uint64_t file, bool first);
int worker_on_stamp(void *arg, const char *line, size_t len, time_t *when);
void worker_on_searching(void *arg);
void worker_on_idle(void *arg);
/* Without a log to read to its end, the daemon is ready at once. */
void worker_without_logs(struct worker *);
void worker_on_shut_out(void *arg, const char *why);
void worker_on_ended(void *arg);

/* control_ops */
void worker_on_status(void *arg, FILE *out);
void worker_on_metrics(void *arg, FILE *out);
struct moment worker_on_now(void *arg);
const char *worker_on_refuse(void *arg, const struct addr *);
bool worker_on_peers(void *arg, FILE *out);
void worker_on_events(void *arg, uint64_t since, FILE *out);
const char *worker_on_added(void *arg, const struct authtab_login *,
			    int64_t seconds);
const char *worker_on_removed(void *arg, const struct addr *);

/* ipc_client_ops; worker_on_reload() is in reload.c. */
bool worker_on_find(void *arg, const struct addr *, time_t *when,
    int64_t *expires);
void worker_on_reload(void *arg);
void worker_on_keeper_gone(void *arg);

/* loop_signal_fn, and the watchdog's timer; worker_on_hangup() is in
 * reload.c. */
void worker_on_stop(void *arg, int signo);
void worker_on_state(void *arg, int signo);
void worker_on_hangup(void *arg, int signo);
void worker_on_watchdog(void *arg);

#endif
