/*
 * comparison: what a table has now, against what it shall have; and whether so
 * much of it would go that the new one is likely to be incomplete.
 */
#ifndef TOOLS_GATEWAY_COMPARISON_H
#define TOOLS_GATEWAY_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

struct err;
struct string_map;
struct string_set;

struct comparison {
	bool exists;	/* there is a map */
	size_t present; /* keys in it */
	size_t gone;	/* of these, not among the new ones */
	size_t added;	/* of the new ones, not in the map */
	/* Domains of present keys that have no new entry, sorted. */
	struct string_set *lost;
	struct string_set *keys; /* all that are present; NULL: not asked for */
};

/* keys: of the new map. domains: those of its entries; NULL: lost stays empty.
 * keep_keys: fills in keys, too. 0; -1: the map cannot be read. The result must
 * be cleared in either case. */
int comparison_make(struct comparison *, const struct string_map *,
		    const struct string_set *keys,
		    const struct string_set *domains, bool keep_keys,
		    struct err *);
void comparison_clear(struct comparison *);

/* How many of those before are not there now. */
size_t comparison_gone(const struct string_set *before,
		       const struct string_set *now);

/* Percent of the present entries that may go, unless an option says more. */
enum { COMPARISON_MAX_SHRINK = 30 };

/* Whether more than so many percent would go. */
bool comparison_shrinks(size_t gone, size_t present, size_t max_shrink);

#endif
