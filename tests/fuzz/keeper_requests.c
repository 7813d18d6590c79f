/* desk: whatever a worker that was taken over says, the keeper stays whole, and
 * its map holds only what may be held. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/keeper_requests.h"
#include "daemon/keeper/map_store.h"
#include "maps/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { MAX = 1000 };

static int
check_rows(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct map_row row;
	size_t count = 0;

	(void)map;
	(void)err;
	while (rows->next(rows->arg, &row)) {
		if (addr_is_special(&row.addr) || !row.present || row.when < 0)
			abort();
		count++;
	}
	if (count > MAX)
		abort();
	return 0;
}

static int
check_changes(struct map *map, const struct map_row *rows, size_t n,
	      struct err *err)
{
	(void)map;
	(void)err;
	for (size_t i = 0; i < n; i++)
		if (rows[i].present && addr_is_special(&rows[i].addr))
			abort();
	return 0;
}

static int
clear(struct map *map, struct err *err)
{
	(void)map;
	(void)err;
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct map_ops ops = {.type = "fuzz",
					   .replace = check_rows,
					   .apply = check_changes,
					   .clear = clear};
	static char name[] = "fuzz:map";
	struct map map = {.ops = &ops, .name = name};
	struct map *maps[] = {&map};
	const struct map_store_limits limits = {MAX, 1800, NULL, 0};
	struct map_store_time now = {1700000000, 1000000};
	struct map_store *vault = map_store_new(maps, 1, &limits);
	struct keeper_requests *desk = keeper_requests_new(vault, "/dev/null/none", 100000);
	struct ipc_packet *packet = alloc_zero(1, sizeof(*packet));
	struct err err;
	size_t removed;

	/* Two bytes of length before each packet. */
	while (size > 2) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		memset(packet, 0, sizeof(*packet));
		memcpy(packet, data,
		       len < sizeof(*packet) ? len : sizeof(*packet));
		data += len;
		size -= len;
		if (!ipc_check(packet, len) ||
		    keeper_requests_take(desk, packet, &now, &err) < 0)
			break;
		now.steady_ms += 1000;
		map_store_expire(vault, now.steady_ms, &removed, &err);
	}
	keeper_requests_free(&desk);
	map_store_free(&vault);
	free(packet);
	return 0;
}
