/*
 * entry: a row as the keys and the value that Postfix reads from a file.
 *
 * check_client_access asks such a file for the whole address, and then for its
 * text shortened at each '.' or ':' from the right (smtpd(8)
 * check_addr_access). So a key must not be what is left of a stranger's
 * address. A /64 can be said by what is left of all addresses in it: by
 * "2001:db8:a0:1", or where groups at its end are zero by two keys, since "::"
 * may begin among them. One with no bits in its second and third group cannot
 * be said, for there "2001:" is what is left of other networks, too.
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
 * The row's key number `which`: from 0 until it returns false, at most
 * ENTRY_KEYS. None at all: this address must not stand in a table that Postfix
 * also asks for shortened keys. Do not copy an entry.
 */
enum { ENTRY_KEYS = 2 };
bool entry_from_row(struct entry *entry, const struct map_row *,
		    const struct map_settings *, unsigned int which);

#endif
