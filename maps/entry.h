/*
 * entry: a row as the key and the value that Postfix reads from a file.
 */
#ifndef MAPS_ENTRY_H
#define MAPS_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"

struct map_row;
struct map_settings;

/* Sizes count the NUL at the end: Postfix stores one with each string, and a
 * reader sticks to the form in which it found its first key. */
struct entry {
	char key[ADDR_TEXT_MAX];
	size_t key_size;
	char digits[24];
	const char *value; /* digits, or borrowed from the settings */
	size_t value_size;
};

/*
 * true, and *entry is filled; or false: this address must not stand in a
 * table that Postfix also asks for shortened keys. Do not copy an entry.
 */
bool entry_from_row(struct entry *entry, const struct map_row *,
		    const struct map_settings *);

#endif
