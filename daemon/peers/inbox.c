#include "daemon/peers/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/hashmap.h"
#include "base/log.h"
#include "daemon/conf/conf_peers.h"
#include "daemon/peers/peer_host.h"
#include "daemon/peers/sign.h"

struct inbox {
	struct inbox_ops ops;
	const struct peers_conf *conf;
	struct inbox_limits limits;
	struct peer_host **hosts;
	size_t nhosts;
};

/* ---- hosts ---- */

/* Takes a host with this name and key out of the list; NULL if it has none. */
static struct peer_host *
take_host(struct peer_host **hosts, size_t nhosts,
	  const struct peers_host *conf)
{
	struct peer_host *host;

	for (size_t i = 0; i < nhosts; i++) {
		host = hosts[i];
		if (host == NULL || strcmp(host->name, conf->name) != 0 ||
		    memcmp(host->key, conf->key, sizeof(host->key)) != 0)
			continue;
		hosts[i] = NULL;
		return host;
	}
	return NULL;
}

bool
inbox_set(struct inbox *inbox, const struct peers_conf *conf,
	  const struct inbox_limits *limits, struct peers_time now)
{
	struct peer_host **old = inbox->hosts;
	size_t nold = inbox->nhosts;
	bool gone = false;

	inbox->conf = conf;
	inbox->limits = *limits;
	inbox->nhosts = conf->nhosts;
	inbox->hosts = alloc_zero(conf->nhosts + 1, sizeof(*inbox->hosts));
	for (size_t i = 0; i < conf->nhosts; i++) {
		struct peer_host *host = take_host(old, nold, &conf->hosts[i]);

		if (host == NULL)
			host = peer_host_new(conf, &conf->hosts[i], now);
		host->conf = &conf->hosts[i];
		inbox->hosts[i] = host;
	}
	for (size_t i = 0; i < nold; i++) {
		gone |= old[i] != NULL;
		peer_host_free(&old[i]);
	}
	free(old);
	return gone;
}

struct inbox *
inbox_new(const struct peers_conf *conf, const struct inbox_limits *limits,
	  const struct inbox_ops *ops, struct peers_time now)
{
	struct inbox *inbox = alloc_zero(1, sizeof(*inbox));

	inbox->ops = *ops;
	inbox_set(inbox, conf, limits, now);
	return inbox;
}

void
inbox_free(struct inbox **inbox)
{
	if (*inbox == NULL)
		return;
	for (size_t i = 0; i < (*inbox)->nhosts; i++)
		peer_host_free(&(*inbox)->hosts[i]);
	free((*inbox)->hosts);
	free(*inbox);
	*inbox = NULL;
}

static struct peer_host *
find_host(const struct inbox *inbox, const char *stream)
{
	for (size_t i = 0; i < inbox->nhosts; i++)
		if (strcmp(inbox->hosts[i]->stream, stream) == 0)
			return inbox->hosts[i];
	return NULL;
}

bool
inbox_vouches(const struct inbox *inbox, const struct addr *addr,
	      int64_t steady)
{
	const struct voucher *voucher;

	for (size_t i = 0; i < inbox->nhosts; i++) {
		voucher = hashmap_find(inbox->hosts[i]->vouchers, addr);
		if (voucher != NULL && (int64_t)voucher->until > steady)
			return true;
	}
	return false;
}

void
inbox_removed(struct inbox *inbox, const struct addr *addr, time_t stamp)
{
	struct voucher *voucher;

	for (size_t i = 0; i < inbox->nhosts; i++) {
		voucher = hashmap_find(inbox->hosts[i]->vouchers, addr);
		if (voucher != NULL && (time_t)voucher->when <= stamp)
			hashmap_remove(inbox->hosts[i]->vouchers, voucher);
	}
}

/* ---- records ---- */

/* Room for USER@DOMAIN. A longer name is left out: cut, it could be another
 * user's. */
enum { NAME_MAX_BYTES = PEER_ENTRY_USER_MAX };

/* Adds the host's user_domain to a name without a domain. */
static void
add_domain(const struct peer_host *host, struct peer_entry_record *record,
	   char name[NAME_MAX_BYTES])
{
	const char *domain = host->conf->user_domain;
	size_t len = record->user_len, more;

	if (domain == NULL || record->user == NULL ||
	    memchr(record->user, '@', len) != NULL)
		return;
	more = strlen(domain);
	if (len + 1 + more > NAME_MAX_BYTES) {
		record->user = NULL;
		record->user_len = 0;
		return;
	}
	memcpy(name, record->user, len);
	name[len] = '@';
	memcpy(name + len + 1, domain, more);
	record->user = name;
	record->user_len = len + 1 + more;
}

static void
grant(const struct inbox *inbox, struct peer_host *host,
      struct peer_entry_record *record, struct peers_time now)
{
	int64_t steady = peers_steady(now), until;
	char name[NAME_MAX_BYTES];
	struct voucher *voucher = hashmap_find(host->vouchers, &record->addr);

	if (voucher == NULL && !peer_host_has_room(host, steady)) {
		peer_host_refuse(host, PEER_REFUSAL_BOUND, now);
		return;
	}
	add_domain(host, record, name);
	until = inbox->ops.grant(inbox->ops.arg, host->name, record);
	if (until < 0)
		host->refused[PEER_REFUSAL_HERE]++;
	if (until <= steady)
		return;
	if (voucher == NULL)
		voucher = hashmap_put(host->vouchers, &record->addr);
	if (until > (int64_t)voucher->until)
		voucher->until = (uint32_t)until;
	if (record->when > (time_t)voucher->when)
		voucher->when = (uint32_t)record->when;
	host->records++;
}

static void
take_records(struct inbox *inbox, struct peer_host *host,
	     struct peer_entry *entry, struct peers_time now)
{
	for (size_t i = 0; i < entry->count; i++) {
		struct peer_entry_record *record = &entry->records[i];

		if (record->network && !inbox->limits.networks) {
			peer_host_refuse(host, PEER_REFUSAL_NETWORK, now);
			continue;
		}
		if (record->addr.family == 6 && inbox->limits.networks)
			record->addr =
			    cidr_network(&(struct cidr){record->addr, 64});
		if (record->kind != PEER_ENTRY_REMOVED) {
			grant(inbox, host, record, now);
			continue;
		}
		inbox->ops.remove(inbox->ops.arg, host->name, record);
		inbox_removed(inbox, &record->addr, record->when);
		host->records++;
	}
}

/* ---- entries ---- */

/* An entry that the host has not made. To verify many signatures costs too
 * much, so after many such entries the stream is ignored for a while. */
static void
refuse_forged(struct peer_host *host, unsigned int refusal,
	      struct peers_time now)
{
	peer_host_refuse(host, refusal, now);
	if (host->forged == 0 ||
	    now.steady_ms - host->forged_ms >= PEER_HOST_MINUTE_MS) {
		host->forged = 0;
		host->forged_ms = now.steady_ms;
	}
	if (++host->forged >= INBOX_FORGED_MAX) {
		host->forged = 0;
		host->ignored_until_ms = now.steady_ms + PEER_HOST_MINUTE_MS;
		host->ignored = true;
	}
}

static bool
is_genuine(const struct peer_host *host, const struct inbox_message *message)
{
	char id[STREAMID_SIZE];
	struct sign_entry signed_entry = {
	    .stream = host->stream,
	    .id = streamid_print(message->id, id),
	    .payload = message->payload,
	    .payload_len = message->payload_len,
	};

	return sign_verify(message->signature, &signed_entry, host->key);
}

static void
take_genuine(struct inbox *inbox, struct peer_host *host,
	     const struct inbox_message *message, struct peers_time now)
{
	const struct peer_entry_limits limits = {.now = peers_wall(now),
						 .skew = inbox->conf->skew,
						 .longest =
						     inbox->limits.longest};
	struct peer_entry entry;
	enum peer_entry_fault fault = peer_entry_read(
	    &entry, message->payload, message->payload_len, &limits);

	host->cursor = message->id;
	peer_host_heard(host, now);
	if (fault == PEER_ENTRY_AHEAD) {
		peer_host_ahead(host,
				(int64_t)entry.head.sent - peers_wall(now),
				inbox->conf->skew);
		return;
	}
	if (fault != PEER_ENTRY_GOOD) {
		peer_host_refuse(host, fault, now);
		return;
	}
	host->entries++;
	peer_host_count(host, &entry.head, now);
	peer_host_judge(host, entry.head.sent, now);
	take_records(inbox, host, &entry, now);
}

void
inbox_take(struct inbox *inbox, const struct inbox_message *message,
	   struct peers_time now)
{
	struct peer_host *host = find_host(inbox, message->stream);

	if (host == NULL || streamid_compare(message->id, host->cursor) <= 0)
		return; /* no longer followed, or taken before */
	if (now.steady_ms < host->ignored_until_ms)
		peer_host_refuse(host, PEER_REFUSAL_IGNORED, now);
	else if (message->malformed)
		refuse_forged(host, PEER_REFUSAL_FIELDS, now);
	else if (message->payload_len > PEER_ENTRY_BYTES_MAX)
		refuse_forged(host, PEER_ENTRY_TOO_LARGE, now);
	else if (!is_genuine(host, message))
		refuse_forged(host, PEER_REFUSAL_SIGNATURE, now);
	else
		take_genuine(inbox, host, message, now);
}

const char *
inbox_ignored(struct inbox *inbox)
{
	for (size_t i = 0; i < inbox->nhosts; i++) {
		struct peer_host *host = inbox->hosts[i];

		if (host->ignored) {
			host->ignored = false;
			return host->stream;
		}
	}
	return NULL;
}

void
inbox_rewound(struct inbox *inbox, const char *stream)
{
	struct peer_host *host = find_host(inbox, stream);

	if (host == NULL)
		return;
	host->cursor = (struct streamid){0, 0};
	log_info("peers: stream %s lost entries; reading it from its beginning",
		 stream);
}

/* Each call looks at a part of the vouchers, all of them in about a minute. */
enum { LOOKS_A_MINUTE = 12 };

void
inbox_look(struct inbox *inbox, bool connected, struct peers_time now)
{
	for (size_t i = 0; i < inbox->nhosts; i++) {
		struct peer_host *host = inbox->hosts[i];

		peer_host_sweep(
		    host, hashmap_count(host->vouchers) / LOOKS_A_MINUTE + 1,
		    peers_steady(now));
		if (!connected)
			host->expected_ms = now.steady_ms;
		peer_host_look(host, now);
	}
}

/* ---- for the operator ---- */

size_t
inbox_hosts(const struct inbox *inbox)
{
	return inbox->nhosts;
}

void
inbox_get(const struct inbox *inbox, size_t at, struct peers_time now,
	  struct inbox_row *row)
{
	const struct peer_host *host = inbox->hosts[at];

	*row = (struct inbox_row){
	    .name = host->name,
	    .entries = host->entries,
	    .records = host->records,
	    .missing = host->missing,
	    .addresses = hashmap_count(host->vouchers),
	    .ahead = host->ahead,
	    .heard_ms = host->heard ? now.steady_ms - host->heard_ms : -1,
	    .cursor = host->cursor,
	};
	memcpy(row->refused, host->refused, sizeof(row->refused));
}
