/*
 * relay_probe: asks a server by one form after the other, and judges.
 *
 * A question is MAIL and RCPT, taken back with RSET; DATA is never sent. One
 * connection is open at a time, and a new one is made after a few refusals,
 * since servers slow down for clients that make many errors, and then hang up
 * (Postfix: smtpd_soft_error_limit, smtpd_hard_error_limit). A question whose
 * connection broke is asked once more.
 */
#ifndef TOOLS_RELAYCHECK_RELAY_PROBE_H
#define TOOLS_RELAYCHECK_RELAY_PROBE_H

#include <stdbool.h>

#include "base/err.h"
#include "tools/relaycheck/smtp_reply.h"
#include "tools/relaycheck/smtp_session.h"

struct relay_form;

enum {
	PROBE_REFUSALS = 8,   /* then a new connection */
	PROBE_QUESTIONS = 30, /* the same; RSET is junk to Postfix */
	PROBE_CONNECTIONS = 100,
	PROBE_FAILURES = 3, /* questions in a row without a reply: give up */
	PROBE_TIMEOUT = 10 * 1000, /* milliseconds */
};

/* How far a question came. */
enum probe_stage { STAGE_CONNECT, STAGE_HELO, STAGE_MAIL, STAGE_RCPT };

/* The reply that decided. */
struct probe_answer {
	enum probe_stage stage;
	struct smtp_reply reply; /* code 0: there was none, for this reason: */
	struct err err;
};

enum relay_verdict { VERDICT_CLOSED, VERDICT_OPEN, VERDICT_UNCLEAR };

struct relay_probe {
	const struct smtp_place *place;
	struct smtp_session session;
	const char *helo; /* of the session, if it was greeted; borrowed */
	bool greeted;
	unsigned int connections, refusals, questions, failures;
};

/*
 * Connects for the first time. 0 and *greeting, or -1: the server cannot be
 * reached, does not greet, or does not want to talk to us; err says which. End
 * it with probe_end() in any case.
 */
int probe_begin(struct relay_probe *, const struct smtp_place *,
		struct smtp_reply *greeting, struct err *);
void probe_end(struct relay_probe *);

/* Asks whether the server takes a message from sender to recipient, both as
 * they follow "MAIL FROM:" and "RCPT TO:". helo NULL: our address; it must stay
 * until the next question. */
void probe_ask(struct relay_probe *, const char *helo, const char *sender,
	       const char *recipient, struct probe_answer *);

/* Whether RCPT was accepted. */
bool probe_accepted(const struct probe_answer *);

/* Whether it was refused because of the sender, so that nothing is known about
 * the recipient. */
bool probe_refused_sender(const struct probe_answer *);

/* What an answer to a form means. refuses_unknown: whether the server refuses
 * unknown mailboxes in the form's tail, so that what it accepts there cannot be
 * the name of one. */
enum relay_verdict probe_judge(const struct relay_form *, bool refuses_unknown,
			       const struct probe_answer *);

#endif
