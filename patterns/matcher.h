/*
 * matcher: which rule does a line fit, and what does it name?
 *
 * Rules are chosen by header and program, through a hash, before any
 * expression runs: a line of any other program costs one lookup, however many
 * servers are supported. Expressions are compiled by PCRE2 with JIT, without
 * UTF, anchored at both ends, under a match limit.
 */
#ifndef PATTERNS_MATCHER_H
#define PATTERNS_MATCHER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "patterns/logline.h"
#include "patterns/rules.h"

struct err;
struct matcher;

/* PCRE2's match limit: shipped rules need some hundreds for a real line; what
 * needs more than this is an attack, and grants nothing. */
enum { MATCHER_LIMIT = 10000 };

/* Borrowed: user points into the line. */
struct match {
	const struct rule *rule;
	struct addr addr;
	const char *user; /* NULL = the rule names none */
	size_t user_len;
};

/*
 * Compiles all rules; optional ones only if named in enabled. The ruleset
 * must outlive the matcher. NULL: err says "file:line: what is wrong".
 * An enabled name that no rule has is an error.
 */
struct matcher *matcher_new(const struct ruleset *, const char *const *enabled,
    size_t nenabled, struct err *);
void matcher_free(struct matcher **);

/* false: the system forbids it; matching is right, but slower. */
bool matcher_has_jit(const struct matcher *);

/*
 * 1: a login, *out filled. 0: not one. -1: grants nothing, but worth saying
 * (limit hit, control bytes in the text, captured text that is no address);
 * err says the rule and why.
 */
int matcher_match(struct matcher *, const struct logline *, struct match *out,
    struct err *);

#endif
