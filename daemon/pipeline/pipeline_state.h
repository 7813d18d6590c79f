/*
 * pipeline_state: what the files of the pipeline share; private to them.
 *
 * pipeline_authorize.c applies a login or a logout to the table, and
 * pipeline_remote.c what another host reports. pipeline_line.c parses and
 * matches a new line, and hands it on to that. pipeline_backlog.c does the same
 * with lines from before the start. pipeline_parts.c tells what the totals are
 * made up of. pipeline.c opens, reloads and closes. Each calls only those named
 * before it.
 */
#ifndef DAEMON_PIPELINE_PIPELINE_STATE_H
#define DAEMON_PIPELINE_PIPELINE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "daemon/pipeline/exclude.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/table/authtab.h"
#include "daemon/table/sessions.h"
#include "patterns/match/recognizer.h"

struct login_counts;
struct ruleset;
struct scan_pool;
struct told;
struct unmatched;

struct login {
	struct match match;
	time_t when;
	bool has_session; /* a logout rule can end it; key is set */
	struct session_key key;
};

/* With --reprocess, a login waits until WAITING_MAX later ones have been found.
 * Meanwhile the table's memory for it comes into the processor's cache, one
 * step (authtab_prefetch()) for every APART logins. */
enum { APART = 5, WAITING_MAX = AUTHTAB_PREFETCH_STEPS * APART };
struct waiting_login {
	struct login login;
	struct moment now;
	uint64_t hash; /* of its address, for authtab_prefetch() */
	char user[AUTHTAB_USER_NAME_MAX];
};

/* Lines that the scan_pool has. */
struct lent_block {
	struct moment now;
	bool log_time;
	const char *lines; /* NULL: there are none */
	size_t len;
	uint64_t at; /* where they begin in the log */
};

/* Addresses with many users that are warned of within an hour. */
enum { SHARED_LOGGED = 64 };

struct pipeline {
	uint32_t grace, session_max; /* seconds; 0: sessions are off */
	struct authtab *table;
	struct sessions *sessions; /* NULL: off */
	struct removals *removals; /* by the operator */
	struct removals *others;   /* by the operators of other hosts */
	struct pipeline_own own;   /* without functions: nothing is published */
	struct ruleset *rules;
	struct recognizer *recognizer;
	struct multiline *logs; /* one for each log */
	time_t *newest; /* the time of the newest finding in each */
	/* In each, by how many seconds the last login was ahead of the clock of
	 * those that were so when they were seen being written; 0: none was. */
	int64_t *lead;
	struct strings names; /* of each, as configured */
	size_t nlogs;
	size_t log;		/* the one that the next lines are from */
	struct exclude *exclude;
	struct pipeline_stats stats;
	struct login_counts *logins;
	unsigned int *rule_numbers; /* of each rule, in the table; 0: none yet */
	uint64_t refused[REFUSALS], doubtful[DOUBTS];
	pipeline_event_fn *on_event;
	void *event_arg;
	bool backlog; /* reading lines from before the start */
	bool unseen; /* or those that nobody saw being written */
	time_t set_back; /* by so many seconds was the clock, since those */
	struct pipeline_observer observer; /* without functions: unused */
	bool stale_logged, ahead_logged, zone_logged;
	struct told *shared; /* addresses with many users */
	char unread[256]; /* the first line without known header, printable */
	bool unread_logged;
	struct unmatched *unmatched; /* programs whose lines match no rule */
	bool sample; /* the next line without match is one for it */
	struct scan_pool *pool; /* only while there is a backlog */
	struct lent_block block; /* that has begun */

	/* --reprocess: the newest time found in the log, and the stamp of the
	 * last line, which is decoded only when somebody asks for it. */
	time_t log_now;
	struct logline last;
	char last_stamp[64];
	time_t last_left_out; /* 0: the last line is `last' */
	struct waiting_login waiting[WAITING_MAX]; /* a ring buffer */
	/* Logins since the start: found, with a user of their own, authorized. */
	size_t nfound, nkept, nauthorized;
};

/* ---- pipeline_line.c ---- */

/* Remembers a line without known header, for pipeline_warn_unread(). */
void pipeline_keep_unread(struct pipeline *, const char *line, size_t len);

/* Parses, matches and joins one line; counts it and logs why it is doubtful. */
enum finding pipeline_recognize(struct pipeline *, const char *line, size_t len,
				time_t now, struct found *);

/* The second half of pipeline_recognize(), for a line of the log p->log that a
 * scan_pool has recognized: joins, counts and logs. err is read only if the
 * line is doubtful. Returns the final finding. */
enum finding pipeline_count(struct pipeline *, enum finding, struct found *,
			    struct err *);

/* Authorizes a login, ends the session of a logout. 1: the table has changed.
 */
int pipeline_act(struct pipeline *, enum finding, const struct found *,
		 struct moment now);

/* ---- pipeline_authorize.c ---- */

/* Fills the login with what was found in a line; its texts are borrowed from
 * that line. */
void pipeline_take_login(const struct pipeline *, const struct found *,
			 struct login *);

/* When a login was written, by the clock of now: if nobody saw that, it may have
 * been before the clock was set back, and then it seems younger than it is. */
time_t pipeline_by_this_clock(const struct pipeline *, time_t when,
			      struct moment now);

/* Authorizes the address of a login, unless it is excluded or the login is too
 * old. 1: the table has changed. */
int pipeline_authorize(struct pipeline *, const struct login *,
		       struct moment now);

void pipeline_end_session(struct pipeline *, const struct found *,
			  struct moment now);

/* Shortens the authorization of an address: it now ends with the address's
 * other sessions, or when the grace that begins at `when' is over, whichever is
 * later. */
void pipeline_release(struct pipeline *, const struct addr *, time_t when,
		      struct moment now);

/* Why a login of that time is not granted, and *kind; NULL: nothing is against
 * it. seen: now, if its line is seen being written; else NULL. */
const char *pipeline_refusal(const struct pipeline *, const struct addr *,
			     time_t when, const struct moment *seen,
			     enum refusal *kind);

/* Converts a time of the log to the steady clock of expiries. */
int64_t pipeline_lifetime(time_t when, struct moment now);

/* ---- pipeline_backlog.c ---- */

/* Authorizes the logins that are still waiting. */
void pipeline_authorize_waiting(struct pipeline *);

#endif
