#include "patterns/match/regex_prefix.h"

#include <stdbool.h>
#include <string.h>

/*
 * A walk through the expression with the set of offsets at which a match may
 * stand before each item: bit p = offset p. A byte item at offsets P allows
 * its bytes there and leads to P << 1; what lies beyond REGEX_PREFIX_LEN falls off.
 * Alternatives join their sets, so different branches mix: more may pass than
 * can match, never less.
 *
 * What may be left out shifts all that follows, and mixes most. So each walk
 * takes one way at the first few such items: each is there, or is not.
 *
 * Anything but literals, classes, the common escapes, plain groups and
 * quantifiers ends the walk: from the offsets reached so far on, every byte
 * may stand.
 */
struct walk {
	struct regex_prefix *out; /* NULL: only looks where an item ends */
	const char *at;
	unsigned int way;     /* bit i: it leaves out the i-th such item */
	unsigned int choices; /* so many of them were met */
	bool repeats;	      /* met something that does */
	bool lost;	      /* met something not understood */
};

/* A set of offsets holds those that an opening has. */
static const uint32_t OFFSETS = ((uint32_t)1 << REGEX_PREFIX_LEN) - 1;

enum { CHOICES = 2 };
_Static_assert(1 << CHOICES == REGEX_PREFIXES_MAX, "one opening for each way");

static uint32_t alternatives(struct walk *, uint32_t from);

static void
add_byte(struct byte_set *set, unsigned int c)
{
	set->bit[c / 32] |= (uint32_t)1 << c % 32;
}

static void
add_range(struct byte_set *set, unsigned int first, unsigned int last)
{
	for (; first <= last; first++)
		add_byte(set, first);
}

static void
invert(struct byte_set *set)
{
	size_t i;

	for (i = 0; i < 8; i++)
		set->bit[i] = ~set->bit[i];
}

/* The lowest number in the set, taken out of it. */
static unsigned int
take_lowest(uint32_t *set)
{
	unsigned int lowest = (unsigned int)__builtin_ctz(*set);

	*set &= *set - 1;
	return lowest;
}

static void
allow(struct walk *walk, const struct byte_set *set, uint32_t from)
{
	struct byte_set *may;
	size_t i;

	if (walk->out == NULL)
		return;
	for (from &= OFFSETS; from != 0;) {
		may = &walk->out->may[take_lowest(&from)];
		for (i = 0; i < 8; i++)
			may->bit[i] |= set->bit[i];
	}
}

/* From the lowest offset in `from` on, everything may stand. */
static void
give_up(struct walk *walk, uint32_t from)
{
	struct byte_set all = {0};

	invert(&all);
	walk->lost = true;
	if (from != 0)
		allow(walk, &all, ~((from & -from) - 1));
}

/* The bytes of \d and the like, or of one escaped character. */
static bool
escape(char c, struct byte_set *set)
{
	struct byte_set kind = {0};
	size_t i;

	switch (c | 0x20) {
	case 'd':
		add_range(&kind, '0', '9');
		break;
	case 's':
		add_range(&kind, '\t', '\r');
		add_byte(&kind, ' ');
		break;
	case 'w':
		add_range(&kind, '0', '9');
		add_range(&kind, 'A', 'Z');
		add_range(&kind, 'a', 'z');
		add_byte(&kind, '_');
		break;
	default:
		if (c == 't')
			c = '\t';
		else if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			 (c >= 'a' && c <= 'z') || c == '\0')
			return false;
		add_byte(set, (unsigned char)c);
		return true;
	}
	if (!(c & 0x20))
		invert(&kind);
	for (i = 0; i < 8; i++)
		set->bit[i] |= kind.bit[i];
	return true;
}

/* A class, behind its '['. */
static bool class(struct walk *walk, struct byte_set *set)
{
	const char *p = walk->at;
	bool negated = *p == '^', first = true;

	for (p += negated; *p != ']' || first; first = false) {
		if (*p == '\0' || (*p == '[' && strchr(":.=", p[1]) != NULL))
			return false;
		if (*p == '\\') {
			if (!escape(p[1], set))
				return false;
			p += 2;
			if (*p == '-' && p[1] != ']')
				return false;
			continue;
		}
		if (p[1] == '-' && p[2] != ']') {
			if (p[2] == '\\' || p[2] == '[' || p[2] == '\0')
				return false;
			add_range(set, (unsigned char)p[0],
				  (unsigned char)p[2]);
			p += 3;
			continue;
		}
		add_byte(set, (unsigned char)*p++);
	}
	if (negated)
		invert(set);
	walk->at = p + 1;
	return true;
}

/* One item that takes exactly one byte; false: it is none such. */
static bool
byte_item(struct walk *walk, struct byte_set *set)
{
	char c = *walk->at++;

	switch (c) {
	case '[':
		return class(walk, set);
	case '\\':
		return escape(*walk->at++, set);
	case '.':
		invert(set);
		return true;
	case '*':
	case '+':
	case '?':
		return false;
	default:
		add_byte(set, (unsigned char)c);
		return true;
	}
}

/* Behind a '(': past "?:", "?>" or "?<name>"; false for the other kinds. */
static bool
group_start(struct walk *walk)
{
	if (*walk->at == '*')
		return false;
	if (*walk->at != '?')
		return true;
	walk->at++;
	if (*walk->at == ':' || *walk->at == '>') {
		walk->at++;
		return true;
	}
	if (*walk->at == 'P')
		walk->at++;
	if (*walk->at != '<' || walk->at[1] == '=' || walk->at[1] == '!')
		return false;
	walk->at += strcspn(walk->at, ">");
	return *walk->at++ == '>';
}

/* One item at offsets `from`: where it may lead. */
static uint32_t
item(struct walk *walk, uint32_t from)
{
	struct byte_set set = {0};
	uint32_t to;

	if (*walk->at == '^' || *walk->at == '$') {
		walk->at++;
		return from;
	}
	if (*walk->at == '(') {
		walk->at++;
		if (group_start(walk)) {
			to = alternatives(walk, from);
			if (!walk->lost && *walk->at++ == ')')
				return to;
		}
	} else if (byte_item(walk, &set)) {
		allow(walk, &set, from);
		return from << 1 & OFFSETS;
	}
	give_up(walk, from);
	return 0;
}

/* The quantifier behind an item, if any. false: not understood. */
static bool
quantifier(struct walk *walk, bool *skip, bool *again)
{
	static const char digits[] = "0123456789";
	const char *p = walk->at;

	*skip = *p == '?' || *p == '*';
	*again = *p == '+' || *p == '*';
	if (*p == '{') {
		/* Exact counts would be finer; "any number" is enough. */
		*skip = *again = true;
		if (strspn(++p, digits) == 0)
			return false;
		p += strspn(p, digits);
		if (*p == ',')
			p += 1 + strspn(p + 1, digits);
		if (*p != '}')
			return false;
	} else if (!*skip && !*again) {
		return true;
	}
	p++;
	if (*p == '?' || *p == '+')
		p++;
	walk->at = p;
	return true;
}

/* Behind the item, if it may be left out and this walk is to choose; NULL. One
 * walk through what repeats stands for all its rounds, which may differ: from
 * there on nothing is chosen. */
static const char *
behind_optional(struct walk *walk, uint32_t from)
{
	struct walk ahead = {.at = walk->at};
	bool skip, again;

	if (from == 0 || walk->out == NULL || walk->choices == CHOICES ||
	    walk->repeats)
		return NULL;
	item(&ahead, from);
	if (ahead.lost || !quantifier(&ahead, &skip, &again))
		return NULL;
	walk->repeats = again;
	return skip && !again ? ahead.at : NULL;
}

/* One item with its quantifier. */
static uint32_t
repeated(struct walk *walk, uint32_t from)
{
	const char *start = walk->at, *end, *behind;
	uint32_t to, all;
	bool skip, again;

	behind = behind_optional(walk, from);
	if (behind != NULL && walk->way >> walk->choices++ & 1) {
		walk->at = behind;
		return from;
	}
	to = item(walk, from);
	if (walk->lost)
		return 0;
	if (!quantifier(walk, &skip, &again)) {
		give_up(walk, from);
		return 0;
	}
	end = walk->at;
	/* Each round moves on by a byte at least, or adds nothing. */
	for (all = to; again && (to & ~from) != 0; all |= to) {
		from |= to;
		walk->at = start;
		to = item(walk, to);
		if (walk->lost)
			return 0;
	}
	walk->at = end;
	return skip && behind == NULL ? all | from : all;
}

static uint32_t
alternatives(struct walk *walk, uint32_t from)
{
	uint32_t to = 0, here = from;

	while (!walk->lost && *walk->at != '\0' && *walk->at != ')') {
		if (*walk->at == '|') {
			walk->at++;
			to |= here;
			here = from;
		} else {
			here = repeated(walk, here);
		}
	}
	return to | here;
}

/* Behind the class that begins at p; NULL: not understood. A '[' in it is one
 * as any, unless it begins the name of a class. */
static const char *
skip_class(const char *p)
{
	p += p[1] == '^' ? 2 : 1;
	if (*p == ']')
		p++;
	for (; *p != ']'; p++)
		if (*p == '\0' || (*p == '[' && strchr(":.=", p[1]) != NULL) ||
		    (*p == '\\' && *++p == 'Q'))
			return NULL;
	return p + 1;
}

/* At a '(': whether from there on text may mean something else than here: it is
 * a comment, or options begin, after which one may stand anywhere. */
static bool
changes_meaning(const char *p)
{
	return p[1] == '?' && p[2] != '\0' && strchr(":>=!<|P'", p[2]) == NULL;
}

/* Whether the expression as a whole is alternatives; also if in doubt. */
static bool
has_branches(const char *p)
{
	int depth = 0;

	while (*p != '\0') {
		if (*p == '[') {
			p = skip_class(p);
			if (p == NULL)
				return true;
			continue;
		}
		if ((*p == '|' && depth == 0) || strncmp(p, "\\Q", 2) == 0 ||
		    (*p == '(' && changes_meaning(p)))
			return true;
		if (*p == '(' || *p == ')')
			depth += *p == '(' ? 1 : -1;
		p += *p == '\\' ? 2 : 1;
	}
	return false;
}

/* How the expression begins, if it goes this way; how often it could choose. */
static unsigned int
walk_way(struct regex_prefix *out, const char *expression, unsigned int way)
{
	struct walk walk = {.out = out, .at = expression, .way = way};

	*out = (struct regex_prefix){0};
	if (expression == NULL) {
		give_up(&walk, 1);
		return 0;
	}
	alternatives(&walk, 1);
	/* There may be branches that were not walked any more. */
	if (walk.lost && has_branches(expression))
		give_up(&walk, 1);
	return walk.choices;
}

void
regex_prefixes(struct regex_prefixes *out, const char *expression)
{
	unsigned int choices = 0, met;

	for (out->count = 0; out->count < (size_t)1 << choices; out->count++) {
		met = walk_way(&out->list[out->count], expression,
			       (unsigned int)out->count);
		if (met > choices)
			choices = met;
	}
}
