/*
 * sample_check: do the samples of a rule say what the rules say?
 */
#ifndef PATTERNS_CHECK_SAMPLE_CHECK_H
#define PATTERNS_CHECK_SAMPLE_CHECK_H

#include <time.h>

struct err;
struct recognizer;
struct rule;
struct sample;

/*
 * Runs the lines of a sample through a recognizer that has all rules,
 * beginning with nothing seen. An accept sample must give one login (or
 * logout), by this rule, with this address, user and session; a reject sample
 * must give none by this rule. 0; -1: err says what came out instead. now: as
 * for recognize().
 */
int sample_check_accept(struct recognizer *, const struct rule *,
    const struct sample *, time_t now, struct err *);
int sample_check_reject(struct recognizer *, const struct rule *,
    const struct sample *, time_t now, struct err *);

#endif
