/* requests: whatever a compromised worker sends, the keeper stays intact, and
 * its map has only permitted addresses. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
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
	struct map_store *store = map_store_new(maps, 1, &limits);
	struct keeper_requests *requests = keeper_requests_new(
	    store, "/dev/null/none", 100000, "/dev/null/none");
	struct ipc_packet *packet = alloc_zero(1, sizeof(*packet));
	struct err err;
	size_t removed;
	ssize_t sent;
	int ends[2];

	if (log_descriptor() < 0)
		log_open("/dev/null", false, &err);
	if (ipc_open(ends, &err) != 0)
		abort();

	/* Two bytes of length before each packet. */
	while (size > 2) {
		size_t len = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		len = len < size ? len : size;
		sent = send(ends[0], data, len, 0);
		data += len;
		size -= len;
		if (sent < 0 ||
		    ipc_receive(ends[1], packet, NULL, false, &err) != 1 ||
		    keeper_requests_take(requests, packet, &now, &err) < 0)
			break;
		now.steady_ms += 1000;
		map_store_expire(store, now.steady_ms, &removed, &err);
	}
	keeper_requests_free(&requests);
	map_store_free(&store);
	free(packet);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
