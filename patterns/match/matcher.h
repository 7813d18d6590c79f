/*
 * matcher: which rule does a line fit, and what does it name?
 *
 * Rules are chosen by header and program, through a hash, before any
 * expression runs: a line of any other program costs one lookup, however many
 * servers are supported. A program that no rule names goes by its last part,
 * if a rule names that, with a star before its slash.
 */
#ifndef PATTERNS_MATCH_MATCHER_H
#define PATTERNS_MATCH_MATCHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "patterns/line/logline.h"
#include "patterns/match/regex.h"
#include "patterns/match/rules.h"

struct matcher;

/* Which rules are to count. All zero: those that are not optional. */
struct rule_choice {
	const char *const *enabled; /* optional rules, by name */
	size_t nenabled;
	bool all;     /* every optional one, too */
	bool logouts; /* those that tell the end of a session, too */
};

/* Whether each name that is enabled is a rule's: 0, or -1 and err. */
int matcher_check_choice(const struct ruleset *, const struct rule_choice *,
    struct err *);

/*
 * Compiles the rules that are chosen (NULL: as all zero). The ruleset must
 * outlive the matcher. NULL: err says "file:line: what is wrong". An enabled
 * name that no rule has is an error.
 */
struct matcher *matcher_new(const struct ruleset *, const struct rule_choice *,
    struct err *);
void matcher_free(struct matcher **);

/* For another thread: the same rules, compiled once, and room of its own to
 * match in. The first must outlive it. */
struct matcher *matcher_clone(const struct matcher *);

/* Whether an expression that was compiled names this group: "ip", "user" or
 * "session". */
bool matcher_names(const struct matcher *, const struct rule *, enum rule_role,
    const char *group);

/* false: the system forbids it; matching is right, but slower. */
bool matcher_has_jit(const struct matcher *);

/*
 * 1: a line of a rule, *out filled; whether that makes a login is for
 * recognize() to say. 0: not one. -1: grants nothing, but worth saying (limit
 * hit, control bytes in the text, captured text that is no address); err says
 * the rule and why.
 */
int matcher_match(struct matcher *, const struct logline *, struct match *out,
    struct err *);

/* For those who explain: how one expression did with a line. */
struct attempt {
	const struct rule *rule;
	enum rule_role role;
	int fits;	    /* as matcher_match() */
	struct match match; /* if it is 1 */
	struct err err;	    /* if it is -1 */
	/* If it is 0: so many bytes of the text (of the line, for a rule that
	 * sees it whole) fitted, and this part of the expression was wanted
	 * next; at its end, nothing more was wanted. */
	size_t text_at, regex_at;
};

typedef void matcher_attempt_fn(void *arg, const struct attempt *);

/* Tries all expressions of the line's program, in their order, also behind one
 * that fits. Returns how many there are. Slow: it compiles them anew. */
size_t matcher_explain(struct matcher *, const struct logline *,
    matcher_attempt_fn *, void *arg);

#endif
