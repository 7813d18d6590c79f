/*
 * peer_entry: one message from a host to the others, as text and as records.
 *
 * The text is what is signed and stored. Its first line is
 *
 *	1 SENT EPOCH SEQ
 *
 * the version, when it was sent, when the sender started, and how many entries
 * it has sent since then, this one included. Each further line is a record, in
 * the order in which things happened:
 *
 *	L ADDRESS WHEN UNTIL [USER]
 *		a login, which authorizes until UNTIL
 *	H ADDRESS WHEN UNTIL [USER]
 *		a session of that login is open; repeated before UNTIL
 *	R ADDRESS STAMP
 *		an operator has removed it: logins up to STAMP do not count
 *
 * An entry without records shows that the sender is running. Times are seconds
 * since the epoch, by the sender's clock. Numbers have no leading zeros. An
 * address has its canonical spelling, or is an IPv6 network "2001:db8::/64".
 * One blank separates; a USER is the rest of its line. Each line ends with a
 * newline; no other control byte occurs. So no entry can be written in two
 * ways.
 */
#ifndef DAEMON_PEERS_ENTRY_H
#define DAEMON_PEERS_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/addr.h"

/* Now: by the wall clock, and by the steady one, on which the table's expiries
 * are measured. */
struct peers_time {
	int64_t wall_ms, steady_ms;
};

static inline int64_t
peers_wall(struct peers_time now) /* seconds */
{
	return now.wall_ms / 1000;
}

static inline int64_t
peers_steady(struct peers_time now) /* seconds */
{
	return now.steady_ms / 1000;
}

enum {
	PEER_ENTRY_BYTES_MAX = 8000,
	PEER_ENTRY_RECORDS_MAX = 100,
	PEER_ENTRY_USER_MAX = 255,
	PEER_ENTRY_LEASE_MAX = 600, /* seconds from SENT to the UNTIL of an H */
};

enum peer_entry_kind { PEER_ENTRY_LOGIN, PEER_ENTRY_HELD, PEER_ENTRY_REMOVED };

struct peer_entry_record {
	enum peer_entry_kind kind;
	struct addr addr; /* of a network, the first */
	bool network;	  /* IPv6, of 64 bits */
	time_t when;	  /* the login, or the removal */
	time_t until;	  /* of a removal: 0 */
	const char *user; /* borrowed, not terminated; NULL: unknown */
	size_t user_len;
};

struct peer_entry_head {
	time_t sent, epoch;
	uint64_t seq;
};

/* ---- to write ---- */

struct peer_entry_text {
	char bytes[PEER_ENTRY_BYTES_MAX];
	size_t len, records;
};

void peer_entry_begin(struct peer_entry_text *, const struct peer_entry_head *);

/* Adds a record. A user who cannot be written, because of a control byte, is
 * left out; a name that is too long is cut. False: there is no room for it. */
bool peer_entry_add(struct peer_entry_text *, const struct peer_entry_record *);

/* ---- to read ---- */

struct peer_entry {
	struct peer_entry_head head;
	size_t count;
	/* Their users point into the text. */
	struct peer_entry_record records[PEER_ENTRY_RECORDS_MAX];
};

/* Why an entry is refused, as a whole. */
enum peer_entry_fault {
	PEER_ENTRY_GOOD,
	PEER_ENTRY_VERSION,   /* not one that we know */
	PEER_ENTRY_TOO_LARGE, /* too many bytes, or records */
	PEER_ENTRY_CONTROL,   /* a control byte other than newline */
	PEER_ENTRY_MALFORMED,
	PEER_ENTRY_ADDRESS,  /* malformed, or not of a client: addr_is_special()
			      */
	PEER_ENTRY_AHEAD,    /* SENT is too far ahead of our clock */
	PEER_ENTRY_TOO_LONG, /* UNTIL is too far from WHEN, or from SENT */
};
enum { PEER_ENTRY_FAULTS = PEER_ENTRY_TOO_LONG + 1 };

/* In words, "bad address"; also the names of the counts. */
const char *peer_entry_fault_text(enum peer_entry_fault);

struct peer_entry_limits {
	time_t now;
	uint32_t skew;	  /* seconds that SENT may be ahead of now */
	uint32_t longest; /* seconds from WHEN to UNTIL */
};

/* Any bytes may be passed. Unless it is PEER_ENTRY_GOOD, no record may be used;
 * the head is filled in if PEER_ENTRY_AHEAD. */
enum peer_entry_fault peer_entry_read(struct peer_entry *, const char *text,
				      size_t len,
				      const struct peer_entry_limits *);

#endif
