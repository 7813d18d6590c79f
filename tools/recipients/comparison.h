/*
 * comparison: the keys that a map has now, against those of a new list.
 */
#ifndef TOOLS_RECIPIENTS_COMPARISON_H
#define TOOLS_RECIPIENTS_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>

struct address_list;
struct err;
struct string_map;
struct string_set;

struct comparison {
	bool exists;	/* there is a map */
	size_t present; /* keys in it */
	size_t gone;	/* of these, not in the list */
	size_t added;	/* in the list, not in the map */
	/* Domains of present keys that have no entry in the list, sorted. */
	struct string_set *lost;
	struct string_set *keys; /* all that are present; NULL: not asked for */
};

/* keep_keys: fills in keys, too. 0; -1: the map cannot be read. The result must
 * be cleared in either case. */
int comparison_make(struct comparison *, const struct string_map *,
		    const struct address_list *, bool keep_keys, struct err *);
void comparison_clear(struct comparison *);

#endif
