/*
 * inbox: what other hosts report.
 *
 * Takes the entries of their streams, and passes on the records of those that
 * the sending host has signed. A faulty entry is refused as a whole, and
 * counted; so is a single record that this host does not accept. Records may
 * come twice or late: each is complete by itself.
 *
 * Remembers which addresses each host vouches for, and until when, up to the
 * host's max_addresses. When a host leaves the configuration, this shows which
 * addresses nobody vouches for any more.
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
	/* Entries in a minute that cannot be the host's own. After so many, its
	 * stream is ignored for a minute. */
	INBOX_FORGED_MAX = 100,
};

struct inbox_ops {
	/* Grants a login or a session that the host reports. Returns when it
	 * ends here, in steady seconds; 0: it has ended, or an operator has
	 * removed the address since; -1: the address is excluded here. */
	int64_t (*grant)(void *arg, const char *host,
			 const struct peer_entry_record *);
	/* The host's operator has removed an address. */
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

/* Applies new settings. True: a host is gone, so there may be addresses that
 * nobody vouches for. */
bool inbox_set(struct inbox *, const struct peers_conf *,
	       const struct inbox_limits *, struct peers_time now);

/* An operator has removed an address: no login up to stamp vouches for it any
 * more. Does not call ops.remove. */
void inbox_removed(struct inbox *, const struct addr *, time_t stamp);

/* Whether one of the hosts vouches for this address now. */
bool inbox_vouches(const struct inbox *, const struct addr *, int64_t steady);

/* ---- what comes from the streams ---- */

struct inbox_message {
	const char *stream; /* PREFIX:NAME */
	struct streamid id;
	bool malformed; /* PEER_REFUSAL_FIELDS; the members below are unset */
	const char *payload;
	size_t payload_len;
	const unsigned char *signature;
};
void inbox_take(struct inbox *, const struct inbox_message *,
		struct peers_time now);

/* A stream that is ignored for a minute from now on, so that it need not be
 * read: each once, NULL after the last. Its entries are refused anyway. */
const char *inbox_ignored(struct inbox *);

/* To be called when the stream is read from its beginning again. */
void inbox_rewound(struct inbox *, const char *stream);

/* Warns of silent hosts, and forgets which addresses hosts no longer vouch for.
 * To be called every few seconds. connected: the streams can be read. */
void inbox_look(struct inbox *, bool connected, struct peers_time now);

/* ---- for the operator ---- */

struct inbox_row {
	const char *name;	   /* borrowed */
	uint64_t entries, records; /* accepted */
	uint64_t refused[PEER_REFUSALS];
	uint64_t missing; /* from gaps in the numbers of entries */
	size_t addresses; /* that it vouches for */
	int64_t ahead;	  /* seconds that its clock is ahead of ours */
	int64_t heard_ms; /* milliseconds ago; -1: never */
	struct streamid cursor;
};
size_t inbox_hosts(const struct inbox *);
void inbox_get(const struct inbox *, size_t host, struct peers_time now,
	       struct inbox_row *);

#endif
