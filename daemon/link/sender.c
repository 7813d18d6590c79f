#include "daemon/link/sender.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"

/* A queued message, truncated to the length that it uses. */
struct waiting {
	struct waiting *next;
	struct ipc_link_packet *packet;
};

struct sender {
	int fd;
	sender_fn *fn;
	void *arg;
	uint64_t nonce;
	struct waiting *first, **end;
	struct ipc_link_packet packet;
};

struct sender *
sender_new(int fd, sender_fn *fn, void *arg)
{
	struct sender *s = alloc_zero(1, sizeof(*s));

	s->fd = fd;
	s->fn = fn;
	s->arg = arg;
	s->end = &s->first;
	return s;
}

static void
drop_first(struct sender *s)
{
	struct waiting *first = s->first;

	s->first = first->next;
	if (s->first == NULL)
		s->end = &s->first;
	free(first->packet);
	free(first);
}

void
sender_free(struct sender **s)
{
	if (*s == NULL)
		return;
	while ((*s)->first != NULL)
		drop_first(*s);
	free(*s);
	*s = NULL;
}

void
sender_begin(struct sender *s, uint64_t nonce)
{
	while (s->first != NULL)
		drop_first(s);
	s->nonce = nonce;
}

bool
sender_has_room(const struct sender *s)
{
	return s->first == NULL;
}

static void
keep(struct sender *s)
{
	size_t len =
	    offsetof(struct ipc_link_packet, data) + s->packet.data_len;
	struct waiting *waiting = alloc_zero(1, sizeof(*waiting));

	waiting->packet = (void *)alloc_bytes(&s->packet, len);
	*s->end = waiting;
	s->end = &waiting->next;
	if (s->first == waiting)
		s->fn(s->arg, true);
}

/* Drops it if there is no reader: the next worker sends BEGIN. */
static void
put(struct sender *s)
{
	struct err err;

	if (s->first != NULL || ipc_link_send(s->fd, &s->packet, &err) == 0)
		keep(s);
}

void
sender_flush(struct sender *s)
{
	struct err err;

	if (s->first == NULL)
		return;
	while (s->first != NULL &&
	       ipc_link_send(s->fd, s->first->packet, &err) != 0)
		drop_first(s);
	if (s->first == NULL)
		s->fn(s->arg, false);
}

/* ---- messages ---- */

void
sender_started(struct sender *s)
{
	ipc_link_begin(&s->packet, IPC_LINK_STARTED, 0);
	put(s);
}

void
sender_state(struct sender *s, enum ipc_link_channel channel,
	     enum ipc_link_state state, bool quiet, const char *text)
{
	if (s->nonce == 0)
		return;
	ipc_link_begin(&s->packet, IPC_LINK_STATE, s->nonce);
	s->packet.channel = (uint8_t)channel;
	s->packet.code = (uint8_t)state;
	s->packet.quiet = quiet;
	ipc_link_set_data(&s->packet, text, strlen(text));
	put(s);
}

void
sender_id(struct sender *s, enum ipc_link_type type, struct streamid id)
{
	if (s->nonce == 0)
		return;
	ipc_link_begin(&s->packet, type, s->nonce);
	s->packet.id = id;
	put(s);
}

void
sender_rewound(struct sender *s, const char *key)
{
	if (s->nonce == 0)
		return;
	ipc_link_begin(&s->packet, IPC_LINK_REWOUND, s->nonce);
	ipc_link_set_key(&s->packet, key);
	put(s);
}

void
sender_entry(struct sender *s, const struct sender_entry *entry)
{
	if (s->nonce == 0)
		return;
	ipc_link_begin(&s->packet, IPC_LINK_ENTRY, s->nonce);
	ipc_link_set_key(&s->packet, entry->key);
	s->packet.id = entry->id;
	s->packet.code = (uint8_t)entry->code;
	if (entry->code == IPC_LINK_WHOLE) {
		ipc_link_set_data(&s->packet, entry->data, entry->data_len);
		memcpy(s->packet.signature, entry->signature,
		       sizeof(s->packet.signature));
	}
	put(s);
}
