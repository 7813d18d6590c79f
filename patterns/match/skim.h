/*
 * skim: leaves out the lines of a block in which nothing can be found.
 *
 * Most lines of a log come from programs without rules, and most lines of the
 * others do not begin as any login does. Both show in the first few bytes. Many
 * lines are looked at together, each step for all of them, and nearly without
 * branches: so it takes less time than to find the ends of the lines one by
 * one.
 */
#ifndef PATTERNS_MATCH_SKIM_H
#define PATTERNS_MATCH_SKIM_H

#include <stddef.h>
#include <stdint.h>

#include "patterns/line/peek.h"

struct program;
struct skim;

/* A line in which something may be found; its newline and a CR are not part of
 * it. */
struct skimmed {
	const char *line;
	size_t len;
	/* What is known of it. rules: of its program; or NULL: nothing is. */
	const struct program *rules;
	uint64_t candidates; /* the prefixes that it can have */
	struct peek peek;
};

/* start: how the line before began. Whoever reads a line that skim_next() hands
 * out, and of which nothing is known, updates it before the next call. */
struct skim *skim_new(struct linestart *start);
void skim_free(struct skim **);

/* Remembers the program of a line. rules: NULL if it has none. */
void skim_learn(struct skim *, const struct logline *,
    const struct program *rules);

/* Takes whole lines, each with its newline. They are borrowed, and those of the
 * block before are forgotten. */
void skim_begin(struct skim *, const char *lines, size_t len);

/*
 * The next line in which something may be found, or NULL at the end of the
 * block. It is borrowed until the next call. Adds to *read how many lines were
 * read for that; those that are too long are left out and not counted.
 */
const struct skimmed *skim_next(struct skim *, uint64_t *read);

#endif
