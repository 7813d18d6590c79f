#include "daemon/pipeline/unmatched.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "patterns/match/matcher.h"

/* The shipped rules name fewer programs that one host runs. What a star in a
 * rule lets a sender choose beyond these is not noticed. */
enum { PROGRAMS_MAX = 64, NAME_MAX_BYTES = 64, AFTER = 3600 };

struct heard {
	char name[NAME_MAX_BYTES];
	size_t len;
	bool done; /* it matched, or was reported */
	int64_t since;
	char line[256]; /* its first line that matched nothing, printable */
};

struct unmatched {
	struct heard programs[PROGRAMS_MAX];
	size_t count;
};

struct unmatched *
unmatched_new(void)
{
	return alloc_zero(1, sizeof(struct unmatched));
}

void
unmatched_free(struct unmatched **up)
{
	free(*up);
	*up = NULL;
}

/* NULL: there is no room for another program. */
static struct heard *
find(struct unmatched *u, const struct logline *l)
{
	struct heard *heard = u->programs, *end = heard + u->count;

	for (; heard < end; heard++)
		if (heard->len == l->program_len &&
		    memcmp(heard->name, l->program, heard->len) == 0)
			return heard;
	if (u->count == PROGRAMS_MAX || l->program_len > NAME_MAX_BYTES)
		return NULL;
	u->count++;
	heard->len = l->program_len;
	memcpy(heard->name, l->program, heard->len);
	return heard;
}

void
unmatched_clear(struct unmatched *u, const struct logline *l)
{
	struct heard *heard = find(u, l);

	if (heard != NULL)
		heard->done = true;
}

const char *
unmatched_line(struct unmatched *u, const struct logline *l, int64_t now)
{
	struct heard *heard = find(u, l);

	if (heard == NULL || heard->done)
		return NULL;
	if (heard->line[0] == '\0') {
		heard->since = now;
		log_printable(heard->line, sizeof(heard->line), l->line,
			      l->line_len);
	}
	heard->done = now - heard->since >= AFTER;
	return heard->done ? heard->line : NULL;
}
