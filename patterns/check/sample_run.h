/*
 * sample_run: runs lines through a recognizer and collects the addresses.
 */
#ifndef PATTERNS_CHECK_SAMPLE_RUN_H
#define PATTERNS_CHECK_SAMPLE_RUN_H

#include <stddef.h>
#include <time.h>

#include "base/addr.h"

struct recognizer;
struct sample;

enum { SAMPLE_RUN_LINES = 8, SAMPLE_RUN_ADDRS = 8 };

/* Borrowed, without a newline. */
struct sample_run_line {
	const char *bytes;
	size_t len;
};

struct sample_run {
	struct sample_run_line lines[SAMPLE_RUN_LINES];
	size_t nlines;
};

/* A set of addresses. */
struct sample_run_addrs {
	struct addr list[SAMPLE_RUN_ADDRS];
	size_t count;
};

/* Sets the lines to those of a sample; if it has more than
 * SAMPLE_RUN_LINES, to the last of them. */
void sample_run_set(struct sample_run *, const struct sample *);

/*
 * Makes the recognizer forget what it has seen, and adds the address of each
 * login and logout to a set, until that is full. now: as for recognize().
 */
void sample_run_collect(const struct sample_run *, struct recognizer *,
			time_t now, struct sample_run_addrs *);

/* The first of `some` that is not in `allowed`, or NULL. */
const struct addr *sample_run_beyond(const struct sample_run_addrs *some,
				     const struct sample_run_addrs *allowed);

#endif
