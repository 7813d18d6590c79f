/* ipc_link: each message arrives as it was sent; a message that is too long or
 * too short, or that only the other end may send, is refused. */
#include "daemon/ipc/ipc_link.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/ipc/ipc.h"
#include "tests/tap.h"

static const size_t head = offsetof(struct ipc_link_packet, data);
static int ends[2];
static struct ipc_link_packet *packet, *got;

/* A whole message of the type. */
static void
fill(enum ipc_link_type type)
{
	ipc_link_begin(packet, type, type == IPC_LINK_STARTED ? 0 : 77);
	if (type == IPC_LINK_READ || type == IPC_LINK_WRITE ||
	    type == IPC_LINK_IGNORE || type == IPC_LINK_ENTRY ||
	    type == IPC_LINK_REWOUND)
		ipc_link_set_key(packet, "pbs:pop1");
	if (type == IPC_LINK_APPEND || type == IPC_LINK_APPENDED ||
	    type == IPC_LINK_ENTRY)
		packet->id = (struct streamid){1700000000000, 2};
	if (type == IPC_LINK_APPEND)
		packet->mark = (struct streamid){1700000000000, 1};
	if (type == IPC_LINK_READ)
		packet->index = 62, packet->count = 63;
	if (type == IPC_LINK_STATE) {
		packet->code = IPC_LINK_LOST;
		packet->channel = IPC_LINK_READER;
		ipc_link_set_data(packet, "gone", 4);
	}
	if (type == IPC_LINK_APPEND || type == IPC_LINK_ENTRY) {
		ipc_link_set_data(packet, "1 2 3 4\n", 8);
		memset(packet->signature, 0xa5, sizeof(packet->signature));
	}
}

static int
receive(bool of_worker)
{
	struct err err;

	memset(got, 0xee, sizeof(*got));
	return of_worker ? ipc_link_from_worker(ends[1], got, &err)
			 : ipc_link_from_link(ends[1], got, &err);
}

/* How the bytes of the packet are read, whether they are a message or not. */
static int
arrives(size_t len)
{
	if (send(ends[0], packet, len, 0) != (ssize_t)len)
		abort();
	return receive(packet->type < IPC_LINK_STARTED);
}

static int
as_filled(void)
{
	return arrives(head + packet->data_len);
}

static void
every_type_passes(void)
{
	struct err err;

	for (int type = IPC_LINK_BEGIN; type <= IPC_LINK_REWOUND; type++) {
		fill((enum ipc_link_type)type);
		is_int(ipc_link_send(ends[0], packet, &err), 1, "type %d",
		       type);
		is_int(receive(type < IPC_LINK_STARTED), 1, "arrives");
		ok(memcmp(got, packet, head + packet->data_len) == 0,
		   "as it was sent");
		ipc_link_send(ends[0], packet, &err);
		is_int(receive(type >= IPC_LINK_STARTED), -1,
		       "but not from the other end");
	}
	is_int(receive(true), 0, "and no more than that");
}

/* In a message without members, every byte but those of version, type and nonce
 * is 0. */
static void
unused_members_are_zero(void)
{
	static const enum ipc_link_type bare[] = {
	    IPC_LINK_BEGIN, IPC_LINK_AGAIN, IPC_LINK_RENEW, IPC_LINK_DELETED};
	const size_t nonce = offsetof(struct ipc_link_packet, nonce);

	for (size_t i = 0; i < sizeof(bare) / sizeof(*bare); i++) {
		int refused = 0;

		for (size_t at = 2; at < head; at++) {
			fill(bare[i]);
			((unsigned char *)packet)[at] ^= 1;
			refused += arrives(head) == -1;
			at += at + 1 == nonce ? sizeof(packet->nonce) : 0;
		}
		is_int(refused, (long long)(head - 2 - sizeof(packet->nonce)),
		       "type %d", bare[i]);
	}
}

static void
lengths_are_checked(void)
{
	for (int type = IPC_LINK_BEGIN; type <= IPC_LINK_REWOUND; type++) {
		fill((enum ipc_link_type)type);
		is_int(arrives(head + packet->data_len + 1), -1,
		       "type %d, a byte more", type);
		is_int(arrives(head + packet->data_len - 1), -1, "one less");
		is_int(arrives(1), -1, "one alone");
		packet->data_len++;
		is_int(as_filled(), packet->data_len > 1 ? 1 : -1,
		       "a byte of data");
		packet->data_len = UINT32_MAX;
		is_int(arrives(sizeof(*packet)), -1, "a length beyond all");
	}
	fill(IPC_LINK_APPEND);
	packet->data_len = IPC_LINK_DATA_MAX;
	is_int(as_filled(), 1, "as many bytes as there may be");
	fill(IPC_LINK_APPEND);
	ipc_link_set_data(packet, got, IPC_LINK_DATA_MAX + 1);
	is_int(packet->data_len, IPC_LINK_DATA_MAX, "what is longer is cut");
}

static void
versions_and_types_are_known(void)
{
	fill(IPC_LINK_BEGIN);
	packet->version++;
	is_int(as_filled(), -1, "another version");
	fill(IPC_LINK_BEGIN);
	packet->type = 0;
	is_int(as_filled(), -1, "no type");
	packet->type = IPC_LINK_REWOUND + 1;
	is_int(as_filled(), -1, "an unknown type");
	fill(IPC_LINK_BEGIN);
	packet->nonce = 0;
	is_int(as_filled(), -1, "no nonce");
	fill(IPC_LINK_STARTED);
	packet->nonce = 1;
	is_int(as_filled(), -1, "a nonce that cannot be known yet");
	fill(IPC_LINK_BEGIN);
	packet->type = 255;
	is_int(as_filled(), -1, "the last of all");
}

static void
keys_are_checked(void)
{
	static const char *const bad[] = {"",	  "a b",   "a\nb",    "a/b",
					  "a\"b", "a\x7f", "\xc3\xa4"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		fill(IPC_LINK_WRITE);
		ipc_link_set_key(packet, bad[i]);
		is_int(as_filled(), -1, "key %zu", i);
	}
	fill(IPC_LINK_WRITE);
	memset(packet->key, 'a', IPC_LINK_KEY_MAX);
	is_int(as_filled(), 1, "the longest key");
	packet->key[IPC_LINK_KEY_MAX] = 'a';
	is_int(as_filled(), -1, "one more");
	memset(packet->key, 'a', sizeof(packet->key));
	is_int(as_filled(), -1, "without an end");
	fill(IPC_LINK_WRITE);
	packet->key[20] = 'a';
	is_int(as_filled(), -1, "something after its end");
}

static void
ids_are_checked(void)
{
	static const struct {
		enum ipc_link_type type;
		struct streamid id, mark;
		int result;
	} cases[] = {
	    {IPC_LINK_APPEND, {5, 5}, {5, 4}, 1},
	    {IPC_LINK_APPEND, {5, 5}, {0, 0}, 1},
	    {IPC_LINK_APPEND, {5, 5}, {5, 5}, -1},
	    {IPC_LINK_APPEND, {5, 5}, {6, 0}, -1},
	    {IPC_LINK_APPEND, {0, 0}, {0, 0}, -1},
	    {IPC_LINK_APPENDED, {0, 1}, {0, 0}, 1},
	    {IPC_LINK_APPENDED, {0, 0}, {0, 0}, -1},
	    {IPC_LINK_APPENDED, {5, 5}, {0, 1}, -1},
	    {IPC_LINK_ENTRY, {0, 0}, {0, 0}, -1},
	    {IPC_LINK_TOP, {0, 0}, {0, 0}, 1},
	    {IPC_LINK_TOP, {5, 5}, {0, 0}, 1},
	    {IPC_LINK_READ, {0, 0}, {0, 0}, 1},
	    {IPC_LINK_WRITE, {1, 0}, {0, 0}, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fill(cases[i].type);
		packet->id = cases[i].id;
		packet->mark = cases[i].mark;
		is_int(as_filled(), cases[i].result, "ids %zu", i);
	}
}

static void
lists_are_checked(void)
{
	static const struct {
		uint8_t index, count;
		int result;
	} cases[] = {{0, 1, 1},	   {0, 63, 1},	{1, 1, -1},
		     {63, 63, -1}, {0, 64, -1}, {0, 255, -1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fill(IPC_LINK_READ);
		packet->index = cases[i].index;
		packet->count = cases[i].count;
		is_int(as_filled(), cases[i].result, "list %zu", i);
	}
	ipc_link_begin(packet, IPC_LINK_READ, 1);
	is_int(as_filled(), 1, "an empty list");
	packet->id.ms = 1;
	is_int(as_filled(), -1, "but not of something");
	ipc_link_begin(packet, IPC_LINK_READ, 1);
	packet->index = 1;
	is_int(as_filled(), -1, "nor one that goes on");
	fill(IPC_LINK_READ);
	packet->index = packet->count = 0;
	is_int(as_filled(), -1, "nor with a key");
}

static void
codes_are_checked(void)
{
	static const struct {
		enum ipc_link_type type;
		uint8_t code, channel, quiet;
		int result;
	} cases[] = {
	    {IPC_LINK_STATE, IPC_LINK_CONNECTED, IPC_LINK_WRITER, 1, 1},
	    {IPC_LINK_STATE, IPC_LINK_NOTICE, IPC_LINK_READER, 0, 1},
	    {IPC_LINK_STATE, 0, IPC_LINK_WRITER, 0, -1},
	    {IPC_LINK_STATE, IPC_LINK_NOTICE + 1, IPC_LINK_WRITER, 0, -1},
	    {IPC_LINK_STATE, IPC_LINK_LOST, 0, 0, -1},
	    {IPC_LINK_STATE, IPC_LINK_LOST, IPC_LINK_READER + 1, 0, -1},
	    {IPC_LINK_STATE, IPC_LINK_LOST, IPC_LINK_READER, 2, -1},
	    {IPC_LINK_ENTRY, IPC_LINK_FIELDS, 0, 0, -1}, /* has data */
	    {IPC_LINK_ENTRY, IPC_LINK_LONG + 1, 0, 0, -1},
	    {IPC_LINK_APPENDED, 1, 0, 0, -1},
	    {IPC_LINK_TOP, 0, 1, 0, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		fill(cases[i].type);
		packet->code = cases[i].code;
		packet->channel = cases[i].channel;
		packet->quiet = cases[i].quiet;
		is_int(as_filled(), cases[i].result, "code %zu", i);
	}
	fill(IPC_LINK_ENTRY);
	packet->code = IPC_LINK_FIELDS;
	packet->data_len = 0;
	is_int(as_filled(), -1, "an entry that is not whole has no signature");
	memset(packet->signature, 0, sizeof(packet->signature));
	is_int(as_filled(), 1, "nor data");
}

static void
ends_are_noticed(void)
{
	struct err err;
	int sent = 0;

	fill(IPC_LINK_APPEND);
	packet->data_len = IPC_LINK_DATA_MAX;
	while (ipc_link_send(ends[0], packet, &err) == 1)
		sent++;
	ok(sent > 10, "%d of the longest wait", sent);
	is_int(ipc_link_send(ends[0], packet, &err), 0,
	       "then there is no room");
	while (receive(true) == 1)
		sent--;
	is_int(sent, 0, "all of them arrive");
	close(ends[0]);
	is_int(receive(true), -2, "the other end is closed");
	is_int(ipc_link_send(ends[1], packet, &err), -1, "nothing can be sent");
	is_str(err.text, "Broken pipe", "and why");
	close(ends[1]);
}

int
main(void)
{
	struct err err;

	packet = alloc_zero(1, sizeof(*packet));
	got = alloc_zero(1, sizeof(*got));
	if (ipc_open(ends, &err) != 0)
		abort();
	every_type_passes();
	unused_members_are_zero();
	lengths_are_checked();
	versions_and_types_are_known();
	keys_are_checked();
	ids_are_checked();
	lists_are_checked();
	codes_are_checked();
	ends_are_noticed();
	free(packet);
	free(got);
	return tap_done();
}
