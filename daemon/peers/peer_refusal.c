#include "daemon/peers/peer_refusal.h"

static const char *const texts[PEER_REFUSALS] = {
    [PEER_REFUSAL_SIGNATURE] = "bad signature",
    [PEER_REFUSAL_IGNORED] = "ignored after many forged entries",
    [PEER_REFUSAL_FIELDS] = "fields missing or repeated",
    [PEER_REFUSAL_NETWORK] = "a network, and ours are single addresses",
    [PEER_REFUSAL_BOUND] = "too many addresses",
    [PEER_REFUSAL_HERE] = "excluded here",
};

const char *
peer_refusal_text(unsigned int refusal)
{
	if (refusal < PEER_ENTRY_FAULTS)
		return peer_entry_fault_text((enum peer_entry_fault)refusal);
	return texts[refusal];
}
