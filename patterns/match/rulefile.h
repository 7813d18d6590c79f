/*
 * rulefile: one pattern file, read and validated whole.
 */
#ifndef PATTERNS_MATCH_RULEFILE_H
#define PATTERNS_MATCH_RULEFILE_H

struct err;
struct ruleset;

/* Puts its rules behind those of the set, all or, if that failed, some: 0, or
 * -1, and err says "file:line: what". */
int rulefile_add(struct ruleset *, const char *path, struct err *);

#endif
