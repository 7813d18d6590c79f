/*
 * lint: what is wrong with a rule, or doubtful, though its samples are right.
 */
#ifndef PATTERNS_CHECK_LINT_H
#define PATTERNS_CHECK_LINT_H

#include <stdbool.h>
#include <time.h>

struct recognizer;
struct rule;
struct ruleset;

enum { LINT_ACCEPT_MIN = 1, LINT_REJECT_MIN = 3 };

/* why is borrowed until the call returns. A fault is to be mended; what is
 * none is to be thought over. */
typedef void lint_fn(void *arg, const struct rule *, bool fault,
    const char *why);

/* Calls fn for each finding. The recognizer must have the rule, which is one of
 * the set; its samples are run, with much text in them. now: as for
 * recognize(). */
void lint_rule(const struct rule *, const struct ruleset *,
    struct recognizer *, time_t now, lint_fn *, void *arg);

#endif
