#include "maps/contents.h"

#include "maps/map_strings.h"

static bool
next_of_strings(const struct contents_cursor *cursor, struct entry *entry)
{
	const struct map_strings *strings = cursor->contents->strings;
	const char *key = strings->next(strings->arg);

	if (key != NULL)
		entry_from_string(entry, key, cursor->settings);
	return key != NULL;
}

static bool
next_of_rows(struct contents_cursor *cursor, struct entry *entry)
{
	const struct map_rows *rows = cursor->contents->rows;

	for (;;) {
		cursor->which = cursor->in_row ? cursor->which + 1 : 0;
		if (!cursor->in_row && !rows->next(rows->arg, &cursor->row))
			return false;
		cursor->in_row = entry_from_row(
		    entry, &cursor->row, cursor->settings, cursor->which);
		if (cursor->in_row)
			return true;
	}
}

bool
contents_next(struct contents_cursor *cursor, struct entry *entry)
{
	if (cursor->contents == NULL)
		return false;
	return cursor->contents->strings != NULL
		   ? next_of_strings(cursor, entry)
		   : next_of_rows(cursor, entry);
}

size_t
contents_count(const struct contents *contents)
{
	if (contents == NULL)
		return 0;
	return contents->strings != NULL ? contents->strings->count
					 : contents->rows->count;
}
