/*
 * sample_check: checks a rule against its samples.
 */
#ifndef PATTERNS_CHECK_SAMPLE_CHECK_H
#define PATTERNS_CHECK_SAMPLE_CHECK_H

#include <time.h>

struct err;
struct recognizer;
struct rule;
struct sample;

/*
 * Makes a recognizer, which must have all rules, forget what it has seen, and
 * runs the lines of a sample through it. An accept sample must give exactly one
 * login (or logout), by this rule, with this address, user and session; a
 * reject sample must give none by this rule. Returns 0, or -1 and err: what it
 * gave instead. now: as for recognize().
 */
int sample_check_accept(struct recognizer *, const struct rule *,
    const struct sample *, time_t now, struct err *);
int sample_check_reject(struct recognizer *, const struct rule *,
    const struct sample *, time_t now, struct err *);

#endif
