/*
 * relay_survey: all forms, asked of one server in their order.
 *
 * Before a form counts that ends in a domain of the server, an unknown mailbox
 * there is tried. If the server accepts that one, it accepts any recipient
 * there, and the form is left out, for it would prove nothing.
 */
#ifndef TOOLS_RELAYCHECK_RELAY_SURVEY_H
#define TOOLS_RELAYCHECK_RELAY_SURVEY_H

#include <stdbool.h>
#include <stddef.h>

#include "tools/relaycheck/relay_forms.h"
#include "tools/relaycheck/relay_probe.h"

enum { SURVEY_UNKNOWN_MAX = 64 };

/* What the server does with unknown mailboxes that end in a tail. */
struct relay_tail {
	char *tail;
	enum relay_verdict
	    unknown; /* OPEN: accepts them; CLOSED: refuses them */
};

struct relay_survey {
	struct relay_probe *probe;
	const struct relay_forms *forms;
	char unknown[SURVEY_UNKNOWN_MAX]; /* the mailbox that is not there */
	struct relay_tail *tails;
	size_t ntails;
	const char *sender; /* in place of the plain one, or NULL */
	/* Are called with arg: for each form that was asked, and for each tail
	 * whose forms are left out. */
	void (*found)(void *arg, const struct relay_form *, const char *sender,
		      enum relay_verdict, const struct probe_answer *);
	void (*left_out)(void *arg, const char *tail);
	void *arg;
};

/* Asks by the plain form, and returns the verdict. Set all members but tails,
 * ntails and sender before; these must be zero. */
enum relay_verdict relay_survey_begin(struct relay_survey *);

/* Asks all the other forms. */
void relay_survey_run(struct relay_survey *);

void relay_survey_end(struct relay_survey *);

#endif
