/*
 * outbox: what this host reports to others, and when it repeats that.
 *
 * It holds the logins of our own logs, the sessions that hold an address, and
 * what the operator has added and removed, each until it ends, and puts them
 * into entries for our stream. The stream may lose entries, or be deleted:
 * whatever has not ended is sent again, at once when the loss is noticed, and
 * in any case once in each refresh period. While the stream cannot be reached,
 * these records are kept, and no entries are made.
 *
 * This host chooses the ids of the entries: each is higher than the one before,
 * and than all ids that the stream had when we connected. So whoever reads the
 * entries after some id misses none.
 *
 * Pure: the caller supplies all times, signs the entries and sends them.
 */
#ifndef DAEMON_PEERS_OUTBOX_H
#define DAEMON_PEERS_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/streamid.h"
#include "daemon/peers/peer_entry.h"

struct addr;
struct outbox;
struct removals;

enum {
	OUTBOX_IN_FLIGHT_MAX = 1000, /* entries that are not confirmed yet */
	OUTBOX_GATHER_MS = 20,	     /* a record waits for others to join it */
	OUTBOX_HEARTBEAT_MS = 5000,  /* of silence before an empty entry */
	OUTBOX_HOLD_USERS_MAX = 32,  /* users whose sessions hold an address */
};

/* In seconds; see pop-before-smtp.yaml(5). */
struct outbox_settings {
	uint32_t grace, refresh, lease;
	uint32_t longest; /* how long removals are repeated */
	size_t max;	  /* logins; of more, the one sent longest ago goes */
	bool networks;	  /* an IPv6 address stands for its /64 */
	bool sessions;	  /* sessions hold addresses */
};

/* Removals by our operator, and by those of other hosts; borrowed. Logins that
 * either of them covers are not sent. */
struct outbox_removals {
	const struct removals *own, *others;
};
struct outbox *outbox_new(const struct outbox_settings *,
			  const struct outbox_removals *,
			  struct peers_time now);
void outbox_free(struct outbox **);
void outbox_set(struct outbox *, const struct outbox_settings *);

/* A login, which authorizes until `until' (steady seconds). user may be NULL.
 */
void outbox_login(struct outbox *, const struct addr *, const char *user,
		  size_t user_len, time_t when, int64_t until,
		  struct peers_time now);
/* The session of a login is open, and holds the address no longer than `until'.
 */
void outbox_hold(struct outbox *, const struct addr *, const char *user,
		 size_t user_len, time_t when, int64_t until,
		 struct peers_time now);
/* A session of this address has ended: nothing holds it beyond `until'. open:
 * another session is open, and holds it until then. */
void outbox_release(struct outbox *, const struct addr *, int64_t until,
		    bool open, struct peers_time now);
void outbox_remove(struct outbox *, const struct addr *, time_t stamp,
		   struct peers_time now);
/* To be called when the removals of others get one more. */
void outbox_others_removed(struct outbox *);
/* Whether we vouch for this address; held: by a session that holds it. */
typedef bool outbox_vouches_fn(void *arg, const struct addr *, bool held);
/* Drops the logins and sessions of addresses that we no longer vouch for: they
 * are not sent again. What was sent counts at the other hosts until it ends. To
 * send a removal instead would also end what other hosts vouch for. */
void outbox_withdraw(struct outbox *, outbox_vouches_fn *vouches, void *arg);

/* ---- the stream ---- */

/* The stream can be written. last: its last id, 0-0 if there is no such stream.
 * Entries on their way up to that id have arrived, others have not. True:
 * entries that had arrived are gone, so everything is sent again. */
bool outbox_connected(struct outbox *, struct streamid last,
		      struct peers_time now);
void outbox_disconnected(struct outbox *);
/* The entry with this id is in the stream. */
void outbox_confirm(struct outbox *, struct streamid);
/* The stream was deleted: everything is sent again. */
void outbox_deleted(struct outbox *);

struct outbox_entry {
	struct streamid id;
	struct streamid mark; /* entries before it are no longer needed */
	struct peer_entry_text text;
};

/* Makes the next entry, which then counts as on its way. False: there is
 * nothing to send now, or too much is on its way, or the stream cannot be
 * written. */
bool outbox_take(struct outbox *, struct outbox_entry *, struct peers_time now);
/* Milliseconds until outbox_take() is to be called. It may be sooner after any
 * of the calls above. */
int64_t outbox_wait_ms(const struct outbox *, struct peers_time now);

/* How many logins it holds. Ended ones may be among them until their next turn
 * to be sent. The first call after a removal looks at all logins. */
size_t outbox_count(struct outbox *, struct peers_time now);

#endif
