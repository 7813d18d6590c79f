#include "maps/entry.h"

#include <stdio.h>
#include <string.h>

#include "maps/map.h"

static unsigned int
group(const struct addr *addr, unsigned int at)
{
	return (unsigned int)addr->bytes[2 * at] << 8 | addr->bytes[2 * at + 1];
}

/*
 * The first key is the shortened form of addresses that write all four groups;
 * the second, of addresses whose "::" begins at the first of the zero groups.
 * If an address has a longer run of zeros after the first four groups, "::"
 * begins there, and the four groups are written out.
 */
static size_t
prefix_key(const struct addr *addr, unsigned int which, char key[ADDR_TEXT_MAX])
{
	unsigned int a = group(addr, 0), b = group(addr, 1), c = group(addr, 2),
		     d = group(addr, 3);
	int len = 0;

	if (a == 0 || (b == 0 && c == 0))
		return 0;
	if (which == 0)
		len = snprintf(key, ADDR_TEXT_MAX, "%x:%x:%x:%x", a, b, c, d);
	else if (which == 1 && d == 0 && c == 0)
		len = snprintf(key, ADDR_TEXT_MAX, "%x:%x:", a, b);
	else if (which == 1 && d == 0)
		len = snprintf(key, ADDR_TEXT_MAX, "%x:%x:%x:", a, b, c);
	return (size_t)len;
}

static size_t
key_of(const struct addr *addr, unsigned int ipv6_prefix, unsigned int which,
       char key[ADDR_TEXT_MAX])
{
	size_t len;

	if (addr_is_special(addr))
		return 0;
	if (addr->family == 6 && ipv6_prefix == 64)
		return prefix_key(addr, which, key);
	if (which > 0)
		return 0;
	len = addr_format(addr, key);
	return addr_text_is_unambiguous(key) ? len : 0;
}

bool
entry_from_row(struct entry *entry, const struct map_row *row,
	       const struct map_settings *settings, unsigned int which)
{
	/* Postfix reads a value of digits as OK; "-1" would be an error. */
	time_t when = row->when < 0 ? 0 : row->when;
	size_t len =
	    key_of(&row->addr, settings->ipv6_prefix, which, entry->text);
	char *end;

	if (len == 0)
		return false;
	entry->key = entry->text;
	entry->key_size = len + 1;
	if (settings->value != NULL) {
		entry->value = settings->value;
		entry->value_size = strlen(settings->value) + 1;
		return true;
	}
	entry->value = entry->digits;
	end = decimal_put(entry->digits, when);
	*end++ = '\0';
	entry->value_size = (size_t)(end - entry->digits);
	return true;
}

void
entry_from_string(struct entry *entry, const char *key,
		  const struct map_settings *settings)
{
	entry->key = key;
	entry->key_size = strlen(key) + 1;
	entry->value = settings->value;
	entry->value_size = strlen(settings->value) + 1;
}

bool
entry_is_possible(const struct addr *addr, const struct map_settings *settings)
{
	char key[ADDR_TEXT_MAX];

	if (addr->family == 4) /* its text is never a shortened one */
		return !addr_is_special(addr);
	return key_of(addr, settings->ipv6_prefix, 0, key) > 0;
}
