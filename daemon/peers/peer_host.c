#include "daemon/peers/peer_host.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hashmap.h"
#include "base/log.h"

struct peer_host *
peer_host_new(const struct peers_conf *conf, const struct peers_host *settings,
	      struct peers_time now)
{
	struct peer_host *host = alloc_zero(1, sizeof(*host));

	static_assert(sizeof(host->stream) >
			  PEERS_PREFIX_MAX + PEERS_NAME_MAX + 2,
		      "room for the name");
	memcpy(host->name, settings->name, strlen(settings->name));
	memcpy(host->key, settings->key, sizeof(host->key));
	strcat(strcat(strcpy(host->stream, conf->prefix), ":"), host->name);
	host->vouchers =
	    hashmap_new(sizeof(struct voucher), sizeof(struct addr));
	host->expected_ms = host->judged_ms = now.steady_ms;
	host->best = INT64_MIN;
	return host;
}

void
peer_host_free(struct peer_host **host)
{
	if (*host == NULL)
		return;
	hashmap_free(&(*host)->vouchers);
	free(*host);
	*host = NULL;
}

/* ---- trouble ---- */

/* Whether to log this trouble: not if that was done within a minute. */
static bool
names(struct peer_host *host, enum peer_trouble trouble, struct peers_time now)
{
	if (host->named[trouble] &&
	    now.steady_ms - host->named_ms[trouble] < PEER_HOST_MINUTE_MS)
		return false;
	host->named[trouble] = true;
	host->named_ms[trouble] = now.steady_ms;
	return true;
}

void
peer_host_refuse(struct peer_host *host, unsigned int refusal,
		 struct peers_time now)
{
	static const char advice[] =
	    "; its key below hosts: must be the one that pop-before-smtp "
	    "--check prints there";

	host->refused[refusal]++;
	if (names(host, REFUSED, now))
		log_warning("peers: refused an entry of %s: %s (%llu so far)%s",
			    host->name, peer_refusal_text(refusal),
			    (unsigned long long)host->refused[refusal],
			    refusal == PEER_REFUSAL_SIGNATURE ? advice : "");
}

void
peer_host_ahead(struct peer_host *host, int64_t ahead, uint32_t skew)
{
	host->refused[PEER_ENTRY_AHEAD]++;
	host->ahead = ahead;
	if (!host->named[AHEAD])
		log_warning("peers: clock of %s is %lld s ahead of ours (%u s "
			    "allowed): its logins are refused",
			    host->name, (long long)ahead, (unsigned int)skew);
	host->named[AHEAD] = true;
}

/* Any entry may be delayed. The one of a minute with the least delay shows how
 * slow the clock is. */
void
peer_host_judge(struct peer_host *host, time_t sent, struct peers_time now)
{
	int64_t ahead = (int64_t)sent - peers_wall(now);
	bool behind;

	if (host->named[AHEAD])
		log_info("peers: clock of %s is no longer too far ahead of "
			 "ours",
			 host->name);
	host->named[AHEAD] = false;
	if (ahead > host->best)
		host->best = ahead;
	if (now.steady_ms - host->judged_ms < PEER_HOST_MINUTE_MS)
		return;
	host->ahead = host->best;
	host->best = INT64_MIN;
	host->judged_ms = now.steady_ms;
	behind = host->ahead <= -PEER_HOST_SLOW;
	if (behind && !host->named[BEHIND])
		log_warning("peers: clock of %s is %lld s slow: its "
			    "logins authorize for that much less",
			    host->name, (long long)-host->ahead);
	if (!behind && host->named[BEHIND])
		log_info("peers: clock of %s is right again", host->name);
	host->named[BEHIND] = behind;
}

/* The sender numbers its entries, and uses the number of one that did not
 * arrive again: a gap means that entries were deleted. */
void
peer_host_count(struct peer_host *host, const struct peer_entry_head *head,
		struct peers_time now)
{
	struct peer_entry_head last = host->last;

	if (head->epoch == last.epoch && head->seq <= last.seq)
		return; /* read again */
	host->last = *head;
	if (last.seq == 0 || head->epoch != last.epoch ||
	    head->seq == last.seq + 1)
		return;
	host->missing += head->seq - last.seq - 1;
	if (names(host, MISSING, now))
		log_warning("peers: entries of %s are missing (SEQ %llu to "
			    "%llu): deleted by somebody?",
			    host->name, (unsigned long long)last.seq + 1,
			    (unsigned long long)head->seq - 1);
}

void
peer_host_heard(struct peer_host *host, struct peers_time now)
{
	if (host->silent)
		log_info("peers: heard from %s again", host->name);
	host->heard = true;
	host->silent = false;
	host->heard_ms = host->expected_ms = now.steady_ms;
}

void
peer_host_look(struct peer_host *host, struct peers_time now)
{
	if (host->silent ||
	    now.steady_ms - host->expected_ms < PEER_HOST_SILENT_MS)
		return;
	host->silent = true;
	log_warning("peers: nothing heard from %s for %d s", host->name,
		    PEER_HOST_SILENT_MS / 1000);
}

/* ---- vouchers ---- */

void
peer_host_sweep(struct peer_host *host, size_t many, int64_t steady)
{
	struct voucher *voucher;

	while (many-- > 0 &&
	       (voucher = hashmap_next(host->vouchers, NULL)) != NULL) {
		if ((int64_t)voucher->until <= steady)
			hashmap_remove(host->vouchers, voucher);
		else
			hashmap_touch(host->vouchers, voucher);
	}
}

/* Looks at all vouchers once a second at most. */
bool
peer_host_has_room(struct peer_host *host, int64_t steady)
{
	size_t max = host->conf->max_addresses;

	if (hashmap_count(host->vouchers) < max)
		return true;
	if (host->swept == steady)
		return false;
	host->swept = steady;
	peer_host_sweep(host, hashmap_count(host->vouchers), steady);
	return hashmap_count(host->vouchers) < max;
}
