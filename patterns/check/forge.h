/*
 * forge: attacks, made out of the samples of the rules.
 *
 * A forgery is a sample in which a stranger has written into one place
 * (patterns/check/injection_points.h) what may fool a rule (patterns/check/payload.h), or a line
 * that was torn and runs on with another one. What may come out of it is what
 * comes out of the sample itself: of a login its address, of anything else
 * nothing. Pure: the same seed gives the same forgeries.
 *
 * Some things no program can tell, and so they are not made: a whole line,
 * header included, behind a newline that the server or its syslogd lets pass;
 * a login that ends where a stranger's text ends, by a newline or because it
 * was cut; and a line that was cut within an address that stands at its end.
 */
#ifndef PATTERNS_CHECK_FORGE_H
#define PATTERNS_CHECK_FORGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "patterns/check/sample_run.h"

struct forge;
struct recognizer;
struct rule;
struct ruleset;
struct sample;

/* Borrowed, until the next one is made. */
struct forgery {
	const struct rule *rule;
	const struct sample *sample;
	const char *what; /* was written there: "a success" */
	struct sample_run trial;
	struct sample_run_addrs allowed;
	/* What was written: these bytes of that line of the trial. */
	size_t line, begin, end;
	bool torn; /* of what stands before it the rest is gone */
};

/* The recognizer must have all rules of the set; both must outlive it. now:
 * as for recognize(). */
struct forge *forge_new(const struct ruleset *, struct recognizer *,
    uint64_t seed, time_t now);
void forge_free(struct forge **);

/* One for the rule with this number. false: it has no samples, or no
 * rule accepts its own. */
bool forge_make(struct forge *, size_t rule, struct forgery *out);

/* true: an address came out that must not; which one. */
bool forge_fools(struct forge *, const struct forgery *, struct addr *granted);

/* Takes away of what was written all that is not needed to fool. */
void forge_shorten(struct forge *, struct forgery *);

#endif
