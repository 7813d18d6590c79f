#include "tools/relaycheck/relay_probe.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "tools/relaycheck/relay_forms.h"
#include "tools/relaycheck/relay_names.h"

static bool
is_class(const struct smtp_reply *reply, int class)
{
	return reply->code / 100 == class;
}

bool
probe_accepted(const struct probe_answer *answer)
{
	return answer->stage == STAGE_RCPT && is_class(&answer->reply, 2);
}

bool
probe_refused_sender(const struct probe_answer *answer)
{
	/* Postfix refuses the sender only at RCPT (smtpd_delay_reject). */
	static const char *const status[] = {"5.1.7", "5.1.8", "5.7.27",
					     "4.1.7", "4.1.8"};

	if (answer->reply.code == 0 || is_class(&answer->reply, 2))
		return false;
	for (size_t i = 0; i < sizeof(status) / sizeof(status[0]); i++)
		if (smtp_reply_has_status(&answer->reply, status[i]))
			return true;
	return answer->stage == STAGE_MAIL && answer->reply.code != 530;
}

/* Whether the server refuses to go on like this, whatever the form: it did not
 * take the command before (503), does not know this one, or talks only over TLS
 * (RFC 3207: 530). */
static bool
refuses_all(const struct probe_answer *answer)
{
	int code = answer->reply.code;

	return code == 503 ||
	       (answer->stage != STAGE_RCPT && (code == 500 || code == 502)) ||
	       (code == 530 && strcasestr(answer->reply.text, "TLS") != NULL);
}

/* Whether a refusal is an answer to what the form tries. */
static bool
concerns(const struct relay_form *form, const struct probe_answer *answer)
{
	if (answer->stage == STAGE_HELO)
		return form->helo != NULL;
	return !(form->any_sender && probe_refused_sender(answer));
}

enum relay_verdict
probe_judge(const struct relay_form *form, bool refuses_unknown,
	    const struct probe_answer *answer)
{
	if (probe_accepted(answer))
		return form->tail == NULL || refuses_unknown ? VERDICT_OPEN
							     : VERDICT_UNCLEAR;
	if (!is_class(&answer->reply, 5) || answer->stage == STAGE_CONNECT)
		return VERDICT_UNCLEAR;
	if (refuses_all(answer) || !concerns(form, answer))
		return VERDICT_UNCLEAR;
	return VERDICT_CLOSED;
}

/* ---- the conversation ---- */

static void
hang_up(struct relay_probe *probe)
{
	smtp_close(&probe->session);
	probe->greeted = false;
}

/* Sends word and argument. 0, or -1: no reply, or one not of class 2. */
static int
say(struct relay_probe *probe, enum probe_stage stage, const char *word,
    const char *argument, struct probe_answer *answer)
{
	char *command = alloc_format("%s%s", word, argument);
	int failed =
	    smtp_ask(&probe->session, command, &answer->reply, &answer->err);

	free(command);
	answer->stage = stage;
	if (failed)
		answer->reply.code = 0;
	return !failed && is_class(&answer->reply, 2) ? 0 : -1;
}

/* Makes a connection; -1: the server does not greet us as one that it serves.
 */
static int
reach(struct relay_probe *probe, struct probe_answer *answer)
{
	probe->connections++;
	probe->refusals = probe->questions = 0;
	answer->stage = STAGE_CONNECT;
	if (smtp_open(&probe->session, probe->place, &answer->reply,
		      &answer->err) != 0) {
		answer->reply.code = 0;
		return -1;
	}
	return is_class(&answer->reply, 2) ? 0 : -1;
}

/* RFC 5321, 4.1.4: a client without a name gives its address. */
static int
say_helo(struct relay_probe *probe, const char *name,
	 struct probe_answer *answer)
{
	char *literal = relay_literal(&probe->session.own);
	int result =
	    say(probe, STAGE_HELO, "HELO ", name ? name : literal, answer);

	free(literal);
	probe->helo = name;
	probe->greeted = result == 0;
	return result;
}

static bool
is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Whether the next question, with this HELO, needs another connection. */
static bool
is_used_up(const struct relay_probe *probe, const char *helo)
{
	return probe->refusals >= PROBE_REFUSALS ||
	       probe->questions >= PROBE_QUESTIONS ||
	       (probe->greeted && !is_same(helo, probe->helo));
}

/* 0: all was accepted; -1: something was not. */
static int
converse(struct relay_probe *probe, const char *helo, const char *sender,
	 const char *recipient, struct probe_answer *answer)
{
	if (probe->session.fd < 0 && reach(probe, answer) != 0)
		return -1;
	if (!probe->greeted && say_helo(probe, helo, answer) != 0)
		return -1;
	if (probe->questions++ > 0 &&
	    say(probe, STAGE_HELO, "RSET", "", answer) != 0)
		return -1;
	if (say(probe, STAGE_MAIL, "MAIL FROM:", sender, answer) != 0)
		return -1;
	return say(probe, STAGE_RCPT, "RCPT TO:", recipient, answer);
}

/* Whether the server hung up, or is about to (421). */
static bool
broke(const struct probe_answer *answer)
{
	return answer->reply.code == 0 || answer->reply.code == 421;
}

/* Whether nothing more will be said: too many questions failed in a row, or all
 * connections are used up. */
static bool
is_over(const struct relay_probe *probe)
{
	return probe->failures >= PROBE_FAILURES ||
	       probe->connections >= PROBE_CONNECTIONS;
}

void
probe_ask(struct relay_probe *probe, const char *helo, const char *sender,
	  const char *recipient, struct probe_answer *answer)
{
	*answer = (struct probe_answer){.stage = STAGE_CONNECT};
	err_set(&answer->err,
		"not asked: the server no longer answers, or %d "
		"connections were not enough",
		PROBE_CONNECTIONS);
	for (int attempt = 0; attempt < 2 && !is_over(probe); attempt++) {
		if (is_used_up(probe, helo))
			hang_up(probe);
		if (converse(probe, helo, sender, recipient, answer) != 0)
			probe->refusals++;
		if (!broke(answer)) {
			probe->failures = 0;
			return;
		}
		hang_up(probe);
	}
	probe->failures++;
}

int
probe_begin(struct relay_probe *probe, const struct smtp_place *place,
	    struct smtp_reply *greeting, struct err *err)
{
	struct probe_answer answer;
	char text[SMTP_TEXT_MAX];
	int result;

	*probe = (struct relay_probe){.place = place, .session = {.fd = -1}};
	result = reach(probe, &answer);
	*greeting = answer.reply;
	if (result == 0)
		return 0;
	if (answer.reply.code == 0) {
		*err = answer.err;
		return -1;
	}
	log_printable(text, sizeof(text), greeting->text, greeting->text_len);
	return err_set(err, "the server does not serve us: %d %s",
		       greeting->code, text);
}

void
probe_end(struct relay_probe *probe)
{
	hang_up(probe);
}
