#include "tools/perlpattern.h"

#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { PROGRAMS_MAX = 64, PROGRAM_LEN_MAX = 64, DEPTH_MAX = 20 };

static const char logtime_mark[] = "[LOGTIME]";

char *
perlpattern_with_time(const char *expression, const char *logtime)
{
	const char *next;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	while ((next = strstr(expression, logtime_mark)) != NULL) {
		fwrite(expression, 1, (size_t)(next - expression), out);
		fputs(logtime, out);
		expression = next + strlen(logtime_mark);
	}
	fputs(expression, out);
	fclose(out);
	return text;
}

/* Behind the class that begins at p. */
static const char *
skip_class(const char *p)
{
	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	for (; *p != '\0' && *p != ']'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (strncmp(p, "[:", 2) == 0 && strstr(p, ":]") != NULL)
			p = strstr(p, ":]") + 1;
	}
	return *p != '\0' ? p + 1 : p;
}

/* Behind the character, escape, class or single parenthesis at p. */
static const char *
skip_atom(const char *p)
{
	if (*p == '\\')
		return p[1] != '\0' ? p + 2 : p + 1;
	return *p == '[' ? skip_class(p) : p + 1;
}

static bool
captures(const char *p)
{
	if (p[0] != '(')
		return false;
	if (p[1] != '?')
		return p[1] != '*';
	return p[2] == '\'' || p[2] == 'P' ||
	       (p[2] == '<' && p[3] != '=' && p[3] != '!');
}

/* The group of this number, or NULL; *count: how many there are. */
static const char *
find_group(const char *expression, unsigned int number, unsigned int *count)
{
	const char *p, *found = NULL;

	*count = 0;
	for (p = expression; *p != '\0'; p = skip_atom(p))
		if (captures(p) && ++*count == number)
			found = p;
	return found;
}

unsigned int
perlpattern_groups(const char *expression)
{
	unsigned int count;

	find_group(expression, 0, &count);
	return count;
}

char *
perlpattern_named(const char *expression, unsigned int number, const char *name)
{
	unsigned int count;
	const char *group = find_group(expression, number, &count);

	if (group == NULL || number == 0 || group[1] == '?')
		return NULL;
	return alloc_format("%.*s(?<%s>%s", (int)(group - expression),
			    expression, name, group + 1);
}

/* Does it have a '|' outside of all groups? */
static bool
has_alternatives(const char *expression)
{
	const char *p;
	int depth = 0;

	for (p = expression; *p != '\0'; p = skip_atom(p)) {
		depth += *p == '(';
		depth -= *p == ')';
		if (*p == '|' && depth == 0)
			return true;
	}
	return false;
}

/* Ends with a '$' that is no "\$", nor in a class, nor of an alternative. */
static bool
ends_closed(const char *expression)
{
	const char *p, *last = expression;

	for (p = expression; *p != '\0'; p = skip_atom(p))
		last = p;
	return strcmp(last, "$") == 0 || strcmp(last, "\\z") == 0 ||
	       strcmp(last, "\\Z") == 0;
}

/* "(?i:...)" as a whole: the length of its beginning, else 0. */
static size_t
whole_group(const char *expression)
{
	size_t n = strspn(expression, "(?imsx");
	const char *p;
	int depth = 0;

	if (strncmp(expression, "(?", 2) != 0 || expression[n] != ':')
		return 0;
	for (p = expression; *p != '\0'; p = skip_atom(p)) {
		depth += *p == '(';
		depth -= *p == ')';
		if (depth == 0)
			return p[1] == '\0' ? n + 1 : 0;
	}
	return 0;
}

static char *
close_plain(const char *expression, bool *open_front, bool *open_back)
{
	bool wrap = has_alternatives(expression);

	*open_front =
	    wrap || (*expression != '^' && strncmp(expression, "\\A", 2) != 0);
	*open_back = wrap || !ends_closed(expression);
	return alloc_format("%s%s%s%s%s", *open_front ? ".*?" : "",
			    wrap ? "(?:" : "", expression, wrap ? ")" : "",
			    *open_back ? ".*" : "");
}

char *
perlpattern_closed(const char *expression, bool *open_front, bool *open_back)
{
	size_t n = whole_group(expression);
	char *inner, *closed, *all;

	if (n == 0)
		return close_plain(expression, open_front, open_back);
	inner = alloc_bytes(expression + n, strlen(expression) - n - 1);
	closed = close_plain(inner, open_front, open_back);
	all = alloc_format("%.*s%s)", (int)n, expression, closed);
	free(closed);
	free(inner);
	return all;
}

/* ---- programs ---- */

/*
 * The names in the making: each begun name goes on with each alternative. A
 * name is over at its '[' or ':'; what follows does not matter.
 */
struct names {
	char *list[PROGRAMS_MAX];
	bool over[PROGRAMS_MAX];
	size_t count;
};

static void
names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	names->count = 0;
}

static int
names_add(struct names *names, const char *name, bool over)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0 && names->over[i] == over)
			return 0;
	if (names->count == PROGRAMS_MAX || strlen(name) > PROGRAM_LEN_MAX)
		return -1;
	names->over[names->count] = over;
	names->list[names->count++] = alloc_string(name);
	return 0;
}

static int
names_join(struct names *names, const struct names *others)
{
	for (size_t i = 0; i < others->count; i++)
		if (names_add(names, others->list[i], others->over[i]) < 0)
			return -1;
	return 0;
}

static void
names_append(struct names *names, char c)
{
	char *longer;

	for (size_t i = 0; i < names->count; i++) {
		if (names->over[i])
			continue;
		longer = alloc_format("%s%c", names->list[i], c);
		free(names->list[i]);
		names->list[i] = longer;
	}
}

static bool
all_over(const struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (!names->over[i])
			return false;
	return true;
}

static int expand(const char **at, struct names *, int depth);

/* "(a|b)", "(?:a|b)": the parser stands at '('. */
static int
expand_group(const char **at, struct names *names, int depth)
{
	struct names begun = {0}, one;
	int r = depth < DEPTH_MAX ? 0 : -1;

	if (strncmp(*at, "(?:", 3) == 0)
		*at += 3;
	else if (strncmp(*at, "(?", 2) == 0)
		return -1;
	else
		*at += 1;
	if (r == 0)
		r = names_join(&begun, names);
	names_clear(names);
	while (r == 0) {
		one = (struct names){0};
		r = names_join(&one, &begun);
		if (r == 0)
			r = expand(at, &one, depth + 1);
		if (r == 0)
			r = names_join(names, &one);
		names_clear(&one);
		if (**at != '|')
			break;
		*at += 1;
	}
	names_clear(&begun);
	if (r < 0 || **at != ')')
		return -1;
	*at += 1;
	return 0;
}

/* One item: a letter or a group. 1: the name is over here. */
static int
expand_item(const char **at, struct names *names, int depth)
{
	const char *p = *at;

	if (*p == '(')
		return expand_group(at, names, depth);
	if (*p == ':' || strncmp(p, "\\[", 2) == 0 ||
	    strncmp(p, "[[]", 3) == 0 || strncmp(p, "\\:", 2) == 0)
		return 1;
	if (*p == '\\')
		p++;
	/* An escaped letter is a class; so are these. */
	if (*p == '\0' || (p > *at && isalnum((unsigned char)*p)) ||
	    (p == *at && strchr(".[{^$*+?", *p)) || (unsigned char)*p <= ' ')
		return -1;
	names_append(names, *p);
	*at = p + 1;
	return 0;
}

/* Up to the end of the name, or of this alternative. */
static int
expand(const char **at, struct names *names, int depth)
{
	struct names without;
	const char *end;
	int r;

	while (**at != '|' && **at != ')' && **at != '\0' && !all_over(names)) {
		without = (struct names){0};
		r = names_join(&without, names);
		if (r == 0)
			r = expand_item(at, names, depth);
		if (r == 0 && **at == '?') {
			r = names_join(names, &without);
			*at += 1 + ((*at)[1] == '+' || (*at)[1] == '?');
		} else if (r == 0 && **at && strchr("*+{", **at)) {
			r = -1;
		}
		names_clear(&without);
		if (r < 0)
			return -1;
		if (r == 0)
			continue;
		for (size_t i = 0; i < names->count; i++)
			names->over[i] = true;
	}
	/* What is over skips the rest of its alternative. */
	for (int open = 0; **at != '\0'; *at = end) {
		if (open == 0 && (**at == '|' || **at == ')'))
			break;
		if (depth == 0 && all_over(names))
			break;
		open += **at == '(';
		open -= **at == ')';
		end = skip_atom(*at);
	}
	return 0;
}

/* Behind spaces, however they are written; NULL: there are none. */
static const char *
skip_spaces(const char *p)
{
	static const char *const ways[] = {" ", "\\s", "[ ]", "\\ "};
	const char *start = p;
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strncmp(p, ways[i], strlen(ways[i])) == 0) {
			p += strlen(ways[i]);
			break;
		}
	if (p == start)
		return NULL;
	while (*p == '+' || *p == '*' || *p == '?')
		p++;
	return p;
}

/* Behind a host: \S+, [^ ]+, .*?, (?:\S+ )?, mail ... and its space. */
static const char *
skip_host(const char *p)
{
	const char *next;
	int depth = 0;

	for (; *p != '\0'; p = skip_atom(p)) {
		next = skip_spaces(p);
		if (next != NULL && depth == 0)
			return next;
		if (next != NULL && depth == 1 && *next == ')')
			return next[1] == '?' ? next + 2 : next + 1;
		depth += *p == '(';
		depth -= *p == ')';
	}
	return NULL;
}

/* Those of the header that ends at p. */
static int
expand_header(const char *p, struct names *names)
{
	int r;

	p = skip_spaces(p);
	p = p != NULL ? skip_host(p) : NULL;
	if (p == NULL)
		return -1;
	names_add(names, "", false);
	r = expand(&p, names, 0);
	if (r < 0 || !all_over(names))
		return -1;
	for (size_t i = 0; i < names->count; i++)
		if (names->list[i][0] == '\0')
			return -1;
	return 0;
}

static void
add_once(struct strings *strings, const char *name)
{
	for (size_t i = 0; i < strings->count; i++)
		if (strcmp(strings->list[i], name) == 0)
			return;
	strings_add(strings, name);
}

int
perlpattern_programs(const char *expression, struct strings *programs)
{
	const char *p = strstr(expression, logtime_mark);
	struct names names;
	int r = p != NULL ? 0 : -1;

	for (; r == 0 && p != NULL; p = strstr(p, logtime_mark)) {
		names = (struct names){0};
		p += strlen(logtime_mark);
		r = expand_header(p, &names);
		for (size_t i = 0; r == 0 && i < names.count; i++)
			add_once(programs, names.list[i]);
		names_clear(&names);
	}
	return r;
}
