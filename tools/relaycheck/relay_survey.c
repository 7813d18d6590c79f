#include "tools/relaycheck/relay_survey.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

static const char *
sender_for(const struct relay_survey *survey, const struct relay_form *form)
{
	return form->any_sender && survey->sender != NULL ? survey->sender
							  : form->sender;
}

/* An unknown mailbox is judged as a form that ends in no domain of the server:
 * "open" if it is accepted. */
static enum relay_verdict
ask_unknown(struct relay_survey *survey, const char *tail)
{
	const struct relay_form plain = {.any_sender = true};
	char *mailbox = relay_mailbox(survey->unknown, tail);
	struct probe_answer answer;

	probe_ask(survey->probe, NULL,
		  survey->sender ? survey->sender : survey->forms->list->sender,
		  mailbox, &answer);
	free(mailbox);
	return probe_judge(&plain, true, &answer);
}

/* What is known of the tail, or is asked now. */
static enum relay_verdict
unknown_in(struct relay_survey *survey, const char *tail)
{
	enum relay_verdict verdict;

	for (size_t i = 0; i < survey->ntails; i++)
		if (strcmp(survey->tails[i].tail, tail) == 0)
			return survey->tails[i].unknown;
	verdict = ask_unknown(survey, tail);
	survey->tails = alloc_resize(survey->tails, survey->ntails + 1,
				     sizeof(*survey->tails));
	survey->tails[survey->ntails++] =
	    (struct relay_tail){alloc_string(tail), verdict};
	if (verdict == VERDICT_OPEN)
		survey->left_out(survey->arg, tail);
	return verdict;
}

static enum relay_verdict
ask(struct relay_survey *survey, const struct relay_form *form,
    bool refuses_unknown, struct probe_answer *answer)
{
	const char *sender = sender_for(survey, form);
	enum relay_verdict verdict;

	probe_ask(survey->probe, form->helo, sender, form->recipient, answer);
	verdict = probe_judge(form, refuses_unknown, answer);
	survey->found(survey->arg, form, sender, verdict, answer);
	return verdict;
}

enum relay_verdict
relay_survey_begin(struct relay_survey *survey)
{
	struct probe_answer answer;
	enum relay_verdict verdict;

	snprintf(survey->unknown, sizeof(survey->unknown), "relay-check-%016jx",
		 (uintmax_t)hash_seed());
	verdict = ask(survey, &survey->forms->list[0], true, &answer);
	if (probe_refused_sender(&answer))
		survey->sender = "<>";
	return verdict;
}

void
relay_survey_run(struct relay_survey *survey)
{
	struct probe_answer answer;
	enum relay_verdict unknown;

	for (size_t i = 1; i < survey->forms->count; i++) {
		const struct relay_form *form = &survey->forms->list[i];

		unknown = VERDICT_CLOSED;
		if (form->tail != NULL)
			unknown = unknown_in(survey, form->tail);
		if (unknown != VERDICT_OPEN)
			ask(survey, form, unknown == VERDICT_CLOSED, &answer);
	}
}

void
relay_survey_end(struct relay_survey *survey)
{
	for (size_t i = 0; i < survey->ntails; i++)
		free(survey->tails[i].tail);
	free(survey->tails);
	survey->tails = NULL;
	survey->ntails = 0;
}
