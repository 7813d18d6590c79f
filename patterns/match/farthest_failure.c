#include "patterns/match/farthest_failure.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { DEPTH_MAX = 250 }; /* PCRE2's own limit of nested groups */

struct group {
	size_t start;
	bool alternatives, looks;
};

/* Behind the class that begins with the '[' at p. */
static const char *
skip_class(const char *p)
{
	const char *end;

	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	for (; *p != '\0' && *p != ']'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
		} else if (*p == '[' && p[1] == ':') {
			end = strstr(p, ":]");
			p = end != NULL ? end + 1 : p;
		}
	}
	return *p != '\0' ? p + 1 : p;
}

/* Behind the escape that begins at p. */
static const char *
skip_escape(const char *p)
{
	const char *end;

	if (p[1] != 'Q')
		return p[1] != '\0' ? p + 2 : p + 1;
	end = strstr(p, "\\E");
	return end != NULL ? end + 2 : p + strlen(p);
}

static bool
looks(const char *p)
{
	return strncmp(p, "(?=", 3) == 0 || strncmp(p, "(?!", 3) == 0 ||
	       strncmp(p, "(?<=", 4) == 0 || strncmp(p, "(?<!", 4) == 0;
}

/* A group is over: what is within it counts where it begins, or not at all.
 * Its end is nothing that a text could lack. */
static void
close_group(struct farthest_failure *reach, const struct group *group, size_t end)
{
	size_t i;

	reach->stage[end] = 0;
	for (i = group->start + 1; i < end; i++)
		if (group->looks)
			reach->stage[i] = 0;
		else if (group->alternatives && reach->stage[i] != 0)
			reach->stage[i] = group->start + 1;
}

static void
find_stages(struct farthest_failure *reach, const char *expression)
{
	struct group groups[DEPTH_MAX + 1] = {{0}};
	const char *p = expression;
	size_t depth = 0;

	while (*p != '\0') {
		if (*p == '\\') {
			p = skip_escape(p);
			continue;
		}
		if (*p == '[') {
			p = skip_class(p);
			continue;
		}
		if (*p == '(' && depth < DEPTH_MAX)
			groups[++depth] = (struct group){
			    (size_t)(p - expression), false, looks(p)};
		else if (*p == '|')
			groups[depth].alternatives = true;
		else if (*p == ')' && depth > 0)
			close_group(reach, &groups[depth--],
				    (size_t)(p - expression));
		p++;
	}
	/* The whole may be alternatives, too. */
	if (groups[0].alternatives)
		for (size_t i = 0; i < reach->len; i++)
			reach->stage[i] = reach->stage[i] != 0;
}

void
farthest_failure_begin(struct farthest_failure *reach, const char *expression)
{
	size_t i, len = strlen(expression);

	*reach = (struct farthest_failure){.len = len};
	reach->stage = alloc_zero(len + 1, sizeof(*reach->stage));
	for (i = 0; i <= len; i++)
		reach->stage[i] = i + 1;
	find_stages(reach, expression);
}

void
farthest_failure_end(struct farthest_failure *reach)
{
	free(reach->stage);
	reach->stage = NULL;
}

void
farthest_failure_see(struct farthest_failure *reach, size_t regex_at, size_t text_at)
{
	size_t stage;

	if (regex_at > reach->len)
		return;
	stage = reach->stage[regex_at];
	if (stage < reach->best || stage == 0 ||
	    (stage == reach->best && text_at <= reach->text_at))
		return;
	reach->best = stage;
	reach->text_at = text_at;
	reach->regex_at = regex_at;
}
