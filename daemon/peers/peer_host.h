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
	PEER_HOST_SLOW = 5,	     /* seconds; a slower clock is logged */
};

/* Trouble with a host, logged once in a minute at most. */
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
	int64_t expected_ms; /* it has been silent, while connected, since */
	bool heard, silent;
	/* Forged entries are counted for a minute; see INBOX_FORGED_MAX. */
	int64_t forged_ms, ignored_until_ms;
	unsigned int forged;
	bool ignored; /* which inbox_ignored() has still to return */
	/* The clock is judged by the least delayed entry of a minute. */
	int64_t ahead, best, judged_ms;
	int64_t named_ms[TROUBLES];
	bool named[TROUBLES];
	int64_t swept; /* when all vouchers were looked at, steady seconds */
};

/* Copies what it needs of the settings. */
struct peer_host *peer_host_new(const struct peers_conf *,
				const struct peers_host *, struct peers_time);
void peer_host_free(struct peer_host **);

/* Counts a refused entry or record by its reason, and logs it. */
void peer_host_refuse(struct peer_host *, unsigned int refusal,
		      struct peers_time);
/* The same for an entry from so many seconds ahead of our time. */
void peer_host_ahead(struct peer_host *, int64_t ahead, uint32_t skew);

/* From the head of a good entry: that the host was heard; how its clock is; how
 * many entries are missing before this one. */
void peer_host_heard(struct peer_host *, struct peers_time);
void peer_host_judge(struct peer_host *, time_t sent, struct peers_time);
void peer_host_count(struct peer_host *, const struct peer_entry_head *,
		     struct peers_time);
/* Warns if nothing was heard from it for too long. */
void peer_host_look(struct peer_host *, struct peers_time);

/* Looks at so many vouchers, beginning with the one seen longest ago, and
 * forgets those that have ended. */
void peer_host_sweep(struct peer_host *, size_t many, int64_t steady);
/* Whether it may vouch for another address. */
bool peer_host_has_room(struct peer_host *, int64_t steady);

#endif
