/*
 * programs: which expressions are to be asked about a line, by who wrote it.
 *
 * Found through a hash before any expression runs: a line of any other program
 * costs one lookup, or two if its name has a slash in it.
 */
#ifndef PATTERNS_MATCH_PROGRAMS_H
#define PATTERNS_MATCH_PROGRAMS_H

#include <stddef.h>

#include "patterns/line/logline.h"
#include "patterns/match/prefilter.h"

struct regex;
struct programs;

struct candidate {
	struct regex *expression; /* borrowed */
	unsigned int openings;	       /* its bits in the program's filter */
};

/* The expressions of one program, in the order in which they were added. */
struct program {
	struct candidate *list;
	size_t count;
	struct prefilter filter; /* of all in list */
};

/* Of at most so many names. */
struct programs *programs_new(size_t max);
void programs_free(struct programs **);

/* name is borrowed: a program's, as a rule has it; or, to mean any name that
 * ends so, "/imap". The openings are those of the expression. */
void programs_add(struct programs *, const char *name, struct regex *,
    const struct regex_prefixes *);

/* NULL: no rule is about it. */
const struct program *programs_find(const struct programs *,
    const struct logline *);

#endif
