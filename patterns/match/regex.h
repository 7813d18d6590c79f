/*
 * regex: one of a rule's expressions, compiled, and what it captures.
 *
 * Compiled by PCRE2 with JIT, without UTF, anchored at both ends, run under a
 * match limit. The JIT is left to the first run. An expression may be run by
 * several threads, each with a scratch of its own.
 */
#ifndef PATTERNS_MATCH_REGEX_H
#define PATTERNS_MATCH_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "patterns/match/rules.h"

struct err;
struct regex;
struct regex_scratch;

/* PCRE2's match limit: shipped rules need some hundreds for a real line; what
 * needs more than this is an attack, and grants nothing. */
enum { REGEX_LIMIT = 10000 };

/* What fitted. Borrowed: user, session and ip point into the line. NULL: the
 * rule names none. */
struct match {
	const struct rule *rule;
	enum rule_role role; /* which of its expressions */
	struct addr addr;    /* family 0 = it names none: not of RULE_MATCH */
	const char *user, *session, *ip; /* ip: the address as it is written */
	size_t user_len, session_len, ip_len;
};

/* NULL: err says "file:line: rule 'name': what is wrong, and where". The rule
 * must outlive it. */
struct regex *regex_new(const struct rule *, enum rule_role,
    struct err *);
void regex_free(struct regex **);

/* Compiles it to machine code, if that was not tried yet. false: the system
 * forbids it (systemd's MemoryDenyWriteExecute=); matching is right, but
 * slower. */
bool regex_has_jit(struct regex *);

const struct rule *regex_rule(const struct regex *);
enum rule_role regex_role(const struct regex *);
/* Whether it names this group: "ip", "user" or "session". */
bool regex_names(const struct regex *, const char *group);

/* What a run needs beside the expression; good for any of the list. */
struct regex_scratch *regex_scratch_new(struct regex *const *list,
    size_t count);
void regex_scratch_free(struct regex_scratch **);

/* 1 and *out; 0: it does not fit; -1: it grants nothing, but is worth saying
 * (limit hit, control bytes, captured text that is no address): err. */
int regex_match(struct regex *, struct regex_scratch *,
    const struct logline *, struct match *out, struct err *);

/* How far an expression gets that does not fit: so many bytes of what it was
 * shown fitted, and this part of it was wanted next. Slow. */
void regex_farthest(const struct regex *, struct regex_scratch *,
    const struct logline *, size_t *text_at, size_t *regex_at);

#endif
