/*
 * inbox: what other hosts vouch for.
 *
 * Takes the entries of their streams, and passes on what is in them if the host
 * has signed it and may say it. An entry with anything wrong in it is refused
 * as a whole, and counted. Entries may come twice, late, and in any order: each
 * record says all that it needs to.
 *
 * Remembers which addresses each host vouches for, and until when: that is
 * bounded for each host, and tells which addresses nobody vouches for any more
 * when a host is no longer believed.
 *
 * Pure: the caller supplies all times, reads the streams and keeps the table.
 */
#ifndef DAEMON_PEERS_INBOX_H
#define DAEMON_PEERS_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/streamid.h"
#include "daemon/peers/peer_entry.h"
#include "daemon/peers/peer_refusal.h"

struct addr;
struct inbox;
struct peers_conf;

enum {
	INBOX_FORGED_MAX = 100, /* bad signatures in a minute; then none of the
				 * host's is verified for a minute */
};

struct inbox_ops {
	/* A login, or a session, that this host vouches for; when it ends
	 * here, in steady seconds; 0: it is over, or an operator has removed
	 * the address since; -1: the address is excluded here. */
	int64_t (*grant)(void *arg, const char *host,
			 const struct peer_entry_record *);
	/* The operator of this host has removed an address. */
	void (*remove)(void *arg, const char *host,
		       const struct peer_entry_record *);
	void *arg;
};

struct inbox_limits {
	uint32_t longest; /* seconds that a login may count here, by the grace
			   * or by a session */
	bool networks;	  /* ipv6_prefix is 64 */
};

/* The settings are borrowed until the next inbox_set(). */
struct inbox *inbox_new(const struct peers_conf *, const struct inbox_limits *,
			const struct inbox_ops *, struct peers_time now);
void inbox_free(struct inbox **);

/* After a reload: hosts come and go. True: one has gone, so there may be
 * addresses that nobody vouches for. */
bool inbox_set(struct inbox *, const struct peers_conf *,
	       const struct inbox_limits *, struct peers_time now);

/* An operator of this host has removed an address: nobody vouches for it by a
 * login up to stamp any more. ops.remove is not called. */
void inbox_removed(struct inbox *, const struct addr *, time_t stamp);

/* Whether one of the hosts vouches for this address now. */
bool inbox_vouches(const struct inbox *, const struct addr *, int64_t steady);

/* ---- what comes from the streams ---- */

struct inbox_message {
	const char *stream; /* PREFIX:NAME */
	struct streamid id;
	bool malformed; /* PEER_REFUSAL_FIELDS; the rest is not there */
	const char *payload;
	size_t payload_len;
	const unsigned char *signature;
};
void inbox_take(struct inbox *, const struct inbox_message *,
		struct peers_time now);

/* The stream is read from its beginning again. */
void inbox_rewound(struct inbox *, const char *stream);

/* Names hosts that have not been heard of; forgets what is over. To be called
 * every few seconds. connected: the streams can be read. */
void inbox_look(struct inbox *, bool connected, struct peers_time now);

/* ---- for the operator ---- */

struct inbox_row {
	const char *name;	   /* borrowed */
	uint64_t entries, records; /* that were taken */
	uint64_t refused[PEER_REFUSALS];
	uint64_t missing; /* entries that were deleted, as it seems */
	size_t addresses; /* that it vouches for */
	int64_t ahead;	  /* seconds that its clock is ahead of ours */
	int64_t heard_ms; /* ago; -1: never */
	struct streamid cursor;
};
size_t inbox_hosts(const struct inbox *);
void inbox_get(const struct inbox *, size_t host, struct peers_time now,
	       struct inbox_row *);

#endif
