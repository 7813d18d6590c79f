#include "daemon/ipc/ipc_link.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"

static const size_t head_size = offsetof(struct ipc_link_packet, data);

/* Which members a message has; all others are 0. */
enum {
	KEY = 1 << 0,
	ID = 1 << 1,	/* any but 0-0 */
	PLACE = 1 << 2, /* an id that may be 0-0 */
	MARK = 1 << 3,	/* may be 0-0, and lies before the id */
	DATA = 1 << 4,
	SIGNATURE = 1 << 5,
	LIST = 1 << 6,	/* index and count; key and id only if count > 0 */
	STATE = 1 << 7, /* code, channel and quiet */
	ENTRY = 1 << 8, /* code; data and signature only if it is 0 */
};

static const unsigned int members[] = {
    [IPC_LINK_BEGIN] = 0,
    [IPC_LINK_READ] = LIST | KEY | PLACE,
    [IPC_LINK_IGNORE] = KEY,
    [IPC_LINK_WRITE] = KEY,
    [IPC_LINK_APPEND] = ID | MARK | DATA | SIGNATURE,
    [IPC_LINK_AGAIN] = 0,
    [IPC_LINK_RENEW] = 0,
    [IPC_LINK_STARTED] = 0,
    [IPC_LINK_STATE] = STATE | DATA,
    [IPC_LINK_TOP] = PLACE,
    [IPC_LINK_APPENDED] = ID,
    [IPC_LINK_DELETED] = 0,
    [IPC_LINK_ENTRY] = ENTRY | KEY | ID | DATA | SIGNATURE,
    [IPC_LINK_REWOUND] = KEY,
};

void
ipc_link_begin(struct ipc_link_packet *packet, enum ipc_link_type type,
	       uint64_t nonce)
{
	memset(packet, 0, head_size);
	packet->version = IPC_LINK_VERSION;
	packet->type = (uint8_t)type;
	packet->nonce = nonce;
}

void
ipc_link_set_key(struct ipc_link_packet *packet, const char *key)
{
	size_t len = strlen(key);

	assert(len <= IPC_LINK_KEY_MAX);
	memset(packet->key, 0, sizeof(packet->key));
	memcpy(packet->key, key, len);
}

void
ipc_link_set_data(struct ipc_link_packet *packet, const void *data, size_t len)
{
	if (len > sizeof(packet->data))
		len = sizeof(packet->data);
	packet->data_len = (uint32_t)len;
	memcpy(packet->data, data, len);
}

static bool
is_zero(const void *bytes, size_t len)
{
	const unsigned char *p = bytes;

	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	return len == 0;
}

/* As the configuration allows them, with a ':' between prefix and name. */
static bool
is_key(const struct ipc_link_packet *p)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-:";
	size_t len = strnlen(p->key, sizeof(p->key));

	return len > 0 && len <= IPC_LINK_KEY_MAX &&
	       strspn(p->key, letters) == len &&
	       is_zero(p->key + len, sizeof(p->key) - len);
}

/* 0 for members that the message does not have. */
static bool
is_state(const struct ipc_link_packet *p, bool present)
{
	if (!present)
		return p->channel == 0 && p->quiet == 0;
	return p->code >= IPC_LINK_CONNECTED && p->code <= IPC_LINK_NOTICE &&
	       (p->channel == IPC_LINK_WRITER ||
		p->channel == IPC_LINK_READER) &&
	       p->quiet <= 1;
}

static bool
is_list(const struct ipc_link_packet *p, bool present)
{
	if (!present)
		return p->index == 0 && p->count == 0;
	return p->count <= IPC_LINK_STREAMS_MAX &&
	       (p->count > 0 ? p->index < p->count : p->index == 0);
}

static bool
is_code(const struct ipc_link_packet *p, unsigned int has)
{
	if ((has & ENTRY) != 0)
		return p->code <= IPC_LINK_LONG;
	return p->code == 0 || (has & STATE) != 0;
}

/* The members of this packet, which may be fewer because of its count or code.
 */
static unsigned int
members_of(const struct ipc_link_packet *p)
{
	unsigned int has = members[p->type];

	if ((has & LIST) != 0 && p->count == 0)
		has &= ~(unsigned int)(KEY | PLACE);
	if ((has & ENTRY) != 0 && p->code != IPC_LINK_WHOLE)
		has &= ~(unsigned int)(DATA | SIGNATURE);
	return has;
}

static bool
are_ids(const struct ipc_link_packet *p, unsigned int has)
{
	if ((has & MARK) != 0 ? streamid_compare(p->mark, p->id) >= 0
			      : !streamid_is_zero(p->mark))
		return false;
	return (has & PLACE) != 0 ||
	       streamid_is_zero(p->id) == ((has & ID) == 0);
}

/* Whether these bytes are a message of this version that has what its type
 * needs, and nothing else. */
static bool
is_valid(const struct ipc_link_packet *p, size_t len)
{
	unsigned int has;

	if (len < head_size || p->version != IPC_LINK_VERSION || p->type == 0 ||
	    p->type > IPC_LINK_REWOUND || p->unused != 0 || p->unused2 != 0 ||
	    p->data_len != len - head_size)
		return false;
	has = members_of(p);
	return (p->nonce == 0) == (p->type == IPC_LINK_STARTED) &&
	       is_state(p, (has & STATE) != 0) &&
	       is_list(p, (has & LIST) != 0) && is_code(p, has) &&
	       are_ids(p, has) &&
	       ((has & KEY) != 0 ? is_key(p)
				 : is_zero(p->key, sizeof(p->key))) &&
	       ((has & DATA) != 0 || p->data_len == 0) &&
	       ((has & SIGNATURE) != 0 ||
		is_zero(p->signature, sizeof(p->signature)));
}

int
ipc_link_send(int fd, const struct ipc_link_packet *packet, struct err *err)
{
	size_t len = head_size + packet->data_len;
	ssize_t n;

	do {
		n = send(fd, packet, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n >= 0)
		return 1;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return 0;
	return err_set(err, "%s", strerror(errno));
}

static int
receive(int fd, struct ipc_link_packet *packet, bool of_worker, struct err *err)
{
	ssize_t n;

	do {
		n = recv(fd, packet, sizeof(*packet), MSG_TRUNC | MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n <= 0) {
		err_set(err, "%s", n < 0 ? strerror(errno) : "closed");
		return -2;
	}
	if ((size_t)n > sizeof(*packet) || !is_valid(packet, (size_t)n) ||
	    (packet->type < IPC_LINK_STARTED) != of_worker)
		return err_set(err, "malformed message of %zd bytes", n);
	return 1;
}

int
ipc_link_from_worker(int fd, struct ipc_link_packet *packet, struct err *err)
{
	return receive(fd, packet, true, err);
}

int
ipc_link_from_link(int fd, struct ipc_link_packet *packet, struct err *err)
{
	return receive(fd, packet, false, err);
}
