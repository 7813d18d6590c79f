#include "patterns/match/prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/* A bit for 32 bytes in a row, of which set has some; often all, or one. */
static void
enter_some(uint16_t *may, uint32_t set, uint16_t bit)
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
enter(struct prefilter *prefix, const struct regex_prefix *opening, uint16_t bit)
{
	size_t p, i;

	for (p = 0; p < REGEX_PREFIX_LEN; p++)
		for (i = 0; i < 8; i++)
			enter_some(&prefix->may[p][32 * i],
				   opening->may[p].bit[i], bit);
}

/* Its bit, which stands in the table then. */
static unsigned int
add(struct prefilter *prefix, const struct regex_prefix *opening)
{
	size_t b;

	for (b = 0; b < prefix->count; b++)
		if (memcmp(&prefix->known[b], opening, sizeof(*opening)) == 0)
			return 1u << b;
	if (b == PREFILTER_BITS) {
		b = PREFILTER_BITS - 1;
	} else {
		prefix->known = alloc_resize(prefix->known, ++prefix->count,
					     sizeof(*prefix->known));
		prefix->known[b] = *opening;
	}
	enter(prefix, opening, (uint16_t)(1u << b));
	return 1u << b;
}

unsigned int
prefilter_add(struct prefilter *prefix, const struct regex_prefixes *openings)
{
	unsigned int bits = 0;
	size_t i;

	for (i = 0; i < openings->count; i++)
		bits |= add(prefix, &openings->list[i]);
	return bits;
}

void
prefilter_free(struct prefilter *prefix)
{
	free(prefix->known);
}
