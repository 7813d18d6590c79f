/*
 * regex: a compiled expression of a rule, and what it captures.
 *
 * PCRE2 without UTF, anchored at both ends, under a match limit. The first run
 * compiles it to machine code. Several threads may run the same expression,
 * each with a scratch of its own.
 */
#ifndef PATTERNS_MATCH_REGEX_H
#define PATTERNS_MATCH_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "patterns/match/rules.h"

struct err;
struct regex;
struct regex_scratch;

/* PCRE2's match limit: shipped rules need a few hundred steps for a real line.
 * A line that needs more than this is an attack, and grants nothing. */
enum { REGEX_LIMIT = 10000 };

/* Why a line is doubtful: it looks like a login, but grants nothing. */
enum doubt {
	DOUBT_CONTROL,	 /* control bytes in it */
	DOUBT_ADDRESS,	 /* what was captured is no address of a client */
	DOUBT_LIMIT,	 /* REGEX_LIMIT was reached */
	DOUBT_CUT,	 /* another line begins in it, or it is the rest of one */
	DOUBT_MULTILINE, /* it may be part of a message with newlines in it */
	DOUBT_PAIR,	 /* the two lines of a login disagree */
	DOUBT_TIME,	 /* its time stamp is not valid */
	DOUBTS
};

/* What an expression captured. Borrowed: user, session and ip point into the
 * line; NULL: not captured. */
struct match {
	const struct rule *rule;
	enum rule_role role; /* of the expression */
	struct addr addr;    /* never unset after RULE_MATCH; family 0: unset */
	uint8_t doubt; /* enum doubt; set if the line is doubtful */
	const char *user, *session, *ip; /* ip: as written */
	size_t user_len, session_len, ip_len;
};

/* Compiles an expression. The rule must outlive it. NULL: err is "file:line:
 * rule 'name': what is wrong, and where". */
struct regex *regex_new(const struct rule *, enum rule_role,
    struct err *);
void regex_free(struct regex **);

/* Compiles it to machine code, unless that was tried before. false: the system
 * forbids that (systemd's MemoryDenyWriteExecute=); matching works, but is
 * slower. */
bool regex_has_jit(struct regex *);

const struct rule *regex_rule(const struct regex *);
enum rule_role regex_role(const struct regex *);
/* Whether it has a group of this name: "ip", "user" or "session". */
bool regex_names(const struct regex *, const char *group);

/* The memory that a run needs, large enough for each expression of the list. */
struct regex_scratch *regex_scratch_new(struct regex *const *list,
    size_t count);
void regex_scratch_free(struct regex_scratch **);

/* 1: matches, and *out is set. 0: does not match. -1: the line grants nothing,
 * but should be logged (limit exceeded, control bytes, captured text that is
 * not an address): err and out->doubt are set. */
int regex_match(struct regex *, struct regex_scratch *,
    const struct logline *, struct match *out, struct err *);

/* How far an expression gets that does not match: text_at bytes of the text
 * matched, the part of the expression at regex_at did not. Slow. */
void regex_farthest(const struct regex *, struct regex_scratch *,
    const struct logline *, size_t *text_at, size_t *regex_at);

#endif
