/*
 * perlpattern: an expression of the Perl program made into one of ours.
 *
 * Theirs were searched for anywhere in the line and could end anywhere; ours
 * must fit the line from its first byte to its last. Theirs named what they
 * capture by number.
 */
#ifndef TOOLS_PERLPATTERN_H
#define TOOLS_PERLPATTERN_H

#include <stdbool.h>

struct strings;

/* Results are the caller's to free. */

/* With what [LOGTIME] stands for. */
char *perlpattern_with_time(const char *expression, const char *logtime);

/* Such that it fits the whole line: with `.*' where it was open. */
char *perlpattern_closed(const char *expression, bool *open_front,
    bool *open_back);

/* With the capturing group of this number named; NULL: it has none such. */
char *perlpattern_named(const char *expression, unsigned int number,
    const char *name);

unsigned int perlpattern_groups(const char *expression);

/*
 * The programs that it can stand for: what comes behind [LOGTIME] and a host,
 * up to `[' or `:'. 0; -1: it is not said plainly, or there are too many.
 */
int perlpattern_programs(const char *expression, struct strings *);

#endif
