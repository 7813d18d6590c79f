/* Which records are in the stream, and the ids of entries. */
#include "daemon/peers/outbox_state.h"

/* ---- ids ---- */

struct streamid
outbox_next_id(const struct outbox *o, struct peers_time now)
{
	struct streamid id = {.ms =
				  now.wall_ms > 0 ? (uint64_t)now.wall_ms : 0};

	return streamid_compare(id, o->last) > 0 ? id : streamid_next(o->last);
}

static void
add_mark(struct outbox *o, struct streamid id, int64_t now)
{
	size_t last = (o->first_mark + o->nmarks) % MARKS_MAX;

	if (o->nmarks == MARKS_MAX) {
		o->first_mark = (o->first_mark + 1) % MARKS_MAX;
		o->nmarks--;
	}
	o->marks[last].when = now;
	o->marks[last].id = id;
	o->nmarks++;
}

/* The id before which no entry is needed: everything that has not ended was
 * sent again twice since then. */
static struct streamid
take_mark(struct outbox *o, int64_t now)
{
	int64_t kept = now - 2 * (int64_t)o->settings.refresh - MARK_SECONDS;
	size_t next;

	while (o->nmarks > 1) {
		next = (o->first_mark + 1) % MARKS_MAX;
		if (o->marks[next].when > kept)
			break;
		o->first_mark = next;
		o->nmarks--;
	}
	if (o->nmarks == 0 || o->marks[o->first_mark].when > kept)
		return (struct streamid){0, 0};
	return o->marks[o->first_mark].id;
}

struct streamid
outbox_given(struct outbox *o, struct streamid id, int64_t now)
{
	size_t last = (o->first_mark + o->nmarks + MARKS_MAX - 1) % MARKS_MAX;

	if (o->nmarks == 0 || now - o->marks[last].when >= MARK_SECONDS)
		add_mark(o, id, now);
	o->last = id;
	return take_mark(o, now);
}

/* ---- the stream ---- */

/* Entries on their way are lost. Their numbers are used again, so that no
 * reader counts them as missing. */
static void
land_none(struct outbox *o)
{
	o->nflights = 0;
	for (size_t i = 0; i < LISTS; i++)
		sendlist_lost(&o->lists[i]);
}

static void
lose_all(struct outbox *o)
{
	o->nflights = 0;
	o->sent_ms = 0;
	for (size_t i = 0; i < LISTS; i++)
		sendlist_lost_all(&o->lists[i]);
}

void
outbox_confirm(struct outbox *o, struct streamid id)
{
	const struct flight *flight = &o->flights[o->first];

	while (o->nflights > 0 && streamid_compare(flight->id, id) <= 0) {
		for (size_t i = 0; i < LISTS; i++)
			if (flight->any[i])
				sendlist_confirm(&o->lists[i],
						 flight->places[i]);
		o->stored = flight->id;
		o->seq++;
		o->first = (o->first + 1) % OUTBOX_IN_FLIGHT_MAX;
		o->nflights--;
		flight = &o->flights[o->first];
	}
}

bool
outbox_connected(struct outbox *o, struct streamid last, struct peers_time now)
{
	bool lost = streamid_compare(last, o->stored) < 0;

	if (!o->known)
		add_mark(o, last, peers_steady(now));
	outbox_confirm(o, last);
	if (streamid_compare(last, o->last) > 0)
		o->last = last;
	if (lost || !o->known)
		lose_all(o);
	else
		land_none(o);
	if (lost)
		o->stored = last;
	o->known = o->ready = true;
	return lost;
}

void
outbox_disconnected(struct outbox *o)
{
	o->ready = false;
}

void
outbox_deleted(struct outbox *o)
{
	o->stored = (struct streamid){0, 0};
	lose_all(o);
}
