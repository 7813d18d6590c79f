/*
 * programs: the expressions to try on a line, by the program that wrote it.
 *
 * A hash table, asked before any expression runs: the line of a program without
 * rules costs one lookup, or two if the program's name contains a slash.
 */
#ifndef PATTERNS_MATCH_PROGRAMS_H
#define PATTERNS_MATCH_PROGRAMS_H

#include <stddef.h>
#include <stdint.h>

#include "patterns/line/logline.h"
#include "patterns/match/prefilter.h"

struct regex;
struct programs;

struct candidate {
	struct regex *expression; /* borrowed */
	uint64_t prefixes;	  /* its bits in the program's filter */
};

/* The expressions of one program, in the order they were added. */
struct program {
	struct candidate *list; /* those to try */
	size_t count;
	struct prefilter *filter; /* of the whole list */
	/* And all: also those that can never have a say. */
	struct regex **added;
	size_t nadded;
};

/* A table of at most max names. */
struct programs *programs_new(size_t max);
void programs_free(struct programs **);

/* Adds an expression to a program. The name is borrowed; one that begins with a
 * slash, as "/imap", means each name that ends so. */
void programs_add(struct programs *, const char *name, struct regex *);

/* NULL: no rule names the line's program. Whoever finds a program first makes
 * its list and filter; several threads may do so. */
const struct program *programs_find(const struct programs *,
    const struct logline *);

#endif
