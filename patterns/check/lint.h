/*
 * lint: finds what is wrong or doubtful in a rule, beyond what its samples
 * show.
 */
#ifndef PATTERNS_CHECK_LINT_H
#define PATTERNS_CHECK_LINT_H

#include <stdbool.h>
#include <time.h>

struct recognizer;
struct rule;
struct ruleset;

enum { LINT_ACCEPT_MIN = 1, LINT_REJECT_MIN = 3 };

/* why is borrowed. A fault must be corrected; any other finding is a warning to
 * think about. */
typedef void lint_fn(void *arg, const struct rule *, bool fault,
    const char *why);

/* Calls fn for each finding. The rule must be one of the set, and the
 * recognizer must have it: its samples are run with very long text in them.
 * now: as for recognize(). */
void lint_rule(const struct rule *, const struct ruleset *,
    struct recognizer *, time_t now, lint_fn *, void *arg);

#endif
