/*
 * rulefile: one pattern file, read and validated.
 */
#ifndef PATTERNS_MATCH_RULEFILE_H
#define PATTERNS_MATCH_RULEFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "patterns/match/rules.h"

/* Far more than we ship; what exceeds this is a mistake or a prank. */
enum { RULES_MAX = 10000 };

struct rulefile {
	/* Those before the first error, and the part of a rule in which it
	 * is. */
	struct rule *list;
	unsigned int *name_lines; /* of each rule */
	size_t count;
	/* How many rules are in the file, and the line where they begin. 0: an
	 * error was found before that. If there are more than RULES_MAX, they
	 * were not read. */
	size_t all;
	unsigned int line;
	bool failed;
	struct err err; /* if it failed */
};

/* Reads a file into a struct of zeros. bare: the rules have no samples, which
 * are not even parsed if the file is written as ours are. It does not look for
 * names that another rule has, in the same file or in another one. */
void rulefile_read(struct rulefile *, const char *path, bool bare);

#endif
