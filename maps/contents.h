/*
 * contents: what the file of a map is built of, whatever its type: the rows of
 * a table of addresses (maps/map.h), or strings (maps/map_strings.h).
 */
#ifndef MAPS_CONTENTS_H
#define MAPS_CONTENTS_H

#include <stdbool.h>

#include "maps/entry.h"
#include "maps/map.h"

struct map_strings;

/* One of the two. */
struct contents {
	const struct map_rows *rows;
	const struct map_strings *strings;
};

/* Hands out the entries one by one. Initialise the first two members. */
struct contents_cursor {
	const struct contents *contents; /* NULL: an empty map */
	const struct map_settings *settings;
	/* What the last entry was made of: key number `which` of the row.
	 * Strings have no row. */
	struct map_row row;
	unsigned int which;
	bool in_row;
};

/* false: there are no more. */
bool contents_next(struct contents_cursor *, struct entry *);

/* About how many entries there will be. */
size_t contents_count(const struct contents *);

#endif
