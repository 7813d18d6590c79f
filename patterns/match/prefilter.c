#include "patterns/match/prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* Sets the bit for those of 32 consecutive bytes that are in the set: often all
 * of them, or one. */
static void
enter_word(uint16_t *may, uint32_t set, uint16_t bit)
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
enter(struct prefilter *filter, const struct regex_prefix *prefix, uint16_t bit)
{
	size_t p, i;

	for (p = 0; p < REGEX_PREFIX_LEN; p++)
		for (i = 0; i < 8; i++)
			enter_word(&filter->may[p][32 * i],
				   prefix->may[p].bit[i], bit);
}

/* Returns the bit of the prefix, which is in the table afterwards. */
static unsigned int
add(struct prefilter *filter, const struct regex_prefix *prefix)
{
	size_t b;

	for (b = 0; b < filter->count; b++)
		if (memcmp(&filter->known[b], prefix, sizeof(*prefix)) == 0)
			return 1u << b;
	if (b == PREFILTER_BITS) {
		b = PREFILTER_BITS - 1;
	} else {
		filter->known = alloc_resize(filter->known, ++filter->count,
					     sizeof(*filter->known));
		filter->known[b] = *prefix;
	}
	enter(filter, prefix, (uint16_t)(1u << b));
	return 1u << b;
}

unsigned int
prefilter_add(struct prefilter *filter, const struct regex_prefixes *prefixes)
{
	unsigned int bits = 0;
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
