/* ipc_link: whatever arrives, an accepted message has what its type needs and
 * nothing else, and would be accepted again. */
#include "daemon/ipc/ipc_link.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/ipc/ipc.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check(const struct ipc_link_packet *p, size_t size)
{
	if (p->data_len > IPC_LINK_DATA_MAX ||
	    offsetof(struct ipc_link_packet, data) + p->data_len != size ||
	    strnlen(p->key, sizeof(p->key)) > IPC_LINK_KEY_MAX ||
	    p->count > IPC_LINK_STREAMS_MAX ||
	    (p->count > 0 && p->index >= p->count) ||
	    (p->type == IPC_LINK_APPEND &&
	     streamid_compare(p->mark, p->id) >= 0))
		abort();
}

/* What one end takes, the other does not. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ipc_link_packet *packet = alloc_zero(1, sizeof(*packet));
	struct err err;
	int ends[2], taken = 0;

	if (ipc_open(ends, &err) != 0)
		abort();
	for (int round = 0; size > 0 && round < 4; round++) {
		int got;

		if (send(ends[0], data, size, 0) < 0)
			break;
		got = round % 2 ? ipc_link_from_link(ends[1], packet, &err)
				: ipc_link_from_worker(ends[1], packet, &err);
		if (got == 1)
			check(packet, size);
		taken += got == 1;
	}
	if (taken != 0 && taken != 2)
		abort();
	free(packet);
	close(ends[0]);
	close(ends[1]);
	return 0;
}
