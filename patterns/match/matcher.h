/*
 * matcher: finds the rule that a line matches, and what the rule captures.
 *
 * Rules are chosen by header and program, through a hash table, before any
 * expression runs: a line of another program costs one lookup, however many
 * servers are supported. If no rule has the whole name of a program, the part
 * after its last slash is looked up, which a rule has after a star.
 */
#ifndef PATTERNS_MATCH_MATCHER_H
#define PATTERNS_MATCH_MATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "patterns/line/logline.h"
#include "patterns/match/regex.h"
#include "patterns/match/rules.h"

struct matcher;

/* Which rules are used. All zero: those that are not optional. */
struct rule_choice {
	const char *const *enabled; /* optional rules, by name */
	size_t nenabled;
	bool all;     /* also all optional rules */
	bool logouts; /* also the rules that match the end of a session */
};

/* Checks that there is a rule for each enabled name: 0, or -1 and err. */
int matcher_check_choice(const struct ruleset *, const struct rule_choice *,
    struct err *);

/*
 * Compiles the chosen rules (NULL: as all zero). The ruleset must outlive the
 * matcher. NULL: err is "file:line: what is wrong". An enabled name without a
 * rule is an error.
 */
struct matcher *matcher_new(const struct ruleset *, const struct rule_choice *,
    struct err *);
void matcher_free(struct matcher **);

/* A matcher for another thread: it shares the compiled rules and has scratch
 * memory of its own. The original must outlive it. */
struct matcher *matcher_clone(const struct matcher *);

/* Whether this expression was compiled and has a group of this name: "ip",
 * "user" or "session". */
bool matcher_names(const struct matcher *, const struct rule *, enum rule_role,
    const char *group);

/* false: the system forbids PCRE2's JIT; matching works, but is slower. */
bool matcher_has_jit(const struct matcher *);

/*
 * 1: a rule matches, and *out is set; recognize() decides whether that is a
 * login. 0: no rule matches. -1: the line grants nothing, but should be logged
 * (match limit exceeded, control bytes in the text, captured text that is not
 * an address); err has the rule and the reason.
 */
int matcher_match(struct matcher *, const struct logline *, struct match *out,
    struct err *);

/* The two halves of matcher_match(): the rules for the program that the line
 * names, or NULL; and what they make of the line. */
const struct program *matcher_program(const struct matcher *,
    const struct logline *);
int matcher_match_program(struct matcher *, const struct program *,
    const struct logline *, struct match *out, struct err *);

/* The same, if it is known which prefixes the text can have (prefilter.h). */
int matcher_match_candidates(struct matcher *, const struct program *,
    uint64_t candidates, const struct logline *, struct match *out,
    struct err *);

/* How one expression did with a line, for pbsctl explain. */
struct attempt {
	const struct rule *rule;
	enum rule_role role;
	int fits;	    /* what matcher_match() would return */
	struct match match; /* if fits is 1 */
	struct err err;	    /* if fits is -1 */
	/* If fits is 0: text_at bytes of the text (of the whole line, if the
	 * rule has `line: true`) matched, and the part of the expression at
	 * regex_at did not. If that is its end, the text had bytes left. */
	size_t text_at, regex_at;
};

typedef void matcher_attempt_fn(void *arg, const struct attempt *);

/* Tries all expressions of the line's program in their order, even after one
 * that matches, and returns their number. Slow: it compiles them again. */
size_t matcher_explain(struct matcher *, const struct logline *,
    matcher_attempt_fn *, void *arg);

#endif
