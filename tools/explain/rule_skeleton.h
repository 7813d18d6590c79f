/*
 * rule_skeleton: a pattern file for a line that no rule knows, to be finished by hand.
 */
#ifndef TOOLS_EXPLAIN_RULE_SKELETON_H
#define TOOLS_EXPLAIN_RULE_SKELETON_H

#include <stdio.h>

struct logline;

/*
 * Writes it as YAML. What looks like the address becomes (?<ip>...), what
 * looks like the user (?<user>...), numbers any numbers, all else itself. 0;
 * -1: nothing was written, as the line holds no address, or what YAML cannot.
 */
int rule_skeleton_write(FILE *, const struct logline *);

#endif
