/*
 * sendlist: records of our own in the order in which they are sent.
 *
 * A record that was sent is not forgotten: it is sent again when it changes,
 * when the stream has lost it, and once in each period. All records are in one
 * order; a record moves only when it becomes unsent, to the end:
 *
 *	confirmed | on their way | unsent
 *
 * So when all that is on its way is lost, or all that is stored, only a border
 * moves, however many records there are. Pure: the caller supplies all times,
 * in steady seconds.
 */
#ifndef DAEMON_PEERS_SENDLIST_H
#define DAEMON_PEERS_SENDLIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hashmap;

/* Follows the key in each element; only the list uses it. */
struct sendmark {
	uint32_t waiting : 1; /* changed since it was sent, in its pause */
	uint32_t sent : 31;   /* seconds since the list began */
	uint32_t place;	      /* in the order; wraps around */
};

struct sendlist {
	struct hashmap *map;
	size_t mark_at;	 /* the offset of the mark in an element */
	int64_t began;	 /* steady seconds */
	uint32_t period; /* seconds until a record is sent again */
	uint32_t pause;	 /* seconds that a change waits after that */
	int64_t moved;	 /* the time of the last sendlist_move() */
	double credit;	 /* how many are due to be sent again then */
	uint32_t places; /* given so far */
	void *recent;	 /* the first that was sent less than a pause ago ... */
	void *in_flight; /* ... that is not confirmed ... */
	void *unsent;	 /* ... that is unsent; NULL: all were sent */
};

/* The key as for hashmap_new(). */
void sendlist_open(struct sendlist *, size_t element_size, size_t key_size,
		   size_t mark_at, int64_t now);
void sendlist_close(struct sendlist *);

/* Finds a record, or adds one, which is unsent. After any later change, call
 * sendlist_change(). */
void *sendlist_put(struct sendlist *, const void *key);
/* A record has changed and is to be sent. False: not before its pause is over.
 */
bool sendlist_change(struct sendlist *, void *element, int64_t now);
void sendlist_remove(struct sendlist *, void *element);

/* Ends pauses that are over, and makes records unsent that are due again,
 * spread evenly over the period. To be called every few seconds, or more often.
 */
void sendlist_move(struct sendlist *, int64_t now);

/* The next that is unsent; NULL: all were sent. */
void *sendlist_next(const struct sendlist *);
/* That record is on its way now. Returns its place, for sendlist_confirm(). */
uint32_t sendlist_take(struct sendlist *, int64_t now);
/* All up to that place have arrived. */
void sendlist_confirm(struct sendlist *, uint32_t place);
/* What was on its way is lost; everything is lost. */
void sendlist_lost(struct sendlist *);
void sendlist_lost_all(struct sendlist *);

#endif
