#include "tools/postfix/relaynets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tools/postfix/maincf.h"

/* A hosting company may have a /8. Nobody has a sixteenth of all addresses. */
#define LINE_SHARE_4 (1.0 / 256)
#define LINE_SHARE_6 (1.0 / 65536)
#define ALL_FACTOR 16

enum { IN_MAIN_CF = 50 };

struct relaynets {
	struct netset nets;
	struct strings files; /* of the places */
	size_t *lines;
};

struct relaynets *
relaynets_new(void)
{
	return alloc_zero(1, sizeof(struct relaynets));
}

void
relaynets_free(struct relaynets **nets)
{
	netset_clear(&(*nets)->nets);
	strings_clear(&(*nets)->files);
	free((*nets)->lines);
	free(*nets);
	*nets = NULL;
}

static bool
is_wide(const struct netset *merged, double factor)
{
	return netset_share(merged, 4) > factor * LINE_SHARE_4 ||
	       netset_share(merged, 6) > factor * LINE_SHARE_6;
}

const char *
relaynets_add(struct relaynets *nets, struct netset *set, struct place place)
{
	netset_merge(set);
	if (is_wide(set, 1))
		return "so many addresses would make an open relay";
	for (size_t i = 0; i < set->count; i++) {
		netset_add(&nets->nets, &set->list[i].addr, set->list[i].bits);
		nets->lines = alloc_resize(nets->lines, nets->nets.count,
					   sizeof(*nets->lines));
		nets->lines[nets->nets.count - 1] = place.line;
		strings_add(&nets->files, place.file);
	}
	return NULL;
}

void
relaynets_warn(const struct netset *set, struct place place,
	       struct remarks *remarks)
{
	struct cidr span = netset_span(set);
	int family = span.addr.family;
	char size[NETSET_SIZE_MAX], text[NETSET_TEXT_MAX];

	if (!cidr_is_wide(&span))
		return;
	netset_format_size(netset_share(set, family), family, size);
	netset_format(&span, false, text);
	remark(remarks, place,
	       "lets %s public addresses in %s relay: make sure that all of "
	       "them are yours",
	       size, text);
}

static bool
is_any(const struct cidr *net)
{
	(void)net;
	return true;
}

static bool
is_public(const struct cidr *net)
{
	return !cidr_is_private(net);
}

/* Public, and not reported for itself. */
static bool
is_quiet(const struct cidr *net)
{
	return is_public(net) && !cidr_is_wide(net);
}

/* All that are so, merged. */
static struct netset
merged(const struct netset *nets, bool (*are)(const struct cidr *))
{
	struct netset all = {0};

	for (size_t i = 0; i < nets->count; i++)
		if (are(&nets->list[i]))
			netset_add(&all, &nets->list[i].addr,
				   nets->list[i].bits);
	netset_merge(&all);
	return all;
}

static bool
all_are_wide(const struct netset *nets)
{
	struct netset all = merged(nets, is_any);
	bool wide = is_wide(&all, ALL_FACTOR);

	netset_clear(&all);
	return wide;
}

/* Those that are not wide may be so together. */
static void
warn_of_all(const struct relaynets *nets, struct remarks *remarks)
{
	static const int families[] = {4, 6};
	static const int bits[] = {CIDR_WIDE_4, CIDR_WIDE_6};
	struct netset quiet = merged(&nets->nets, is_quiet);
	struct netset all = merged(&nets->nets, is_public);
	char size[NETSET_SIZE_MAX];

	for (size_t i = 0; i < 2; i++) {
		if (netset_share(&quiet, families[i]) <= ldexp(1, -bits[i]))
			continue;
		netset_format_size(netset_share(&all, families[i]), families[i],
				   size);
		remark(remarks, (struct place){nets->files.list[0], 0},
		       "all networks together let %s public IPv%d addresses "
		       "relay: make sure that all of them are yours",
		       size, families[i]);
	}
	netset_clear(&quiet);
	netset_clear(&all);
}

static void
write_table(const struct relaynets *nets, FILE *out)
{
	char text[NETSET_TEXT_MAX];

	for (size_t i = 0; i < nets->nets.count; i++) {
		netset_format(&nets->nets.list[i], false, text);
		fprintf(out, "%s OK\n", text);
	}
}

void
relaynets_write(const struct relaynets *nets, struct outset *out,
		const char *directory, struct remarks *remarks)
{
	struct maincf_value value = {0};
	struct place nowhere = {NULL, 0}, place;
	bool in_table = nets->nets.count > IN_MAIN_CF, none;
	char text[NETSET_TEXT_MAX];

	none = all_are_wide(&nets->nets);
	if (none) {
		place = (struct place){nets->files.list[0], 0};
		remark_lost(remarks, place,
			    "so many addresses together would "
			    "make an open relay: none of them "
			    "may relay");
	} else
		warn_of_all(nets, remarks);
	maincf_add(&value, nowhere, "127.0.0.0/8");
	for (size_t i = 0; i < nets->nets.count && !none; i++) {
		place = (struct place){nets->files.list[i], nets->lines[i]};
		netset_format(&nets->nets.list[i], true, text);
		if (in_table)
			maincf_source(&value, place);
		else
			maincf_add(&value, place, "%s", text);
	}
	if (in_table && !none) {
		write_table(nets, outset_stream(out, "mynetworks"));
		maincf_add(&value, nowhere, "cidr:%s/mynetworks", directory);
	}
	maincf_write(outset_stream(out, "main.cf"), "mynetworks", &value, true);
}
