/*
 * rule_skeleton: a draft of a pattern file for a line that no rule matches.
 */
#ifndef TOOLS_EXPLAIN_RULE_SKELETON_H
#define TOOLS_EXPLAIN_RULE_SKELETON_H

#include <stdio.h>

struct logline;

/*
 * Writes it as YAML. The first address becomes (?<ip>...), what looks like the
 * user (?<user>...), and numbers match any number; all else matches itself. 0;
 * -1: nothing was written, since the line has no address or has bytes that YAML
 * cannot hold.
 */
int rule_skeleton_write(FILE *, const struct logline *);

#endif
