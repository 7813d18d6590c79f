/*
 * unmatched: finds programs that have rules, but have logged for an hour
 * without a line that matches any of them. Most likely the server writes its
 * lines in a form that the rules do not know, or logs its logins elsewhere.
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
 * To be called when a line matched no rule, although its program has rules.
 * now: seconds of a clock that nobody sets. Once for each program, when its
 * first such line is an hour old, returns that line, printable and borrowed
 * until the next call; else NULL.
 */
const char *unmatched_line(struct unmatched *, const struct logline *,
			   int64_t now);

#endif
