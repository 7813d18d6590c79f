/* peer_entry: any bytes are an entry or not; a valid entry has no other
 * spelling and exceeds no limit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/peers/peer_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1700000000, SKEW = 30, LONGEST = 86400 };

static void
must_be_bounded(const struct peer_entry *entry,
		const struct peer_entry_record *record)
{
	if (addr_is_special(&record->addr) || record->addr.family == 0)
		abort();
	if (record->user_len > PEER_ENTRY_USER_MAX)
		abort();
	if (record->kind == PEER_ENTRY_LOGIN &&
	    record->until - record->when > LONGEST)
		abort();
	if (record->kind == PEER_ENTRY_HELD &&
	    record->until > NOW + SKEW + PEER_ENTRY_LEASE_MAX)
		abort();
	if (record->kind == PEER_ENTRY_REMOVED &&
	    record->when > entry->head.sent)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct peer_entry_limits limits = {NOW, SKEW, LONGEST};
	static struct peer_entry_text again;
	static struct peer_entry entry;

	if (peer_entry_read(&entry, (const char *)data, size, &limits) !=
	    PEER_ENTRY_GOOD) {
		if (entry.count != 0)
			abort();
		return 0;
	}
	peer_entry_begin(&again, &entry.head);
	for (size_t i = 0; i < entry.count; i++) {
		must_be_bounded(&entry, &entry.records[i]);
		if (!peer_entry_add(&again, &entry.records[i]))
			abort();
	}
	if (again.len != size || memcmp(again.bytes, data, size) != 0)
		abort();
	return 0;
}
