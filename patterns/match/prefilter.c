#include "patterns/match/prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Sets the bit for those of 32 consecutive bytes that are in the set: often all
 * of them, or one. */
static void
enter_word(uint64_t *may, uint32_t set, uint64_t bit)
{
	size_t c;

	if (set == UINT32_MAX)
		for (c = 0; c < 32; c++)
			may[c] |= bit;
	else
		for (; set != 0; set &= set - 1)
			may[__builtin_ctz(set)] |= bit;
}

static void
enter(struct prefilter *filter, const struct regex_prefix *prefix, uint64_t bit)
{
	size_t p, i;

	for (p = 0; p < REGEX_PREFIX_LEN; p++)
		for (i = 0; i < 8; i++)
			enter_word(&filter->may[p][32 * i],
				   prefix->may[p].bit[i], bit);
}

/* How many bytes more a prefix would allow if it shared its bit with another. */
static size_t
widening(const struct regex_prefix *known, const struct regex_prefix *other)
{
	size_t p, i, n = 0;

	for (p = 0; p < REGEX_PREFIX_LEN; p++)
		for (i = 0; i < 8; i++)
			n += (size_t)__builtin_popcount(other->may[p].bit[i] &
							~known->may[p].bit[i]);
	return n;
}

static void
widen(struct regex_prefix *known, const struct regex_prefix *other)
{
	size_t p, i;

	for (p = 0; p < REGEX_PREFIX_LEN; p++)
		for (i = 0; i < 8; i++)
			known->may[p].bit[i] |= other->may[p].bit[i];
}

/* All bits are taken: the one whose prefix is widened least. */
static size_t
most_like(const struct prefilter *filter, const struct regex_prefix *prefix)
{
	size_t b, best = 0, least = SIZE_MAX, n;

	for (b = 0; b < filter->count; b++) {
		n = widening(&filter->known[b], prefix);
		if (n < least) {
			least = n;
			best = b;
		}
	}
	return best;
}

/* Returns the bit of the prefix, which is in the table afterwards. */
static uint64_t
add(struct prefilter *filter, const struct regex_prefix *prefix)
{
	size_t b;

	for (b = 0; b < filter->count; b++)
		if (memcmp(&filter->known[b], prefix, sizeof(*prefix)) == 0)
			return UINT64_C(1) << b;
	if (b == PREFILTER_BITS) {
		b = most_like(filter, prefix);
		widen(&filter->known[b], prefix);
	} else {
		filter->known = alloc_resize(filter->known, ++filter->count,
					     sizeof(*filter->known));
		filter->known[b] = *prefix;
	}
	enter(filter, prefix, UINT64_C(1) << b);
	return UINT64_C(1) << b;
}

uint64_t
prefilter_add(struct prefilter *filter, const struct regex_prefixes *prefixes)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < prefixes->count; i++)
		bits |= add(filter, &prefixes->list[i]);
	return bits;
}

void
prefilter_free(struct prefilter *filter)
{
	free(filter->known);
}
