/*
 * unmatched: programs that have rules, and log for an hour, while none of their
 * lines matches one: most likely the server writes another form of line than
 * the rules know, or logs its logins elsewhere.
 *
 * It need not see every line: the first of each batch is enough.
 */
#ifndef DAEMON_PIPELINE_UNMATCHED_H
#define DAEMON_PIPELINE_UNMATCHED_H

#include <stddef.h>
#include <stdint.h>

struct logline;
struct unmatched;

struct unmatched *unmatched_new(void);
void unmatched_free(struct unmatched **);

/* A line of this program has matched a rule: it is never reported any more. */
void unmatched_clear(struct unmatched *, const struct logline *);

/*
 * A line of a program that has rules matches none. now: seconds of a clock that
 * nobody sets. Once for each program, when its first such line is an hour old,
 * returns that line, printable and borrowed until the next call; else NULL.
 */
const char *unmatched_line(struct unmatched *, const struct logline *,
			   int64_t now);

#endif
