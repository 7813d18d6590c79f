/*
 * sender: sends the messages of pbs-link to the worker. It does not block, and
 * loses nothing: what the socket does not accept is queued here.
 */
#ifndef DAEMON_LINK_SENDER_H
#define DAEMON_LINK_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/streamid.h"
#include "daemon/ipc/ipc_link.h"

struct loop;
struct sender;

/* Called when the queue is no longer empty, and when it is empty again. */
typedef void sender_fn(void *arg, bool waits);

/* fd still belongs to the caller, who watches it. */
struct sender *sender_new(int fd, sender_fn *, void *arg);
void sender_free(struct sender **);

/* Drops messages queued for the previous worker, and answers this one. */
void sender_begin(struct sender *, uint64_t nonce);
/* Whether the queue is empty. If not, the caller sends only what cannot wait
 * elsewhere, and calls sender_flush() when fd is writable. */
bool sender_has_room(const struct sender *);
void sender_flush(struct sender *);

void sender_started(struct sender *);
void sender_state(struct sender *, enum ipc_link_channel, enum ipc_link_state,
		  bool quiet, const char *text);
/* TOP, APPENDED or DELETED; DELETED has no id. */
void sender_id(struct sender *, enum ipc_link_type, struct streamid);
void sender_rewound(struct sender *, const char *key);

struct sender_entry {
	const char *key;
	struct streamid id;
	enum ipc_link_entry code;
	const void *data, *signature;
	size_t data_len;
};
void sender_entry(struct sender *, const struct sender_entry *);

#endif
