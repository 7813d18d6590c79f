#include "tools/postfix/netset.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void
netset_clear(struct netset *set)
{
	free(set->list);
	*set = (struct netset){0};
}

void
netset_add(struct netset *set, const struct addr *addr, unsigned int bits)
{
	struct cidr net = {*addr, bits};

	net.addr = cidr_network(&net);
	if ((set->count & (set->count - 1)) == 0)
		set->list =
		    alloc_resize(set->list, set->count ? set->count * 2 : 1,
				 sizeof(*set->list));
	set->list[set->count++] = net;
}

static uint32_t
number_of(const struct addr *addr)
{
	const uint8_t *b = addr->bytes;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

static struct addr
address_of(uint32_t number)
{
	return (struct addr){
	    .family = 4,
	    .bytes = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
		      (uint8_t)(number >> 8), (uint8_t)number}};
}

int
netset_add_mask(struct netset *set, const struct addr *addr,
		const struct addr *mask)
{
	uint32_t ones = number_of(mask), fixed = number_of(addr) & ones;
	unsigned int bits = 32;
	uint32_t holes, value = 0, count = 0;
	struct addr net;

	while (bits > 0 && (ones >> (32 - bits) & 1) == 0)
		bits--;
	holes = bits > 0 ? ~ones & UINT32_MAX << (32 - bits) : 0;
	if (__builtin_popcount(holes) > 12)
		return -1;
	/* Counts through the bits of the holes alone. */
	do {
		net = address_of(fixed | value);
		netset_add(set, &net, bits);
		value = (value - holes) & holes;
		count++;
	} while (value != 0);
	return count <= NETSET_MAX ? 0 : -1;
}

static int
by_address(const void *a, const void *b)
{
	const struct cidr *one = a, *other = b;
	int order = memcmp(&one->addr, &other->addr, sizeof(one->addr));

	if (order != 0)
		return order;
	return one->bits < other->bits ? -1 : one->bits > other->bits;
}

/* Whether both are the halves of one network; they come in their order. */
static bool
are_halves(const struct cidr *low, const struct cidr *high)
{
	struct cidr whole = *low;

	if (low->bits == 0 || low->bits != high->bits ||
	    low->addr.family != high->addr.family)
		return false;
	whole.bits--;
	return cidr_contains(&whole, &high->addr);
}

void
netset_merge(struct netset *set)
{
	size_t kept = 0;

	if (set->count > 0)
		qsort(set->list, set->count, sizeof(*set->list), by_address);
	for (size_t i = 0; i < set->count; i++) {
		if (kept > 0 &&
		    cidr_contains(&set->list[kept - 1], &set->list[i].addr))
			continue;
		set->list[kept++] = set->list[i];
		while (kept > 1 &&
		       are_halves(&set->list[kept - 2], &set->list[kept - 1])) {
			kept--;
			set->list[kept - 1].bits--;
		}
	}
	set->count = kept;
}

struct cidr
netset_span(const struct netset *set)
{
	struct cidr span = set->list[0];

	/* They are sorted. */
	while (!cidr_contains(&span, &set->list[set->count - 1].addr))
		span.bits--;
	span.addr = cidr_network(&span);
	return span;
}

double
netset_share(const struct netset *set, int family)
{
	double share = 0;

	for (size_t i = 0; i < set->count; i++)
		if (set->list[i].addr.family == family)
			share += ldexp(1, -(int)set->list[i].bits);
	return share;
}

void
netset_format_size(double share, int family, char out[NETSET_SIZE_MAX])
{
	int exponent;

	frexp(share, &exponent);
	if (family == 4)
		snprintf(out, NETSET_SIZE_MAX, "%.0f", ldexp(share, 32));
	else
		snprintf(out, NETSET_SIZE_MAX, "2^%d", 128 + exponent - 1);
}

void
netset_format(const struct cidr *net, bool brackets, char out[NETSET_TEXT_MAX])
{
	char text[ADDR_TEXT_MAX];

	addr_format(&net->addr, text);
	if (brackets && net->addr.family == 6)
		snprintf(out, NETSET_TEXT_MAX, "[%s]/%u", text, net->bits);
	else
		snprintf(out, NETSET_TEXT_MAX, "%s/%u", text, net->bits);
}
