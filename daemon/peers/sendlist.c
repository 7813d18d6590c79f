#include "daemon/peers/sendlist.h"

#include "base/hashmap.h"

void
sendlist_open(struct sendlist *list, size_t element_size, size_t key_size,
	      size_t mark_at, int64_t now)
{
	*list = (struct sendlist){.mark_at = mark_at,
				  .began = now,
				  .moved = now,
				  .map = hashmap_new(element_size, key_size)};
}

void
sendlist_close(struct sendlist *list)
{
	hashmap_free(&list->map);
}

static struct sendmark *
mark_of(const struct sendlist *list, void *element)
{
	return (void *)((char *)element + list->mark_at);
}

/* Whether a place comes before that of the element. Places wrap around, but no
 * two in the list are 2^31 or more apart. */
static bool
is_before(const struct sendlist *list, uint32_t place, void *element)
{
	return (int32_t)(place - mark_of(list, element)->place) < 0;
}

static bool
is_unsent(const struct sendlist *list, void *element)
{
	return list->unsent != NULL &&
	       !is_before(list, mark_of(list, element)->place, list->unsent);
}

static int64_t
sent_at(const struct sendlist *list, void *element)
{
	return list->began + mark_of(list, element)->sent;
}

/* ---- the borders ---- */

/* Moves the borders at this element to the next one. */
static void
leave(struct sendlist *list, void *element)
{
	void **borders[] = {&list->recent, &list->in_flight, &list->unsent};

	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++)
		if (*borders[i] == element)
			*borders[i] = hashmap_next(list->map, element);
}

/* An element has come to the end of the order, and is unsent. */
static void
arrive(struct sendlist *list, void *element)
{
	struct sendmark *mark = mark_of(list, element);
	void **borders[] = {&list->recent, &list->in_flight, &list->unsent};

	mark->waiting = 0;
	mark->place = list->places++;
	for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++)
		if (*borders[i] == NULL)
			*borders[i] = element;
}

static void
unsend(struct sendlist *list, void *element)
{
	if (is_unsent(list, element))
		return;
	leave(list, element);
	hashmap_touch(list->map, element);
	arrive(list, element);
}

/* ---- changes ---- */

void *
sendlist_put(struct sendlist *list, const void *key)
{
	size_t before = hashmap_count(list->map);
	void *element = hashmap_put(list->map, key);

	if (hashmap_count(list->map) > before)
		arrive(list, element);
	return element;
}

bool
sendlist_change(struct sendlist *list, void *element, int64_t now)
{
	if (!is_unsent(list, element) &&
	    sent_at(list, element) + list->pause > now) {
		mark_of(list, element)->waiting = 1;
		return false;
	}
	unsend(list, element);
	return true;
}

void
sendlist_remove(struct sendlist *list, void *element)
{
	leave(list, element);
	hashmap_remove(list->map, element);
}

/* ---- time ---- */

/* Pauses end in the order in which they began. */
static void
end_pauses(struct sendlist *list, int64_t now)
{
	void *element;

	while ((element = list->recent) != NULL && element != list->unsent &&
	       sent_at(list, element) + list->pause <= now) {
		list->recent = hashmap_next(list->map, element);
		if (mark_of(list, element)->waiting)
			unsend(list, element);
	}
}

/* The credit spreads them over the period, even if all were sent at once. */
static void
send_again(struct sendlist *list, int64_t now)
{
	void *oldest;

	list->credit += (double)hashmap_count(list->map) *
			(double)(now - list->moved) / list->period;
	while ((oldest = hashmap_next(list->map, NULL)) != NULL &&
	       oldest != list->in_flight) {
		if (list->credit < 1 &&
		    sent_at(list, oldest) + list->period > now)
			return;
		list->credit -= list->credit < 1 ? 0 : 1;
		unsend(list, oldest);
	}
	list->credit = 0;
}

void
sendlist_move(struct sendlist *list, int64_t now)
{
	if (now <= list->moved)
		return;
	end_pauses(list, now);
	send_again(list, now);
	list->moved = now;
}

/* ---- sending ---- */

void *
sendlist_next(const struct sendlist *list)
{
	return list->unsent;
}

uint32_t
sendlist_take(struct sendlist *list, int64_t now)
{
	struct sendmark *mark = mark_of(list, list->unsent);

	mark->waiting = 0;
	mark->sent = (uint32_t)(now - list->began) & INT32_MAX;
	list->unsent = hashmap_next(list->map, list->unsent);
	return mark->place;
}

void
sendlist_confirm(struct sendlist *list, uint32_t place)
{
	while (list->in_flight != NULL && list->in_flight != list->unsent &&
	       !is_before(list, place, list->in_flight))
		list->in_flight = hashmap_next(list->map, list->in_flight);
}

/* An unsent record has no pause, so `recent' is never after `unsent'. */
void
sendlist_lost(struct sendlist *list)
{
	list->unsent = list->in_flight;
	if (list->recent == NULL ||
	    (list->unsent != NULL &&
	     !is_before(list, mark_of(list, list->recent)->place,
			list->unsent)))
		list->recent = list->unsent;
}

void
sendlist_lost_all(struct sendlist *list)
{
	list->recent = list->in_flight = list->unsent =
	    hashmap_next(list->map, NULL);
}
