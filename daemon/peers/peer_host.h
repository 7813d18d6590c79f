/*
 * peer_host: what the inbox knows of one host; private to it.
 */
#ifndef DAEMON_PEERS_PEER_HOST_H
#define DAEMON_PEERS_PEER_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/streamid.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/peers/peer_entry.h"
#include "daemon/peers/peer_refusal.h"
#include "daemon/peers/sign.h"

struct hashmap;

enum {
	PEER_HOST_MINUTE_MS = 60 * 1000,
	PEER_HOST_SILENT_MS = 15000, /* three heartbeats */
	PEER_HOST_SLOW = 5,	     /* seconds; a slower clock is named */
};

/* Trouble with a host, named once in a minute at most. */
enum peer_trouble { REFUSED, AHEAD, BEHIND, MISSING, TROUBLES };

/* An address, its last login, by the host's clock, and until when the host
 * vouches for it; 32 bits hold the seconds until 2106. */
struct voucher {
	struct addr addr;
	uint32_t when, until;
};

struct peer_host {
	const struct peers_host *conf; /* borrowed; set by the inbox */
	char name[PEERS_NAME_MAX + 1]; /* the settings may be gone */
	unsigned char key[PEERS_PUBLIC_KEY];
	char stream[SIGN_STREAM_MAX];
	struct hashmap *vouchers;
	struct streamid cursor;
	struct peer_entry_head last;
	uint64_t entries, records, missing, refused[PEER_REFUSALS];

	int64_t heard_ms;    /* steady */
	int64_t expected_ms; /* since then it should have been heard */
	bool heard, silent;
	int64_t forged_ms,
	    ignored_until_ms; /* a minute that has so many; until when */
	unsigned int forged;
	/* The clock is judged by the fastest entry of a minute. */
	int64_t ahead, best, judged_ms;
	int64_t named_ms[TROUBLES];
	bool named[TROUBLES];
	int64_t swept; /* steady seconds: all vouchers were looked at */
};

/* Copies what it needs of the settings. */
struct peer_host *peer_host_new(const struct peers_conf *,
				const struct peers_host *, struct peers_time);
void peer_host_free(struct peer_host **);

/* Counts why an entry or a record of it is refused, and names that. */
void peer_host_refuse(struct peer_host *, unsigned int refusal,
		      struct peers_time);
/* The same for an entry from so many seconds ahead of our time. */
void peer_host_ahead(struct peer_host *, int64_t ahead, uint32_t skew);

/* What the head of a good entry says: that the host is there; of its clock; of
 * entries between this one and the one before. */
void peer_host_heard(struct peer_host *, struct peers_time);
void peer_host_judge(struct peer_host *, time_t sent, struct peers_time);
void peer_host_count(struct peer_host *, const struct peer_entry_head *,
		     struct peers_time);
/* Names it if it has not been heard of for too long. */
void peer_host_look(struct peer_host *, struct peers_time);

/* Looks at so many vouchers, the one seen longest ago first, and forgets those
 * that are over. */
void peer_host_sweep(struct peer_host *, size_t many, int64_t steady);
/* Whether it may vouch for one address more. */
bool peer_host_has_room(struct peer_host *, int64_t steady);

#endif
