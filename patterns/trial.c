#include "patterns/trial.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

void
trial_of_sample(struct trial *trial, const struct sample *sample)
{
	size_t i, skip = 0;

	if (sample->nlines > TRIAL_LINES)
		skip = sample->nlines - TRIAL_LINES;
	trial->nlines = sample->nlines - skip;
	for (i = 0; i < trial->nlines; i++) {
		trial->lines[i].bytes = sample->lines[skip + i];
		trial->lines[i].len = strlen(sample->lines[skip + i]);
	}
}

static bool
has(const struct trial_addrs *addrs, const struct addr *addr)
{
	size_t i;

	for (i = 0; i < addrs->count; i++)
		if (addr_equal(&addrs->list[i], addr))
			return true;
	return false;
}

void
trial_run(const struct trial *trial, struct recognizer *recognizer, time_t now,
	  struct trial_addrs *out)
{
	const struct trial_line *line = trial->lines;
	const struct trial_line *end = line + trial->nlines;
	enum finding finding;
	struct found found;
	struct err err;

	recognizer_forget(recognizer);
	for (; line < end && out->count < TRIAL_ADDRS; line++) {
		finding = recognize(recognizer, line->bytes, line->len, now,
				    &found, &err);
		if ((finding == FOUND_LOGIN || finding == FOUND_LOGOUT) &&
		    found.match.addr.family != 0 &&
		    !has(out, &found.match.addr))
			out->list[out->count++] = found.match.addr;
	}
}

const struct addr *
trial_beyond(const struct trial_addrs *some, const struct trial_addrs *allowed)
{
	size_t i;

	for (i = 0; i < some->count; i++)
		if (!has(allowed, &some->list[i]))
			return &some->list[i];
	return NULL;
}
