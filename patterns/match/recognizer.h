/*
 * recognizer: decides what a line of a log is.
 *
 * It parses the header, matches the rules and joins the two lines of a login.
 * The daemon, pbsctl and the tests all recognize logins by it.
 */
#ifndef PATTERNS_MATCH_RECOGNIZER_H
#define PATTERNS_MATCH_RECOGNIZER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "patterns/line/logline.h"
#include "patterns/match/matcher.h"

struct err;
struct recognizer;

enum finding {
	FOUND_DOUBTFUL = -1,   /* grants nothing, but should be logged */
	FOUND_NOTHING = 0,     /* no rule matches, as for most lines */
	FOUND_LOGIN = 1,       /* somebody logged in from match.addr */
	FOUND_LOGOUT = 2,      /* a session ended */
	FOUND_PART = 3,	       /* one line of a login in two lines, the other
				* of which is missing */
	FOUND_HEADERLESS = 4,  /* the line has no known header */
	FOUND_MULTILINE = 5,   /* the first line of a message with newlines in
				* it; err says what follows from that */
};

/* Borrowed until the next line. */
struct found {
	struct logline line; /* unless FOUND_HEADERLESS */
	/* Of a login, a logout or a part. Of a doubtful line, match.doubt
	 * alone. */
	struct match match;
	bool dated;	     /* the time stamp of match is valid: `when` */
	time_t when;
	/* If it is in the hour that is repeated when summer time ends, it is
	 * taken for the later one: how many seconds before that the earlier one
	 * was. Else 0. */
	time_t repeated;
};

/*
 * How many bytes of a log have been read (at), and up to which byte nothing
 * counts (until), because a message with newlines in it may reach that far.
 * There is one for each log; zero-initialise it.
 */
struct multiline {
	uint64_t at, until;
	/* Of the last line that was past: its file, and how much there is still
	 * to come of a message in another. */
	uint64_t past, least;
};

/* The ruleset must outlive it. The choice and errors are matcher_new()'s. */
struct recognizer *recognizer_new(const struct ruleset *,
    const struct rule_choice *, struct err *);
void recognizer_free(struct recognizer **);
/* Forgets the connects that wait for their login, and all other lines. */
void recognizer_forget(struct recognizer *);
/* Takes over the connects that wait in another one, whose rules are others. */
void recognizer_carry(struct recognizer *, const struct recognizer *from);

/* err is set if the line is doubtful. now: the wall clock time, for stamps
 * without a year. */
enum finding recognize(struct recognizer *, const char *line, size_t len,
    time_t now, struct found *, struct err *);

/*
 * The two halves of recognize(), for several threads that look at lines whose
 * results one thread then joins in order. A clone, which the original must
 * outlive, does the first half: what can be told from one line alone, so that
 * each line of a login in two lines is a FOUND_PART. The original then passes
 * each finding to the second half, with the place of its line in the log.
 */
struct recognizer *recognizer_clone(const struct recognizer *);
enum finding recognize_alone(struct recognizer *, const char *line, size_t len,
    time_t now, struct found *, struct err *);
enum finding recognize_rest(struct recognizer *, struct multiline *,
    enum finding, struct found *, struct err *);

/*
 * recognize_alone() for consecutive lines, in a fraction of the time: lines in
 * which nothing can be found are left out by how they begin. recognizer_take()
 * takes whole lines, each with its newline, which are borrowed.
 * recognize_next() returns the next finding, or FOUND_NOTHING at the end of the
 * lines. It adds to *read how many lines were read for that; those that are too
 * long are left out and not counted. Of a line without header, *found has the
 * line.
 */
void recognizer_take(struct recognizer *, const char *lines, size_t len);
enum finding recognize_next(struct recognizer *, time_t now, uint64_t *read,
    struct found *, struct err *);

/* Whether each line of syslog that has a host and this tag is FOUND_NOTHING for
 * sure, whatever its text is: no rule names the program. */
bool recognizer_ignores(const struct recognizer *, const char *tag, size_t len);

/*
 * What the lines of a login and its logout have in common, by which the session
 * is identified. If the logout rules of a server capture the session, all of
 * its sessions are identified by it; and by the address as well if each of
 * these rules captures that, too.
 */
enum naming {
	NAMED_NOT, /* no chosen logout rule would match its end */
	NAMED_BY_ADDRESS, /* and by the pid */
	NAMED_BY_SESSION,
	NAMED_BY_BOTH
};
enum naming recognizer_naming(const struct recognizer *, const struct match *);

/* The time of a line: logline_time() with the recognizer's stampclock. */
int recognizer_time(struct recognizer *, const struct logline *, time_t now,
    time_t *when);

/* Takes a line apart as recognize() does, for callers that explain it. 0, or
 * -1: the line has no known header. */
int recognizer_read(struct recognizer *, const char *line, size_t len,
    struct logline *);

/* The matcher it uses, for those who need more than a finding. */
struct matcher *recognizer_matcher(struct recognizer *);

#endif
