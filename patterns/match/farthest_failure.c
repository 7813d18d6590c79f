#include "patterns/match/farthest_failure.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "patterns/match/regex_tokens.h"

/*
 * What a group contains counts as far as the group's beginning if the group has
 * alternatives, and not at all if it only looks ahead or back. Its end does not
 * count: no text can lack it.
 */
static void
close_group(struct farthest_failure *f, const struct regex_token *open,
	    const struct regex_token *close)
{
	size_t i;

	f->stage[close->at] = 0;
	for (i = open->at + 1; i < close->at; i++)
		if (open->looks)
			f->stage[i] = 0;
		else if (open->branches && f->stage[i] != 0)
			f->stage[i] = open->at + 1;
}

static void
find_stages(struct farthest_failure *f, const char *expression)
{
	struct regex_tokens tokens;
	const struct regex_token *t;
	size_t i;

	regex_tokens_read(&tokens, expression);
	for (i = 0; i < tokens.count; i++) {
		t = &tokens.list[i];
		if (t->kind == TOKEN_CLOSE && t->other < i)
			close_group(f, &tokens.list[t->other], t);
	}
	for (i = 0; tokens.branches && i < f->len; i++)
		f->stage[i] = f->stage[i] != 0;
	regex_tokens_clear(&tokens);
}

void
farthest_failure_begin(struct farthest_failure *f, const char *expression)
{
	size_t i, len = strlen(expression);

	*f = (struct farthest_failure){.len = len};
	f->stage = alloc_zero(len + 1, sizeof(*f->stage));
	for (i = 0; i <= len; i++)
		f->stage[i] = i + 1;
	find_stages(f, expression);
}

void
farthest_failure_end(struct farthest_failure *f)
{
	free(f->stage);
	f->stage = NULL;
}

void
farthest_failure_see(struct farthest_failure *f, size_t regex_at,
		     size_t text_at)
{
	size_t stage;

	if (regex_at > f->len)
		return;
	stage = f->stage[regex_at];
	if (stage < f->best || stage == 0 ||
	    (stage == f->best && text_at <= f->text_at))
		return;
	f->best = stage;
	f->text_at = text_at;
	f->regex_at = regex_at;
}
