/*
 * sender: what pbs-link tells the worker. Nothing blocks, and nothing is lost:
 * what the socket does not take waits here.
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

/* Called when something begins to wait, or nothing waits any more. */
typedef void sender_fn(void *arg, bool waits);

/* fd still belongs to the caller, who passes its events on. */
struct sender *sender_new(int fd, sender_fn *, void *arg);
void sender_free(struct sender **);

/* Forgets what waits for the worker before, and answers this one. */
void sender_begin(struct sender *, uint64_t nonce);
/* Whether nothing waits. If something does, the caller sends nothing more that
 * can wait elsewhere, and calls sender_flush() when fd can be written. */
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
