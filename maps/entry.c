#include "maps/entry.h"

#include <stdio.h>
#include <string.h>

#include "maps/map.h"

bool
entry_from_row(struct entry *entry, const struct map_row *row,
	       const struct map_settings *settings)
{
	/* Postfix takes digits alone as OK; "-1" would be 451. */
	time_t when = row->when < 0 ? 0 : row->when;

	if (addr_is_special(&row->addr) || !addr_is_unambiguous(&row->addr))
		return false;
	entry->key_size = addr_format(&row->addr, entry->key) + 1;
	if (settings->value != NULL) {
		entry->value = settings->value;
		entry->value_size = strlen(settings->value) + 1;
		return true;
	}
	entry->value = entry->digits;
	entry->value_size =
	    (size_t)snprintf(entry->digits, sizeof(entry->digits), "%lld",
			     (long long)when) +
	    1;
	return true;
}
