#include "patterns/check/sample_run.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"

void
sample_run_set(struct sample_run *run, const struct sample *sample)
{
	size_t i, skip = 0;

	if (sample->nlines > SAMPLE_RUN_LINES)
		skip = sample->nlines - SAMPLE_RUN_LINES;
	run->nlines = sample->nlines - skip;
	for (i = 0; i < run->nlines; i++) {
		run->lines[i].bytes = sample->lines[skip + i];
		run->lines[i].len = strlen(sample->lines[skip + i]);
	}
}

static bool
has(const struct sample_run_addrs *addrs, const struct addr *addr)
{
	size_t i;

	for (i = 0; i < addrs->count; i++)
		if (addr_equal(&addrs->list[i], addr))
			return true;
	return false;
}

void
sample_run_collect(const struct sample_run *run, struct recognizer *recognizer,
		   time_t now, struct sample_run_addrs *out)
{
	const struct sample_run_line *line = run->lines;
	const struct sample_run_line *end = line + run->nlines;
	enum finding finding;
	struct found found;
	struct err err;

	recognizer_forget(recognizer);
	for (; line < end && out->count < SAMPLE_RUN_ADDRS; line++) {
		finding = recognize(recognizer, line->bytes, line->len, now,
				    &found, &err);
		if ((finding == FOUND_LOGIN || finding == FOUND_LOGOUT) &&
		    found.match.addr.family != 0 &&
		    !has(out, &found.match.addr))
			out->list[out->count++] = found.match.addr;
	}
}

const struct addr *
sample_run_beyond(const struct sample_run_addrs *some,
		  const struct sample_run_addrs *allowed)
{
	size_t i;

	for (i = 0; i < some->count; i++)
		if (!has(allowed, &some->list[i]))
			return &some->list[i];
	return NULL;
}
