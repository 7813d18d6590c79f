/*
 * pipeline: all that is done with a log line: parse, match, authorize.
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
struct authtab_login;
struct conf;
struct err;
struct helper;
struct sessions;
struct match;
struct pipeline;
struct readahead;
struct removals;

/*
 * Now, in seconds. lifetime is the clock that expiries are measured on. It
 * starts equal to the wall clock, but does not jump when somebody sets that
 * clock.
 */
struct moment {
	time_t wall;
	int64_t lifetime;
};

/* Counted since the start; a reload carries them over. */
struct pipeline_stats {
	uint64_t lines;	     /* whole lines */
	uint64_t headerless; /* ... with no header that we know */
	uint64_t logins;     /* ... that a rule found to be a login */
	uint64_t stale;	     /* logins older than the grace */
	uint64_t ahead;	     /* logins more than a minute ahead of the clock */
	uint64_t refused;    /* logins from networks that are never written */
	uint64_t doubtful; /* a limit hit, control bytes, no address, no time */
	time_t last_login; /* the latest time of a login; 0: none */
};

/* What became of a login that an address was found in. */
struct pipeline_event {
	time_t when; /* now, by wall clock */
	const struct addr *addr;
	const char *refused; /* why; NULL: it was granted */
	int64_t seconds;     /* granted for so long */
	const char *rule;    /* NULL: an operator's request */
	const char *user;    /* as in the log, not printable; NULL: unknown */
	size_t user_len;
};
/* The event and its texts are borrowed, until it returns. */
typedef void pipeline_event_fn(void *arg, const struct pipeline_event *);

/* conf is read only here. The table and the helper are borrowed; the helper is
 * used as in mynetworks_new(). NULL: err holds "file:line: why". */
struct pipeline *pipeline_new(const struct conf *, struct helper *,
			      struct authtab *, struct err *);
void pipeline_free(struct pipeline **);

/*
 * For a report on old logs. With an observer the pipeline judges as always, but
 * authorizes nobody, whatever the grace is, and logs no line. Where it would
 * have authorized or refused a login, it calls login(); where it would have
 * logged a doubtful line, doubtful(). All that is passed is borrowed.
 */
struct pipeline_observer {
	/* refusal: NULL, or why the address is never written; see
	 * exclude_refuse(). */
	void (*login)(void *arg, const struct match *, time_t when,
		      const char *refusal);
	void (*doubtful)(void *arg, const char *line, size_t len,
			 const char *why);
	void *arg;
};
void pipeline_observe(struct pipeline *, const struct pipeline_observer *);

/*
 * Lines of the backlog were in the log before the start. Their grants are
 * logged only with --debug. A login of the backlog whose stamp is more than a
 * minute ahead of the clock grants nothing: its real time is unknown, and every
 * start would grant it again. In a log that is being followed it has just been
 * written, so it counts as of now.
 */
void pipeline_set_backlog(struct pipeline *, bool);

/*
 * Whether nobody saw the lines that follow being written, as those of an old
 * file that has now been compressed or copied. A login that is ahead of the
 * clock then grants nothing either: the clock may have been set back since it
 * was written. But if the last that was seen being written to the log was as
 * far ahead, that is its time zone, and the file the next one of its rotation.
 * set_back: so many seconds the clock is known to have been set back; a login
 * that bears neither the time of now nor that zone is taken to be older by as
 * much.
 */
void pipeline_set_unseen(struct pipeline *, bool unseen, time_t set_back);

/* Has fn called for each address that a line newly authorizes, and for each
 * login that is refused, except those of the backlog. Not for renewals. */
void pipeline_set_events(struct pipeline *, pipeline_event_fn *, void *arg);

/*
 * What is published for other hosts. login() is called for each login of our
 * own logs that is authorized, even if that changes nothing in the table; its
 * address is the table's. released() is called after the end of a session: no
 * session holds the address beyond `until' (steady seconds). open: another
 * session holds it until then; if not, it is the grace that follows the last
 * session.
 */
struct pipeline_own {
	void (*login)(void *arg, const struct authtab_login *);
	void (*released)(void *arg, const struct addr *, int64_t until,
			 bool open);
	void *arg;
};
void pipeline_set_own(struct pipeline *, const struct pipeline_own *);

/* Tells the pipeline that one of the logs already held a login at `when', before
 * the lines that it will now be given. */
void pipeline_know(struct pipeline *, time_t when);

/* The lines that follow are from the log with this number in conf->logfiles,
 * from 0. A message with newlines in it makes what follows it in the same log
 * doubtful, and not in others. */
void pipeline_from(struct pipeline *, size_t log);

/* Takes one line of the log. 1: it changed the table. 0: it did not. */
int pipeline_line(struct pipeline *, const char *line, size_t len,
		  struct moment now);

/* Takes the rest of a line that was cut, which grants nothing: if it looks like
 * a login, it is counted as doubtful and logged. */
void pipeline_rest(struct pipeline *, const char *line, size_t len, time_t now);

/* Takes one of the lines before the first that is read, in their order: a message
 * with newlines in it may have begun in it. file: of which it is, of several; of
 * a message in another one, as much may follow as before. */
void pipeline_past(struct pipeline *, uint64_t file, const char *line,
		   size_t len, time_t now);

/* Takes note of a line that cannot be read, because its envelope is broken. */
void pipeline_unread(struct pipeline *, const char *line, size_t len);
/* Takes note of a line of so many bytes that was dropped unread: what may follow
 * a message with newlines in it is measured in bytes of the log. */
void pipeline_lost(struct pipeline *, uint64_t size);

/* Whether no rule can match a line of syslog with this tag, so that such lines
 * need not be taken. pipeline_left_out() counts those that were not; `last' is
 * the time of the newest of them if that is the last line so far, else 0. */
bool pipeline_ignores(const struct pipeline *, const char *tag, size_t len);
void pipeline_left_out(struct pipeline *, uint64_t lines, time_t last);

/*
 * --reprocess: takes one line of an old log, with the line's time as now. This
 * time never goes back, and never beyond the real time (wall).
 * pipeline_backlog_moment() returns the time of the last line, login or not.
 * Only after that call does the table have the last few logins.
 */
void pipeline_backlog(struct pipeline *, const char *line, size_t len,
		      time_t wall);
struct moment pipeline_backlog_moment(struct pipeline *, time_t wall);

/*
 * Takes many whole lines, each with its newline, as if by pipeline_line() or,
 * if log_time is set, by pipeline_backlog(). Several threads share the work;
 * pipeline_caught_up() ends them.
 */
void pipeline_block(struct pipeline *, const char *lines, size_t len,
		    struct moment now, bool log_time);

/* The two halves of that, for a caller who has something else to do while other
 * threads look at the lines: they are borrowed until pipeline_settle() returns,
 * and nothing else of the pipeline may be called before that. Without a block
 * it does nothing. */
void pipeline_begin_block(struct pipeline *, const char *lines, size_t len,
			  struct moment now, bool log_time);
void pipeline_settle(struct pipeline *);

/* Reads a block by several threads, which read on and look at the lines, so that
 * pipeline_block() has little left to do with those of the block. As read() and
 * read_end() of a source's sink. now: for stamps without a year. */
bool pipeline_read(struct pipeline *, const struct readahead *, time_t now,
		   const char **bytes);
void pipeline_read_end(struct pipeline *);
void pipeline_caught_up(struct pipeline *);

/* All lines so far were taken. If most of them have no header that is known,
 * warns of that once, with one of them and the command that explains it. end: no
 * more will come; then a single one is enough, if there was no login. */
void pipeline_warn_unread(struct pipeline *, bool end);

/* The time of a line, for the search by time in a log. 0 and *when, or -1. */
int pipeline_stamp(struct pipeline *, const char *line, size_t len, time_t now,
		   time_t *when);

/* NULL, or why this address is never written; see exclude_refuse(). */
const char *pipeline_refuse(struct pipeline *, const struct addr *);

/* The same for an address that was granted before; see exclude_reason(). */
const char *pipeline_reason(struct pipeline *, const struct addr *);

/* Why a rule that has granted logins is no longer in force: it "is no longer
 * enabled" or "no longer exists". NULL: it is in force. */
const char *pipeline_rule_missing(const struct pipeline *, const char *rule);

const struct pipeline_stats *pipeline_stats(const struct pipeline *);

/* What some of these totals are made up of: logins by rule, where those of rules
 * that a reload has removed have the name ""; refused and doubtful by reason. */
enum pipeline_total { PIPELINE_LOGINS, PIPELINE_REFUSED, PIPELINE_DOUBTFUL };
struct pipeline_part {
	const char *name; /* borrowed until the next reload */
	uint64_t count;
};
/* Walks the parts: start with *at = 0; false at the end. */
bool pipeline_part(const struct pipeline *, enum pipeline_total, size_t *at,
		   struct pipeline_part *);

/* Moves into a new pipeline what a reload keeps of the old one: the counts and
 * the open sessions, and the removals. */
void pipeline_carry(struct pipeline *, struct pipeline *old, struct moment now);
/* Borrowed; NULL: sessions are off. */
struct sessions *pipeline_sessions(struct pipeline *);

/* The operator has removed an address: no login of it up to now counts any
 * more, whenever its line is read. The removals are borrowed. */
void pipeline_remove(struct pipeline *, const struct addr *, struct moment now);
struct removals *pipeline_removals(struct pipeline *);
/* What the operators of other hosts have removed; borrowed. */
struct removals *pipeline_others_removals(struct pipeline *);

/* ---- what another host reports: pipeline_remote.c ---- */

struct pipeline_remote {
	const char *host; /* its name, for messages */
	const struct addr *addr;
	const char *user; /* NULL: not known */
	size_t user_len;
	time_t when;  /* of the login, by that host's clock */
	time_t until; /* when it ends, by that host's clock */
	bool held;    /* an open session lasts so long, not the login itself */
};
/* Grants a login of another host, within our own limits and no longer than that
 * host does. Returns when it ends, in steady seconds; 0: it has ended, or was
 * removed since, or it is a session and ours are off; -1: the address is
 * excluded here. */
int64_t pipeline_remote(struct pipeline *, const struct pipeline_remote *,
			struct moment now);
/* The operator of another host has removed an address: no login of it up to
 * stamp counts. False: to make room, an older removal was forgotten that could
 * still matter. */
bool pipeline_remote_removal(struct pipeline *, const struct addr *,
			     time_t stamp, struct moment now);

size_t pipeline_rules(const struct pipeline *); /* how many are loaded */

#endif
