/*
 * injection_points: the places in a rule's samples where strangers can write.
 *
 * In a login, the rule shows them: they are what its groups captured, and each
 * word that may be replaced by another so that the rule still matches. Before
 * the address, and as a user name, a stranger can write anything: a name, or a
 * host name in the DNS. After the address, all but a user name comes from the
 * server (a session id, a count): such a point is closed, and gets only bytes
 * that the rule accepts.
 *
 * In a line that is not a login, the logins of the rule show them: they are
 * what follows a word that precedes a user or a host in a login, what is in
 * quotes, and other occurrences of such a text. The text beside 6.6.6.6 is one
 * as well: this is the attacker's address in all samples.
 */
#ifndef PATTERNS_CHECK_INJECTION_POINTS_H
#define PATTERNS_CHECK_INJECTION_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "patterns/check/sample_run.h"
#include "patterns/match/regex_tokens.h"

struct recognizer;
struct rule;
struct sample;

struct injection_point {
	const struct sample *sample;
	bool accept;	   /* of an accept sample */
	size_t line;	   /* index in the sample's sample_run */
	size_t begin, end; /* of that line; may be empty */
	bool again;	   /* the server writes the same text a second ... */
	size_t begin2, end2; /* ... time, further right, here */
	bool asked, completes; /* for forge: can a login end here? */
	bool closed;	   /* only bytes of admits can be written here */
	struct byte_set admits;
	/* The addresses that the line may give, whatever is written here. */
	struct sample_run_addrs allowed;
};

struct injection_points {
	struct injection_point *list;
	size_t count;
};

/* Finds those of all samples of a rule. The recognizer must have all rules.
 * now: as for recognize(). */
void injection_points_find(struct injection_points *, struct recognizer *,
    const struct rule *, time_t now);
void injection_points_clear(struct injection_points *);

#endif
