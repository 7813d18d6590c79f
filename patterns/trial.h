/*
 * trial: which addresses come out of some lines?
 */
#ifndef PATTERNS_TRIAL_H
#define PATTERNS_TRIAL_H

#include <stddef.h>
#include <time.h>

#include "base/addr.h"

struct recognizer;
struct sample;

enum { TRIAL_LINES = 8, TRIAL_ADDRS = 8 };

/* Borrowed bytes, without a newline. */
struct trial_line {
	const char *bytes;
	size_t len;
};

struct trial {
	struct trial_line lines[TRIAL_LINES];
	size_t nlines;
};

/* A set of addresses. */
struct trial_addrs {
	struct addr list[TRIAL_ADDRS];
	size_t count;
};

/* The lines of a sample; of a longer one the last. */
void trial_of_sample(struct trial *, const struct sample *);

/*
 * Adds each address that a login or a logout names, the recognizer beginning
 * with nothing seen, until there is no room for more. now: as for recognize().
 */
void trial_run(const struct trial *, struct recognizer *, time_t now,
    struct trial_addrs *);

/* NULL: `some` has none that `allowed` has not. */
const struct addr *trial_beyond(const struct trial_addrs *some,
    const struct trial_addrs *allowed);

#endif
