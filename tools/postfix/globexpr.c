#include "tools/postfix/globexpr.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

enum { TEXT_MAX = 512, STARS_MAX = 16 };

bool
globexpr_plain(const char *text)
{
	size_t len = strlen(text), stars = 0;

	for (const char *p = text; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			return false;
		if (*p == '*')
			stars++;
	}
	return len <= TEXT_MAX && stars <= STARS_MAX;
}

static void
put_literal(FILE *out, char c)
{
	if (strchr(".*+?()[]{}^$|/\\", c) != NULL)
		fputc('\\', out);
	fputc(c, out);
}

void
globexpr_literal(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		put_literal(out, *text);
}

void
globexpr_stars(FILE *out, const char *pattern, const char *star)
{
	for (; *pattern != '\0'; pattern++) {
		if (*pattern != '*')
			put_literal(out, *pattern);
		else if (pattern[1] != '*')
			fputs(star, out);
	}
}

/* A set of ASCII characters. Case does not matter, so letters are small. */
struct set {
	bool has[128];
	bool negated;
};

static void
add_range(struct set *set, int from, int to)
{
	for (int c = from; c <= to && c < 128; c++)
		if (!isupper(c)) /* what is compared is small, too */
			set->has[c] = true;
}

/*
 * Takes a set apart: *pattern is after its `[', and moves to its `]'. A `-'
 * always takes the next character as the end of a range, one without a
 * beginning is empty, and a `]' ends the set even in the first place.
 * 0, or -1: it has no end.
 */
static int
read_set(struct set *set, const char **pattern)
{
	const char *p = *pattern;
	int previous = 256;

	if (*p == '^') {
		set->negated = true;
		p++;
	}
	for (; *p != '\0' && *p != ']'; p++) {
		bool range = *p == '-';

		if (range)
			p++;
		if (*p == '\\')
			p++;
		if (*p == '\0')
			return -1;
		if (range)
			add_range(set, previous, tolower(*p));
		else
			add_range(set, tolower(*p), tolower(*p));
		previous = tolower(*p);
	}
	*pattern = p;
	return *p == ']' ? 0 : -1;
}

/* The characters that the set matches. */
static void
members_of(struct set *set)
{
	if (!set->negated)
		return;
	for (int c = 0; c < 128; c++)
		set->has[c] =
		    c >= ' ' && c <= '~' && !set->has[c] && !isupper(c);
	set->negated = false;
}

static bool
joins_range(const struct set *set, int c)
{
	return isalnum(c) && set->has[c - 1] && isalnum(c - 1) &&
	       set->has[c + 1] && isalnum(c + 1);
}

/* Letters and digits between brackets, runs of them as ranges. */
static bool
put_brackets(FILE *out, const struct set *set)
{
	bool any = false;

	for (int c = '0'; c <= 'z'; c++) {
		if (!set->has[c] || !isalnum(c))
			continue;
		if (!any)
			fputc('[', out);
		any = true;
		if (!joins_range(set, c))
			fputc(c, out);
		else if (!joins_range(set, c - 1))
			fputc('-', out);
	}
	if (any)
		fputc(']', out);
	return any;
}

/* Writes a set as alternatives: the other characters cannot all be written
 * between brackets so that both engines read the same. */
static int
put_set(FILE *out, struct set *set)
{
	bool any;

	members_of(set);
	fputc('(', out);
	any = put_brackets(out, set);
	for (int c = ' '; c <= '~'; c++) {
		if (!set->has[c] || isalnum(c))
			continue;
		if (any)
			fputc('|', out);
		any = true;
		put_literal(out, (char)c);
	}
	fputc(')', out);
	return any ? 0 : -1;
}

/* Writes what begins at *p, and moves *p to its last character. */
static int
put_wild(FILE *out, const char **p, const char *star, const char *any)
{
	struct set set = {0};

	switch (**p) {
	case '*':
		if ((*p)[1] != '*')
			fputs(star, out);
		return 0;
	case '?':
		fputs(any, out);
		return 0;
	case '[':
		(*p)++;
		return read_set(&set, p) == 0 ? put_set(out, &set) : -1;
	case '\\':
		if (*++*p == '\0')
			return -1;
		break;
	}
	put_literal(out, **p);
	return 0;
}

int
globexpr_wild(FILE *out, const char *pattern, const char *star, const char *any)
{
	for (const char *p = pattern; *p != '\0'; p++)
		if (put_wild(out, &p, star, any) != 0)
			return -1;
	return 0;
}
