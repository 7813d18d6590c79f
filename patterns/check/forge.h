/*
 * forge: makes attacks from the samples of the rules.
 *
 * A forgery is a sample with a payload (patterns/check/payload.h) at one of its
 * injection points (patterns/check/injection_points.h); a line that was cut, or
 * torn and continued with another one; a name of which the line has a second,
 * shortened copy; or whole
 * lines within a message with newlines. Half of them are written with another
 * header or in an envelope (patterns/check/wrapping.h). A forgery may only give
 * the addresses that the sample itself gives: a login's own, or none. The same
 * seed gives the same forgeries.
 *
 * Forgeries that no program could detect are not made: a whole line, header
 * included (or, in an envelope that has a stamp, without one), after a newline
 * that the server or its syslogd lets pass and that no rule recognizes by
 * `multiline:'; a login that ends where a stranger's text
 * ends, because of a newline in it, or because the line was cut at a length
 * below any syslogd's limit; and a line that was cut within an address at its
 * end.
 */
#ifndef PATTERNS_CHECK_FORGE_H
#define PATTERNS_CHECK_FORGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"
#include "patterns/check/sample_run.h"
#include "patterns/check/wrapping.h"

struct forge;
struct recognizer;
struct rule;
struct ruleset;
struct sample;

/* Borrowed: valid until the next one is made. */
struct forgery {
	const struct rule *rule;
	const struct sample *sample;
	const char *what; /* for people: what was written, "a success" */
	struct sample_run run;
	struct sample_run_addrs allowed;
	/* What was written: bytes begin to end of run.lines[line]. */
	size_t line, begin, end;
	bool torn; /* the line was cut there, and continues with another one */
	/* How the lines are logged, for people: "" or "CRI", "an ISO header". */
	const char *header, *envelope;
	struct wrapping wrapping;
};

/* The recognizer must have all rules of the set. Both must outlive the forge.
 * now: as for recognize(). */
struct forge *forge_new(const struct ruleset *, struct recognizer *,
    uint64_t seed, time_t now);
void forge_free(struct forge **);

/* Makes a forgery for the rule with this number. false: the rule has no accept
 * samples, or no rule accepts them. */
bool forge_make(struct forge *, size_t rule, struct forgery *out);

/* Whether the forgery gives an address that it must not give: *granted. */
bool forge_fools(struct forge *, const struct forgery *, struct addr *granted);

/* Trims the payload to what is needed to fool the rules. */
void forge_shorten(struct forge *, struct forgery *);

#endif
