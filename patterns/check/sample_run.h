/*
 * sample_run: which addresses come out of some lines?
 */
#ifndef PATTERNS_CHECK_SAMPLE_RUN_H
#define PATTERNS_CHECK_SAMPLE_RUN_H

#include <stddef.h>
#include <time.h>

#include "base/addr.h"

struct recognizer;
struct sample;

enum { SAMPLE_RUN_LINES = 8, SAMPLE_RUN_ADDRS = 8 };

/* Borrowed bytes, without a newline. */
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

/* The lines of a sample; of a longer one the last. */
void sample_run_of(struct sample_run *, const struct sample *);

/*
 * Adds each address that a login or a logout names, the recognizer beginning
 * with nothing seen, until there is no room for more. now: as for recognize().
 */
void sample_run_run(const struct sample_run *, struct recognizer *, time_t now,
    struct sample_run_addrs *);

/* NULL: `some` has none that `allowed` has not. */
const struct addr *sample_run_beyond(const struct sample_run_addrs *some,
    const struct sample_run_addrs *allowed);

#endif
