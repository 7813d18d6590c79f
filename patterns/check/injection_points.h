/*
 * injection_points: where in the lines of a rule's samples strangers write.
 *
 * Of a login, the rule itself tells: what its groups captured, and each word
 * in whose place it takes another one. Before the address, and as a user, a
 * stranger may write anything: his name, his host's name in the DNS. What is
 * behind the address, and no user, is the server's own (a session's id, a
 * count): there only bytes come that the rule lets stand.
 *
 * Of a line that is no login, the logins tell: what follows the same words as
 * a user or a host does there, what is in quotes, and the same text again
 * elsewhere; and what stands beside 6.6.6.6, the address of the attackers in
 * all samples.
 */
#ifndef PATTERNS_CHECK_INJECTION_POINTS_H
#define PATTERNS_CHECK_INJECTION_POINTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "patterns/check/sample_run.h"

struct recognizer;
struct rule;
struct sample;

struct injection_point {
	const struct sample *sample;
	bool accept;	   /* of an accept sample */
	size_t line;	   /* which of the sample's trial */
	size_t begin, end; /* of that line; may be empty */
	bool again;	   /* what is written here stands ... */
	size_t begin2, end2; /* ... here, too; behind the first */
	bool asked, may_end; /* forge's: may a line end behind it? */
	bool closed;	   /* only bytes of admits can be here */
	uint32_t admits[8];
	/* Who may come out whatever is written here. */
	struct sample_run_addrs allowed;
};

struct injection_points {
	struct injection_point *list;
	size_t count;
};

static inline bool
place_admits(const struct injection_point *p, unsigned char c)
{
	return p->admits[c / 32] >> c % 32 & 1;
}

/* Those of all samples of a rule. The recognizer must have all rules. */
void injection_points_find(struct injection_points *, struct recognizer *, const struct rule *,
    time_t now);
void injection_points_clear(struct injection_points *);

#endif
