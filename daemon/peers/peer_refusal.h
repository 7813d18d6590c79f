/*
 * peer_refusal: why an entry or a record of another host is refused.
 */
#ifndef DAEMON_PEERS_PEER_REFUSAL_H
#define DAEMON_PEERS_PEER_REFUSAL_H

#include "daemon/peers/peer_entry.h"

/* The first are those of enum peer_entry_fault. */
enum peer_refusal {
	PEER_REFUSAL_SIGNATURE = PEER_ENTRY_FAULTS, /* or of another place */
	PEER_REFUSAL_IGNORED, /* too many forged entries came before */
	PEER_REFUSAL_FIELDS, /* not one payload and one signature, or long */
	PEER_REFUSAL_NETWORK,	 /* a record: of a /64; ipv6_prefix is 128 */
	PEER_REFUSAL_BOUND,	 /* a record: the host's max_addresses */
	PEER_REFUSAL_HERE,	 /* a record: excluded here */
};
enum { PEER_REFUSALS = PEER_REFUSAL_HERE + 1 };

/* In words, "bad signature"; also the names of the counts. */
const char *peer_refusal_text(unsigned int refusal);

#endif
