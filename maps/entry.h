/*
 * entry: the key and the value by which Postfix finds something in a file.
 *
 * check_client_access looks up the whole address in such a file, then the
 * address shortened at each '.' or ':' from the right (smtpd(8)
 * check_addr_access). So no key may equal a shortened form of somebody else's
 * address.
 *
 * The key of a /64 is the shortened form that all its addresses have in common,
 * such as "2001:db8:a0:1". If the last of its groups are zero, there are two
 * keys, because "::" may begin there. A /64 whose second and third groups are
 * both zero has no key: its shortened form "2001:" is also that of other
 * networks.
 */
#ifndef MAPS_ENTRY_H
#define MAPS_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/decimal.h"

struct map_row;
struct map_settings;

/* The sizes include the final NUL: Postfix stores it with each string, and a
 * reader that has found one key with its NUL looks up all others with it. */
struct entry {
	const char *key; /* text, or a borrowed string */
	size_t key_size;
	const char *value; /* digits, or borrowed from the settings */
	size_t value_size;
	char text[ADDR_TEXT_MAX];
	char digits[DECIMAL_MAX + 1];
};

/*
 * Fills in key number `which` of the row: call it from 0 until it returns
 * false, at most ENTRY_KEYS times. An address without any key must be left out
 * of tables in which Postfix also looks up shortened keys. Do not copy an
 * entry: key and value may point into it.
 */
enum { ENTRY_KEYS = 2 };
bool entry_from_row(struct entry *entry, const struct map_row *,
		    const struct map_settings *, unsigned int which);

/* The same for a key that is a string already, which the entry borrows. The
 * settings must have a value. */
void entry_from_string(struct entry *entry, const char *key,
		       const struct map_settings *);

/* Whether such a table can hold the address. */
bool entry_is_possible(const struct addr *, const struct map_settings *);

#endif
