/*
 * netset: the networks that one line of a foreign file stands for, in the only
 * form that Postfix takes: prefixes whose host bits are zero.
 *
 * In a cidr_table(5), Postfix skips a line with host bits, a dotted mask or a
 * mask with holes; in mynetworks, such a network makes it answer 451 to all.
 */
#ifndef TOOLS_POSTFIX_NETSET_H
#define TOOLS_POSTFIX_NETSET_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

/* More networks for one line are not written. */
enum { NETSET_MAX = 4096 };

/* Zero-initialise it. */
struct netset {
	struct cidr *list;
	size_t count;
};

void netset_clear(struct netset *);

/* Drops the host bits. */
void netset_add(struct netset *, const struct addr *, unsigned int bits);

/*
 * Adds the networks of those addresses that agree with addr in all bits of the
 * mask, which may have holes. Both are IPv4. 0, or -1: these are more than
 * NETSET_MAX; nothing was added.
 */
int netset_add_mask(struct netset *, const struct addr *,
		    const struct addr *mask);

/*
 * Adds the networks of the IPv4 addresses whose dotted text a pattern matches,
 * in which `*' is any number of any characters, also dots: "192.168.1*" is
 * 192.168.1.0/24, 192.168.10.0/24 to 192.168.19.0/24, and so on. 0, or -1:
 * these are more than NETSET_MAX; nothing was added.
 */
int netset_add_pattern(struct netset *, const char *pattern);

/* Sorts the networks, drops those inside others, joins neighbours. */
void netset_merge(struct netset *);

/* The smallest network with all of these in it; they are merged, at least one,
 * and of one family. */
struct cidr netset_span(const struct netset *);

/* Which part of all addresses of this family the networks cover, from 0 to 1.
 * They must be merged. */
double netset_share(const struct netset *, int family);

/* A share as a number of addresses; of IPv6, as a power of two, rounded down.
 */
enum { NETSET_SIZE_MAX = 32 };
void netset_format_size(double share, int family, char out[NETSET_SIZE_MAX]);

/* "192.0.2.0/24", "2001:db8::/32"; as mynetworks wants it, with brackets. */
enum { NETSET_TEXT_MAX = ADDR_TEXT_MAX + 6 };
void netset_format(const struct cidr *, bool brackets,
		   char out[NETSET_TEXT_MAX]);

#endif
