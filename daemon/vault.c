#include "daemon/vault.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/changes.h"
#include "daemon/rowpipe.h"
#include "daemon/shelf.h"
#include "maps/map.h"

enum { TICK_MS = 1000, ROUNDING_MS = 1000 };
static const int64_t NEVER = INT64_MAX;

/* One map. */
struct place {
	struct map *map; /* NULL: not one of ours */
	struct shelf shelf;
	int64_t first;	 /* no row expires before it; perhaps none so soon */
	bool known;	 /* the shelf says what is in the map */
	bool emptied;	 /* by us: changes are not enough now */
	bool must_empty; /* it could not be done, which was said */
};

struct vault {
	struct place *places;
	size_t nplaces;
	struct vault_limits limits;
	struct place *open; /* what rows are coming for; NULL = none */
	bool whole;
	size_t left; /* rows to come */
	struct shelf fresh;
	struct map_row *changes;
	size_t nchanges;
	size_t refused;
	const char *refusal;
};

struct vault *
vault_new(struct map *const *maps, size_t nmaps,
	  const struct vault_limits *limits)
{
	struct vault *v = alloc_zero(1, sizeof(*v));

	v->places = alloc_zero(nmaps + 1, sizeof(*v->places));
	v->nplaces = nmaps;
	v->limits = *limits;
	for (size_t i = 0; i < nmaps; i++)
		v->places[i] = (struct place){.map = maps[i], .first = NEVER};
	return v;
}

void
vault_free(struct vault **vault)
{
	struct vault *v = *vault;

	if (v == NULL)
		return;
	vault_give_up(v);
	for (size_t i = 0; i < v->nplaces; i++)
		shelf_clear(&v->places[i].shelf);
	free(v->places);
	free(v);
	*vault = NULL;
}

void
vault_set_limits(struct vault *v, const struct vault_limits *limits)
{
	v->limits = *limits;
}

bool
vault_has(const struct vault *v, size_t map)
{
	return map < v->nplaces && v->places[map].map != NULL;
}

/* ---- what the worker hands over ---- */

int
vault_begin(struct vault *v, size_t map, bool whole, size_t count,
	    struct err *err)
{
	size_t most = v->limits.max_addresses;

	if (!whole && most < CHANGES_MAX)
		most = CHANGES_MAX; /* removals count, too */
	if (v->open != NULL)
		return err_set(err, "two maps at once");
	if (!vault_has(v, map))
		return err_set(err, "map %zu: there is none", map);
	if (count > most)
		return err_set(err, "%zu rows, more than %zu", count, most);
	v->open = &v->places[map];
	v->whole = whole;
	v->left = count;
	if (!whole)
		v->changes = alloc_zero(count + 1, sizeof(*v->changes));
	return 0;
}

void
vault_give_up(struct vault *v)
{
	shelf_clear(&v->fresh);
	free(v->changes);
	v->changes = NULL;
	v->nchanges = 0;
	v->open = NULL;
}

/* One spelling for each address, as addr_parse() makes it. */
static bool
is_canonical(const struct addr *addr)
{
	static const uint8_t zero[12];
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (addr->family == 4)
		return memcmp(addr->bytes + 4, zero, sizeof(zero)) == 0;
	return addr->family == 6 &&
	       memcmp(addr->bytes, mapped, sizeof(mapped)) != 0;
}

static bool
is_excluded(const struct vault *v, const struct addr *addr)
{
	for (size_t i = 0; i < v->limits.nexclude; i++)
		if (cidr_contains(&v->limits.exclude[i], addr))
			return true;
	return false;
}

static const char *
why_not(const struct vault *v, const struct rowpipe_row *row)
{
	if (addr_is_special(&row->addr))
		return "not a client's address";
	if (is_excluded(v, &row->addr))
		return "an excluded address";
	if (row->when < 0)
		return "a login before 1970";
	return NULL;
}

/* What is believed of a row; not `present` any more if that is nothing. */
static bool
judge(struct vault *v, const struct rowpipe_row *row,
      const struct vault_time *now, struct shelf_row *out)
{
	int64_t longest =
	    now->steady_ms + (int64_t)v->limits.longest * 1000 + ROUNDING_MS;
	const char *reason = why_not(v, row);

	*out = (struct shelf_row){.addr = row->addr, .expires = row->expires};
	if (reason != NULL) {
		v->refused++;
		v->refusal = reason;
		return false;
	}
	out->when = (uint32_t)(row->when < now->wall ? row->when : now->wall);
	if (out->expires > longest)
		out->expires = longest;
	return out->expires > now->steady_ms;
}

static int
add_row(struct vault *v, const struct rowpipe_row *row,
	const struct vault_time *now, struct err *err)
{
	struct shelf_row believed = {.addr = row->addr};
	bool present;

	if (row->present > 1 || !is_canonical(&row->addr))
		return err_set(err, "a row that is none");
	present = row->present == 1 && judge(v, row, now, &believed);
	if (v->whole && present)
		shelf_put(&v->fresh, &believed);
	if (!v->whole)
		v->changes[v->nchanges++] =
		    (struct map_row){.addr = row->addr,
				     .when = believed.when,
				     .present = present,
				     .expires = believed.expires};
	return 0;
}

int
vault_add(struct vault *v, const struct rowpipe_row *rows, size_t count,
	  const struct vault_time *now, struct err *err)
{
	if (v->open == NULL)
		return err_set(err, "rows for no map");
	if (count > v->left)
		return err_set(err, "more rows than were announced");
	v->left -= count;
	for (size_t i = 0; i < count; i++)
		if (add_row(v, &rows[i], now, err) != 0)
			return -1;
	return 0;
}

/* ---- writing ---- */

struct walk {
	const struct shelf *shelf;
	size_t at;
};

static bool
next_row(void *arg, struct map_row *out)
{
	struct walk *walk = arg;
	const struct shelf_row *row;

	if (walk->at == walk->shelf->count)
		return false;
	row = &walk->shelf->rows[walk->at++];
	*out = (struct map_row){.addr = row->addr,
				.when = row->when,
				.present = true,
				.expires = row->expires};
	return true;
}

static int
write_shelf(struct place *place, const struct shelf *shelf, struct err *err)
{
	struct walk walk = {.shelf = shelf};
	const struct map_rows rows = {next_row, &walk, shelf->count};

	return map_replace(place->map, &rows, err);
}

static void
take_over(struct place *place, struct shelf *shelf)
{
	shelf_clear(&place->shelf);
	place->shelf = *shelf;
	memset(shelf, 0, sizeof(*shelf));
	place->first = shelf_first_expiry(&place->shelf);
	place->known = true;
	place->emptied = place->must_empty = false;
}

static void
change_shelf(struct place *place, const struct map_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct shelf_row row = {.addr = rows[i].addr,
					      .when = (uint32_t)rows[i].when,
					      .expires = rows[i].expires};

		if (!rows[i].present) {
			shelf_remove(&place->shelf, &row.addr);
			continue;
		}
		shelf_put(&place->shelf, &row);
		if (row.expires < place->first)
			place->first = row.expires;
	}
}

static int
end_whole(struct vault *v, struct place *place, struct err *err)
{
	if (write_shelf(place, &v->fresh, err) != 0)
		return -1;
	take_over(place, &v->fresh);
	return 0;
}

static int
end_changes(struct vault *v, struct place *place, struct err *err)
{
	if (!place->known || place->emptied)
		return err_set(err,
			       "%s: it was emptied; changes to it are "
			       "not enough",
			       map_name(place->map));
	if (!map_can_apply(place->map)) {
		err_set(err, "changes to a map that takes none");
		return 1;
	}
	if (map_apply(place->map, v->changes, v->nchanges, err) != 0)
		return -1;
	change_shelf(place, v->changes, v->nchanges);
	if (place->shelf.count > v->limits.max_addresses) {
		err_set(err, "more than %zu addresses",
			v->limits.max_addresses);
		return 1;
	}
	return 0;
}

int
vault_end(struct vault *v, struct err *err)
{
	struct place *place = v->open;
	int result;

	if (place == NULL || v->left > 0) {
		err_set(err, place == NULL ? "the end of nothing"
					   : "fewer rows than announced");
		return 1;
	}
	result =
	    v->whole ? end_whole(v, place, err) : end_changes(v, place, err);
	vault_give_up(v);
	return result;
}

/* ---- emptying ---- */

static int
empty(struct place *place, struct err *err)
{
	if (map_clear(place->map, err) != 0) {
		place->must_empty = true;
		return -1;
	}
	shelf_clear(&place->shelf);
	place->first = NEVER;
	place->known = place->emptied = true;
	place->must_empty = false;
	return 0;
}

int
vault_clear(struct vault *v, size_t map, struct err *err)
{
	return empty(&v->places[map], err);
}

int
vault_intact(struct vault *v, size_t map)
{
	return map_intact(v->places[map].map);
}

static bool
may_hold(const struct place *place)
{
	return place->map != NULL &&
	       (!place->known || place->must_empty || place->shelf.count > 0);
}

int
vault_clear_all(struct vault *v, struct err *err)
{
	struct err other;
	int result = 0;

	vault_give_up(v);
	for (size_t i = 0; i < v->nplaces; i++)
		if (may_hold(&v->places[i]) &&
		    empty(&v->places[i], result == 0 ? err : &other) != 0)
			result = -1;
	return result;
}

bool
vault_holds(const struct vault *v)
{
	for (size_t i = 0; i < v->nplaces; i++)
		if (may_hold(&v->places[i]))
			return true;
	return false;
}

bool
vault_published(const struct vault *v)
{
	for (size_t i = 0; i < v->nplaces; i++) {
		const struct place *place = &v->places[i];

		if (place->must_empty ||
		    (place->known && place->shelf.count > 0))
			return true;
	}
	return false;
}

size_t
vault_refused(const struct vault *v)
{
	return v->refused;
}

const char *
vault_refusal(const struct vault *v)
{
	return v->refusal;
}

/* ---- time ---- */

/* The rows that are late, out of the shelf and out of the map. */
static int
drop_late(struct place *place, int64_t now, size_t *removed, struct err *err)
{
	struct shelf *shelf = &place->shelf;
	size_t count = 0;
	struct map_row *rows;
	int result = 0;

	rows = alloc_zero(shelf->count + 1, sizeof(*rows));
	for (size_t i = 0; i < shelf->count; i++)
		if (shelf->rows[i].expires + VAULT_LATE_MS <= now)
			rows[count++] =
			    (struct map_row){.addr = shelf->rows[i].addr};
	for (size_t i = 0; i < count; i++)
		shelf_remove(shelf, &rows[i].addr);
	*removed += count;
	if (count > 0 && map_can_apply(place->map))
		result = map_apply(place->map, rows, count, err);
	else if (count > 0)
		result = write_shelf(place, shelf, err);
	free(rows);
	return result;
}

/* It could not be written. err: what is to be said of that. */
static int64_t
empty_late(struct place *place, const struct err *why, struct err *err)
{
	bool said = place->must_empty;
	struct err other;

	if (empty(place, &other) == 0) {
		err_set(err, "%s; emptied", why->text);
		return -1;
	}
	if (!said)
		err_set(err, "%s; expired addresses are still in it",
			other.text);
	return TICK_MS;
}

static int64_t
expire_place(struct place *place, int64_t now, size_t *removed, struct err *err)
{
	struct err why;
	int64_t wait;

	if (place->must_empty) {
		err_set(&why, "%s", map_name(place->map));
		return empty_late(place, &why, err);
	}
	if (place->first == NEVER)
		return -1;
	if (place->first + VAULT_LATE_MS <= now &&
	    drop_late(place, now, removed, &why) != 0)
		return empty_late(place, &why, err);
	if (place->first + VAULT_ASK_MS <= now)
		place->first = shelf_first_expiry(&place->shelf);
	if (place->first == NEVER)
		return -1;
	wait = place->first + VAULT_ASK_MS - now;
	return wait > 0 ? wait : TICK_MS;
}

int64_t
vault_expire(struct vault *v, int64_t now, size_t *removed, struct err *err)
{
	int64_t first = -1;

	*removed = 0;
	err->text[0] = '\0';
	for (size_t i = 0; i < v->nplaces; i++) {
		int64_t wait =
		    v->places[i].map != NULL
			? expire_place(&v->places[i], now, removed, err)
			: -1;

		if (wait >= 0 && (first < 0 || wait < first))
			first = wait;
	}
	return first;
}

size_t
vault_overdue(const struct vault *v, int64_t now, struct rowpipe_row *rows,
	      size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < v->nplaces; i++) {
		const struct place *place = &v->places[i];

		if (place->first == NEVER || place->first + VAULT_ASK_MS > now)
			continue;
		for (size_t at = 0; at < place->shelf.count && count < max;
		     at++) {
			const struct shelf_row *row = &place->shelf.rows[at];

			if (row->expires + VAULT_ASK_MS > now)
				continue;
			memset(&rows[count], 0, sizeof(rows[count]));
			rows[count++].addr = row->addr;
		}
	}
	return count;
}

void
vault_renew(struct vault *v, const struct rowpipe_row *row,
	    const struct vault_time *now)
{
	struct shelf_row believed, *there;

	if (row->present != 1 || !is_canonical(&row->addr) ||
	    !judge(v, row, now, &believed))
		return;
	for (size_t i = 0; i < v->nplaces; i++) {
		there = shelf_find(&v->places[i].shelf, &row->addr);
		if (there != NULL)
			there->expires = believed.expires;
	}
}
