/* What the totals of the pipeline are made up of. */
#include "daemon/pipeline/pipeline_state.h"

#include "daemon/pipeline/login_counts.h"

static const char *const refusals[] = {
    [REFUSAL_SPECIAL] = "special",   [REFUSAL_OWN] = "own",
    [REFUSAL_EXCLUDED] = "excluded", [REFUSAL_MYNETWORKS] = "mynetworks",
    [REFUSAL_REMOVED] = "removed",
};

static const char *const doubts[] = {
    [DOUBT_CONTROL] = "control",     [DOUBT_ADDRESS] = "address",
    [DOUBT_LIMIT] = "match_limit",   [DOUBT_CUT] = "cut",
    [DOUBT_MULTILINE] = "multiline", [DOUBT_PAIR] = "pair",
    [DOUBT_TIME] = "time",
};

static bool
next(const char *const *names, const uint64_t *counts, size_t n, size_t *at,
     struct pipeline_part *part)
{
	if (*at >= n)
		return false;
	*part = (struct pipeline_part){names[*at], counts[*at]};
	(*at)++;
	return true;
}

bool
pipeline_part(const struct pipeline *p, enum pipeline_total total, size_t *at,
	      struct pipeline_part *part)
{
	switch (total) {
	case PIPELINE_LOGINS:
		return login_counts_next(p->logins, at, &part->name,
					 &part->count);
	case PIPELINE_REFUSED:
		return next(refusals, p->refused, REFUSALS, at, part);
	case PIPELINE_DOUBTFUL:
		return next(doubts, p->doubtful, DOUBTS, at, part);
	}
	return false;
}
