#include "patterns/match/regex_prefix.h"

#include <stdbool.h>

/*
 * A walk through the tokens with the set of offsets that a match may have
 * reached before each of them: bit p = offset p. A byte token at offsets P
 * allows its bytes there and leads to P << 1; what lies beyond REGEX_PREFIX_LEN
 * falls off. The branches of a group share their sets, so that more may pass
 * than can match, never less.
 *
 * Sharing is worst at an optional token, which shifts all that follows. Each
 * walk therefore decides for the first CHOICES of them whether it takes the
 * token or leaves it out, and there is one walk for each combination.
 */
struct walk {
	const struct regex_tokens *tokens;
	struct regex_prefix *out;
	unsigned int way;     /* bit i: leaves out the i-th optional token */
	unsigned int choices; /* the number of optional tokens so far */
	bool repeats;	      /* has been through a token that repeats */
};

/* The offsets that a prefix has. */
static const uint32_t OFFSETS = ((uint32_t)1 << REGEX_PREFIX_LEN) - 1;

enum { CHOICES = 2 };
_Static_assert(1 << CHOICES == REGEX_PREFIXES_MAX, "one prefix for each way");

static uint32_t walk_branches(struct walk *, size_t i, size_t end,
			      uint32_t from);

static void
allow(struct regex_prefix *out, const struct byte_set *set, uint32_t from)
{
	struct byte_set *may;
	size_t i;

	for (from &= OFFSETS; from != 0; from &= from - 1) {
		may = &out->may[__builtin_ctz(from)];
		for (i = 0; i < 8; i++)
			may->bit[i] |= set->bit[i];
	}
}

/* From the lowest offset of `from` on, allows all bytes. */
static void
allow_all(struct regex_prefix *out, uint32_t from)
{
	struct byte_set all = {{0}};

	byte_set_add(&all, 0, 255);
	allow(out, &all, ~((from & -from) - 1));
}

/* One round of a token at the offsets `from`, which are not empty: returns the
 * offsets that it leads to. */
static uint32_t
walk_once(struct walk *walk, size_t i, uint32_t from)
{
	const struct regex_token *t = &walk->tokens->list[i];

	if (t->kind == TOKEN_EMPTY || t->looks)
		return from;
	if (t->kind == TOKEN_BYTES) {
		allow(walk->out, &t->set, from);
		return from << 1 & OFFSETS;
	}
	if (t->kind == TOKEN_OPEN && t->plain && t->other > i)
		return walk_branches(walk, i + 1, t->other, from);
	allow_all(walk->out, from);
	return 0;
}

/* Whether this walk must decide if it leaves the token out. All rounds of a
 * token that repeats are one walk, in which they could not decide differently:
 * from there on it decides nothing. */
static bool
is_choice(struct walk *walk, const struct regex_token *t)
{
	if (walk->choices == CHOICES || walk->repeats)
		return false;
	walk->repeats = t->max > 1;
	return t->min == 0 && t->max <= 1;
}

/* All rounds of a token. Its quantifier counts as ?, + or *. */
static uint32_t
walk_token(struct walk *walk, size_t i, uint32_t from)
{
	const struct regex_token *t = &walk->tokens->list[i];
	bool choice = is_choice(walk, t);
	uint32_t to, all;

	if (choice && walk->way >> walk->choices++ & 1)
		return from;
	all = t->min == 0 && !choice ? from : 0;
	to = walk_once(walk, i, from);
	/* Each round moves on by a byte at least, or adds nothing. */
	while (t->max > 1 && (to & ~from) != 0) {
		from |= to;
		all |= to;
		to = walk_once(walk, i, to);
	}
	return all | to;
}

/* The tokens i to end (not included), which may have branches. */
static uint32_t
walk_branches(struct walk *walk, size_t i, size_t end, uint32_t from)
{
	uint32_t to = 0, here = from;
	const struct regex_token *t;

	for (; i < end; i = t->kind == TOKEN_OPEN ? t->other + 1 : i + 1) {
		t = &walk->tokens->list[i];
		if (t->kind == TOKEN_BAR) {
			to |= here;
			here = from;
		} else if (here != 0) {
			here = walk_token(walk, i, here);
		}
	}
	return to | here;
}

void
regex_prefixes(struct regex_prefixes *out, const char *expression)
{
	struct regex_tokens tokens = {.doubtful = true};
	unsigned int choices = 0;
	struct walk walk;

	if (expression != NULL)
		regex_tokens_read(&tokens, expression);
	*out = (struct regex_prefixes){.count = 0};
	for (; out->count < (size_t)1 << choices; out->count++) {
		walk = (struct walk){.tokens = &tokens,
				     .out = &out->list[out->count],
				     .way = (unsigned int)out->count};
		if (tokens.doubtful)
			allow_all(walk.out, 1);
		else
			walk_branches(&walk, 0, tokens.count, 1);
		if (walk.choices > choices)
			choices = walk.choices;
	}
	regex_tokens_clear(&tokens);
}
