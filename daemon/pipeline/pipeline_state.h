/*
 * pipeline_state: what the parts of the pipeline share.
 *
 * pipeline.c takes a line to what it means, pipeline_authorize.c to what that may
 * change, pipeline_backlog.c does so with lines that have been waiting. Nobody
 * else includes this.
 */
#ifndef DAEMON_PIPELINE_PIPELINE_STATE_H
#define DAEMON_PIPELINE_PIPELINE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/table/authtab.h"
#include "daemon/table/sessions.h"
#include "patterns/match/recognizer.h"

struct exclude;
struct scan_pool;
struct ruleset;

/* A login that was found. */
struct login {
	struct match match;
	time_t when;
	bool holds; /* its session has this key */
	struct session_key key;
};

/* --reprocess: a login is judged some logins later. */
enum { APART = 5, WAITING_MAX = AUTHTAB_PREFETCH_STEPS * APART };
struct waiting {
	struct login login;
	struct moment now;
	char user[AUTHTAB_USER_NAME_MAX];
};

struct pipeline {
	uint32_t grace, hold;
	struct authtab *table;
	struct sessions *holds; /* NULL: sessions hold nothing */
	struct ruleset *rules;
	struct recognizer *recognizer;
	struct exclude *networks;
	struct pipeline_stats stats;
	bool quiet;	 /* what was in the log at the start is being read */
	bool stale_said; /* that a login came late */
	struct scan_pool *backlog; /* NULL: none was seen, or it is over */
	/* --reprocess: the newest time seen, and the stamp of the last line,
	 * decoded only when somebody asks. */
	time_t scan_pool_now;
	struct logline last;
	char last_stamp[64];
	struct waiting waiting[WAITING_MAX]; /* a ring */
	size_t found, judged;		     /* logins of a replay */
};

/* ---- pipeline.c ---- */

/* Parses, matches, joins; says what is doubtful. */
enum finding pipeline_look(struct pipeline *, const char *line, size_t len,
    time_t now, struct found *);
/* What a line that is not like most is to us. Says what is doubtful. */
enum finding pipeline_weigh(struct pipeline *, enum finding, struct found *,
    const struct err *);
/* What is made of it then; 1: the table has changed. */
int pipeline_act(struct pipeline *, enum finding, const struct found *,
    struct moment now);

/* ---- pipeline_authorize.c ---- */

/* A login that was found, and the key of its session if that matters. */
void pipeline_take_login(const struct pipeline *, const struct found *,
    struct login *);
/* May it authorize, and for how long? 1: the table has changed. */
int pipeline_authorize(struct pipeline *, const struct login *, struct moment now);
void pipeline_end_session(struct pipeline *, const struct found *,
    struct moment now);
/* The address may rest on the sessions of it that are left, and on its grace
 * from now on. */
void pipeline_release(struct pipeline *, const struct addr *, time_t when,
    struct moment now);

/* ---- pipeline_backlog.c ---- */

/* Judges the logins of a replay that were put off. */
void pipeline_authorize_all(struct pipeline *);

#endif
