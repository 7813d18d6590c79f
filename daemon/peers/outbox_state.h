/*
 * outbox_state: what the files of the outbox share; private to them.
 *
 * outbox.c keeps what happens here; outbox_stream.c knows what of it is in the
 * stream; outbox_entry.c makes the entries. Each calls only those named before
 * it.
 */
#ifndef DAEMON_PEERS_OUTBOX_STATE_H
#define DAEMON_PEERS_OUTBOX_STATE_H

#include <string.h>

#include "base/addr.h"
#include "base/hashmap.h"
#include "daemon/peers/outbox.h"
#include "daemon/peers/sendlist.h"

/* A mark is an id, and when it was given. There is one a minute, for two hours
 * and a minute: no entry is needed for longer. */
enum { MARK_SECONDS = 60, MARKS_MAX = 2 + 2 * 3600 / MARK_SECONDS + 1 };

/* Seconds in 32 bits, which last until 2106, keep it small. The key is the
 * family, the 4 or 16 bytes of the address, and the user. */
struct own_login {
	struct hashmap_key key;
	struct sendmark mark;
	uint32_t when, until;
};
enum { LOGIN_KEY_MAX = 17 + PEER_ENTRY_USER_MAX };

/* Who holds an address, by sessions. */
struct holder {
	time_t when;
	int64_t grant; /* what the login itself granted, by the grace */
	int64_t until;
	int64_t since; /* when outbox_hold() was last called */
	bool ended;    /* the session; the grace that follows is longer */
	uint8_t user_len;
	char user[PEER_ENTRY_USER_MAX];
};
struct own_hold {
	struct addr addr;
	struct sendmark mark;
	size_t count, written; /* so many are in earlier entries */
	struct holder **holders;
};

struct own_removal {
	struct addr addr;
	struct sendmark mark;
	time_t stamp;
};

enum { LOGINS, HOLDS, REMOVED, LISTS };

/* An entry that is on its way, and the last place of each list in it. Records
 * that need not be written were taken with it, too. */
struct flight {
	struct streamid id;
	bool any[LISTS]; /* it has something of that list */
	uint32_t places[LISTS];
};

struct outbox {
	struct outbox_settings settings;
	struct outbox_removals removals;
	struct sendlist lists[LISTS];

	bool ready;		/* the stream can be written */
	bool known;		/* outbox_connected() was called before */
	bool removed;		/* logins may have been since the last count */
	struct streamid last;	/* the highest id given, or found there */
	struct streamid stored; /* the last id confirmed */
	time_t epoch;
	uint64_t seq;	  /* of the last entry confirmed */
	int64_t sent_ms;  /* steady, of the last entry */
	int64_t fresh_ms; /* steady, of the first record not sent; 0: none */
	size_t fresh;	  /* about how many such records */

	struct flight flights[OUTBOX_IN_FLIGHT_MAX]; /* a ring */
	size_t first, nflights;

	/* A ring of ids and when they were given, steady seconds. */
	struct {
		int64_t when;
		struct streamid id;
	} marks[MARKS_MAX];
	size_t first_mark, nmarks;
};

static inline size_t
outbox_address_bytes(const struct addr *addr)
{
	return addr->family == 4 ? 4 : 16;
}

static inline struct addr
outbox_address(const struct own_login *login)
{
	const char *bytes = login->key.bytes;
	struct addr addr = {.family = (uint8_t)bytes[0]};

	memcpy(addr.bytes, bytes + 1, outbox_address_bytes(&addr));
	return addr;
}

/* ---- outbox.c ---- */

bool outbox_is_removed(const struct outbox *, const struct addr *, time_t when);
/* Whether a login has ended by now, steady seconds, or was removed. */
bool outbox_is_over(const struct outbox *, const struct own_login *,
		    int64_t now);
void outbox_drop_login(struct outbox *, struct own_login *);
void outbox_drop_holder(struct own_hold *, size_t at);
void outbox_drop_hold(struct outbox *, struct own_hold *);

/* ---- outbox_stream.c ---- */

/* The id of the next entry: higher than the last, whatever the clock says. The
 * last again if there is no higher id. */
struct streamid outbox_next_id(const struct outbox *, struct peers_time);
/* An entry with this id was given out. Returns the id before which nobody needs
 * an entry any more. */
struct streamid outbox_given(struct outbox *, struct streamid, int64_t now);

#endif
