/*
 * pipeline: what becomes of a line: parse, match, judge, grant.
 *
 * Holds what a reload replaces as a whole: the rules, the networks that are
 * never written, the grace. The table is the caller's.
 */
#ifndef DAEMON_PIPELINE_PIPELINE_H
#define DAEMON_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct addr;
struct authtab;
struct conf;
struct err;
struct helper;
struct sessions;
struct pipeline;

/*
 * The time as the pipeline sees it. lifetime is the clock that expiries are
 * measured on: it begins as the wall clock and cannot be set afterwards.
 */
struct moment {
	time_t wall;
	int64_t lifetime;
};

/* Counted since the start; a reload carries them over. */
struct pipeline_stats {
	uint64_t lines;	  /* whole lines seen */
	uint64_t headerless; /* without a header we know */
	uint64_t logins;  /* fitted a rule */
	uint64_t stale;	  /* logins older than the grace */
	uint64_t refused; /* from networks that are never written */
	uint64_t doubtful; /* limit hit, control bytes, no address, no time */
};

/* conf is read only here. The table and the helper, as for mynetworks_new(), are
 * borrowed. NULL: err holds "file:line: why". */
struct pipeline *pipeline_new(const struct conf *, struct helper *,
    struct authtab *, struct err *);
void pipeline_free(struct pipeline **);

/*
 * Quiet while what is already in the log is being read: single grants are then
 * told only with --debug.
 */
void pipeline_set_quiet(struct pipeline *, bool);

/* One line of the log. 1: it changed the table, 0: not. */
int pipeline_line(struct pipeline *, const char *line, size_t len,
    struct moment now);

/*
 * --reprocess: one line of an old log, whose own time is now. That time never
 * goes back, and never beyond the real one (wall). What it has become with the
 * last line seen, login or not: pipeline_backlog_moment(); until that is asked,
 * the table may lack the last few logins.
 */
void pipeline_backlog(struct pipeline *, const char *line, size_t len,
    time_t wall);
struct moment pipeline_backlog_moment(struct pipeline *, time_t wall);

/*
 * The same of many whole lines, each with its end: as pipeline_line(), or with
 * replay as pipeline_backlog(), of each of them. Several threads recognize them;
 * pipeline_caught_up() ends these.
 */
void pipeline_block(struct pipeline *, const char *lines, size_t len,
    struct moment now, bool replay);
void pipeline_caught_up(struct pipeline *);

/* The stamp of a line, for finding a place in a log. 0 and *when, or -1. */
int pipeline_stamp(struct pipeline *, const char *line, size_t len, time_t now,
    time_t *when);

/* NULL, or why this address is never written (exclude_refuse()). */
const char *pipeline_refuse(struct pipeline *, const struct addr *);

const struct pipeline_stats *pipeline_stats(const struct pipeline *);
/* What a reload keeps of the old one: the counts, the sessions that are open. */
void pipeline_carry(struct pipeline *, struct pipeline *old, struct moment now);
struct sessions *pipeline_sessions(struct pipeline *); /* NULL: sessions are off */
size_t pipeline_rules(const struct pipeline *); /* how many are loaded */

#endif
