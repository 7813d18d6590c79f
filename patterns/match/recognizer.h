/*
 * recognizer: what is a line of the log? Parse, match, join: the one place
 * where a line becomes a login, for the daemon, for pbsctl and for the tests.
 */
#ifndef PATTERNS_MATCH_RECOGNIZER_H
#define PATTERNS_MATCH_RECOGNIZER_H

#include <stdbool.h>
#include <time.h>

#include "patterns/line/logline.h"
#include "patterns/match/matcher.h"

struct err;
struct recognizer;

enum finding {
	FOUND_DOUBTFUL = -1,   /* grants nothing, but is worth saying */
	FOUND_NOTHING = 0,     /* a line like most */
	FOUND_LOGIN = 1,       /* somebody has logged in: match.addr */
	FOUND_LOGOUT = 2,      /* a session has ended */
	FOUND_PART = 3,	       /* of a login in two lines; no login yet, or
				* one whose first line is not known */
	FOUND_HEADERLESS = 4,  /* no header that is known */
};

/* Borrowed until the next line. */
struct found {
	struct logline line; /* not if FOUND_HEADERLESS */
	struct match match;  /* of a login, a logout, a part */
	bool dated;	     /* a login's stamp can be read: when it was */
	time_t when;
};

/* The ruleset must outlive it; choice and NULL as for matcher_new(). */
struct recognizer *recognizer_new(const struct ruleset *,
    const struct rule_choice *, struct err *);
void recognizer_free(struct recognizer **);
/* Forgets what it has seen: connects that wait for their login. */
void recognizer_forget(struct recognizer *);

/* err is set if the line is doubtful. now: the wall clock, for stamps without
 * a year. */
enum finding recognize(struct recognizer *, const char *line, size_t len,
    time_t now, struct found *, struct err *);

/*
 * The two halves of recognize(), so that several threads may look at lines that
 * are then told in order. A twin, of a recognizer that must outlive it, does
 * the first half: all that one line tells by itself. FOUND_PART is any line of
 * a login in two then. The second half takes such a line to its end.
 */
struct recognizer *recognizer_clone(const struct recognizer *);
enum finding recognize_alone(struct recognizer *, const char *line, size_t len,
    time_t now, struct found *, struct err *);
enum finding recognize_part(struct recognizer *, struct found *, struct err *);

/*
 * What a login and its logout have in common, by which the end of a session is
 * known to be its end. All logout rules of a server that name the session are
 * asked alike: without the address, unless each of them names that, too.
 */
enum naming {
	NAMED_NOT, /* no logout rule that was chosen would tell its end */
	NAMED_BY_ADDRESS, /* and by the pid */
	NAMED_BY_SESSION,
	NAMED_BY_BOTH
};
enum naming recognizer_naming(const struct recognizer *, const struct match *);

/* The time of a line, as logline_time(). */
int recognizer_time(struct recognizer *, const struct logline *, time_t now,
    time_t *when);

/* What it is made of, for those who explain. */
struct matcher *recognizer_matcher(struct recognizer *);

#endif
