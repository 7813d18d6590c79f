/*
 * netset_add_pattern(): a pattern for the text of addresses, as networks.
 *
 * The pattern is followed as a set of places in it, one bit each, while the
 * digits and dots of an address are read. Where the set holds a `*' at the end
 * of the pattern, all addresses that begin so match: they are a network.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashmap.h"
#include "tools/postfix/netset.h"

/* Before neighbours are joined. */
enum { PARTS_MAX = 16 * NETSET_MAX, PLACES_MAX = 63, SEEN_MAX = 4096 };

struct pattern {
	char text[PLACES_MAX + 1];
	unsigned int len;
	struct hashmap *seen;
};

/* How many networks are found from here on. */
struct seen {
	struct here {
		uint64_t places, octets;
	} here; /* the key */
	uint32_t parts;
};

/* Copies it; two stars in a row are one. */
static int
take(struct pattern *pattern, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '*' && text[1] == '*')
			continue;
		if (pattern->len == PLACES_MAX)
			return -1;
		pattern->text[pattern->len++] = *text;
	}
	return 0;
}

/* A star may also be empty. */
static uint64_t
over_stars(const struct pattern *pattern, uint64_t places)
{
	for (unsigned int i = 0; i < pattern->len; i++)
		if (pattern->text[i] == '*' && (places >> i & 1) != 0)
			places |= (uint64_t)1 << (i + 1);
	return places;
}

static uint64_t
read_text(const struct pattern *pattern, uint64_t places, const char *text)
{
	for (; *text != '\0'; text++) {
		uint64_t next = 0;

		for (unsigned int i = 0; i < pattern->len; i++) {
			if ((places >> i & 1) == 0)
				continue;
			if (pattern->text[i] == '*')
				next |= (uint64_t)1 << i;
			else if (pattern->text[i] == *text)
				next |= (uint64_t)1 << (i + 1);
		}
		places = over_stars(pattern, next);
	}
	return places;
}

static bool
matches(const struct pattern *pattern, uint64_t places)
{
	return (places >> pattern->len & 1) != 0;
}

static bool
matches_all(const struct pattern *pattern, uint64_t places)
{
	unsigned int last = pattern->len - 1;

	return pattern->len > 0 && pattern->text[last] == '*' &&
	       (places >> last & 1) != 0;
}

/* Reads one more number of an address, and the dot after it. true: what follows
 * does not matter, or nothing follows. */
static bool
read_octet(const struct pattern *pattern, unsigned int octets,
	   unsigned int value, uint64_t *places)
{
	char number[12];

	snprintf(number, sizeof(number), "%u", value);
	*places = read_text(pattern, *places, number);
	if (matches_all(pattern, *places) ||
	    (octets == 3 && matches(pattern, *places)))
		return true;
	*places = octets < 3 ? read_text(pattern, *places, ".") : 0;
	return false;
}

/* Counts no further than PARTS_MAX + 1. */
static uint32_t
count(struct pattern *pattern, unsigned int octets, uint64_t places)
{
	struct here here = {places, octets};
	const struct seen *known = hashmap_find(pattern->seen, &here);
	uint32_t parts = 0;

	if (known != NULL)
		return known->parts;
	if (hashmap_count(pattern->seen) >= SEEN_MAX)
		return PARTS_MAX + 1;
	for (unsigned int v = 0; v < 256 && parts <= PARTS_MAX; v++) {
		uint64_t next = places;

		if (read_octet(pattern, octets, v, &next))
			parts++;
		else if (next != 0)
			parts += count(pattern, octets + 1, next);
	}
	if (parts > PARTS_MAX)
		parts = PARTS_MAX + 1;
	((struct seen *)hashmap_put(pattern->seen, &here))->parts = parts;
	return parts;
}

static void
collect(struct pattern *pattern, struct addr addr, unsigned int octets,
	uint64_t places, struct netset *set)
{
	for (unsigned int v = 0; v < 256; v++) {
		uint64_t next = places;

		addr.bytes[octets] = (uint8_t)v;
		if (read_octet(pattern, octets, v, &next))
			netset_add(set, &addr, 8 * (octets + 1));
		else if (next != 0 && count(pattern, octets + 1, next) > 0)
			collect(pattern, addr, octets + 1, next, set);
	}
}

/* Without a star, it is the text of one address, or of none. */
static int
add_address(struct netset *set, const char *text)
{
	struct addr addr;

	if (addr_parse(&addr, text, strlen(text)) == 0 && addr.family == 4)
		netset_add(set, &addr, 32);
	return 0;
}

int
netset_add_pattern(struct netset *set, const char *text)
{
	struct pattern pattern = {.len = 0};
	struct addr any = {.family = 4};
	struct netset found = {0};
	uint64_t begin;
	int result = -1;

	if (strchr(text, '*') == NULL)
		return add_address(set, text);
	if (take(&pattern, text) != 0)
		return -1;
	begin = over_stars(&pattern, 1);
	pattern.seen = hashmap_new(sizeof(struct seen), sizeof(struct here));
	if (matches_all(&pattern, begin))
		netset_add(&found, &any, 0);
	else if (count(&pattern, 0, begin) <= PARTS_MAX)
		collect(&pattern, any, 0, begin, &found);
	else
		goto out;
	netset_merge(&found);
	if (found.count > NETSET_MAX)
		goto out;
	for (size_t i = 0; i < found.count; i++)
		netset_add(set, &found.list[i].addr, found.list[i].bits);
	result = 0;
out:
	netset_clear(&found);
	hashmap_free(&pattern.seen);
	return result;
}
