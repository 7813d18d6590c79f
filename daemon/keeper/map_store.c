#include "daemon/keeper/map_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hashmap.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/expiring_map.h"
#include "daemon/publish/publish.h"
#include "maps/map.h"

enum { ROUNDING_MS = 1000 };

struct map_store {
	struct expiring_map *maps;
	size_t nmaps;
	struct map_store_limits limits;
	/* What the worker is sending now: */
	struct expiring_map *open; /* for this map; NULL = nothing */
	bool whole;		   /* all rows, not changes */
	size_t left;		   /* rows still to come */
	struct hashmap *fresh;	   /* the rows, if all; else the changes: */
	struct map_row *changes;
	size_t nchanges;
	time_t last_login;   /* of a row that was accepted; 0: none */
	size_t refused;	     /* rows, since the start */
	const char *refusal; /* of the last one */
	uint64_t replaced;   /* maps, by other programs */
};

struct map_store *
map_store_new(struct map *const *maps, size_t nmaps,
	      const struct map_store_limits *limits)
{
	struct map_store *s = alloc_zero(1, sizeof(*s));

	s->maps = alloc_zero(nmaps + 1, sizeof(*s->maps));
	s->nmaps = nmaps;
	s->limits = *limits;
	for (size_t i = 0; i < nmaps; i++)
		expiring_map_init(&s->maps[i], maps[i]);
	return s;
}

void
map_store_free(struct map_store **store)
{
	struct map_store *s = *store;

	if (s == NULL)
		return;
	map_store_abort(s);
	for (size_t i = 0; i < s->nmaps; i++)
		expiring_map_deinit(&s->maps[i]);
	free(s->maps);
	free(s);
	*store = NULL;
}

void
map_store_set_limits(struct map_store *s, const struct map_store_limits *limits)
{
	s->limits = *limits;
}

bool
map_store_has(const struct map_store *s, size_t map)
{
	return map < s->nmaps && s->maps[map].map != NULL;
}

/* ---- rows from the worker ---- */

int
map_store_begin(struct map_store *s, size_t map, bool whole, size_t count,
		struct err *err)
{
	size_t most = s->limits.max_addresses;

	if (!whole && most < PUBLISH_CHANGES_MAX)
		most = PUBLISH_CHANGES_MAX; /* changes include removals */
	if (s->open != NULL)
		return err_set(err, "REPLACE or APPLY before END");
	if (!map_store_has(s, map))
		return err_set(err, "there is no map %zu", map);
	if (count > most)
		return err_set(err, "%zu rows, more than %zu", count, most);
	s->open = &s->maps[map];
	s->whole = whole;
	s->left = count;
	if (whole)
		s->fresh = expiring_map_table();
	else
		s->changes = alloc_zero(count + 1, sizeof(*s->changes));
	return 0;
}

void
map_store_abort(struct map_store *s)
{
	hashmap_free(&s->fresh);
	free(s->changes);
	s->changes = NULL;
	s->nchanges = 0;
	s->open = NULL;
}

/* Whether it has the one form that addr_parse() gives an address. */
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
is_excluded(const struct map_store *s, const struct addr *addr)
{
	for (size_t i = 0; i < s->limits.nexclude; i++)
		if (cidr_contains(&s->limits.exclude[i], addr))
			return true;
	return false;
}

static const char *
refusal_of(const struct map_store *s, const struct ipc_row *row)
{
	if (addr_is_special(&row->addr))
		return "not a client's address";
	if (is_excluded(s, &row->addr))
		return "an excluded address";
	if (row->when < 0)
		return "a login before 1970";
	return NULL;
}

/* Checks a row, and bounds its times by the clock and the longest lifetime.
 * False if the address may not be published or has expired. */
static bool
check_row(struct map_store *s, const struct ipc_row *row,
	  const struct map_store_time *now, struct expiring_row *out)
{
	int64_t longest =
	    now->steady_ms + (int64_t)s->limits.longest * 1000 + ROUNDING_MS;
	const char *reason = refusal_of(s, row);

	*out =
	    (struct expiring_row){.addr = row->addr, .expires = row->expires};
	if (reason != NULL) {
		s->refused++;
		s->refusal = reason;
		return false;
	}
	out->when = (uint32_t)(row->when < now->wall ? row->when : now->wall);
	if (out->expires > longest)
		out->expires = longest;
	if (out->when > s->last_login)
		s->last_login = out->when;
	return out->expires > now->steady_ms;
}

static int
add_row(struct map_store *s, const struct ipc_row *row,
	const struct map_store_time *now, struct err *err)
{
	struct expiring_row checked = {.addr = row->addr};
	bool present;

	if (row->present > 1 || !is_canonical(&row->addr))
		return err_set(err, "malformed row");
	present = row->present == 1 && check_row(s, row, now, &checked);
	if (s->whole && present)
		*(struct expiring_row *)hashmap_put(s->fresh, &row->addr) =
		    checked;
	if (!s->whole)
		s->changes[s->nchanges++] =
		    (struct map_row){.addr = row->addr,
				     .when = checked.when,
				     .present = present,
				     .expires = checked.expires};
	return 0;
}

int
map_store_add(struct map_store *s, const struct ipc_row *rows, size_t count,
	      const struct map_store_time *now, struct err *err)
{
	if (s->open == NULL)
		return err_set(err, "ROWS without REPLACE or APPLY");
	if (count > s->left)
		return err_set(err, "more rows than were announced");
	s->left -= count;
	for (size_t i = 0; i < count; i++)
		if (add_row(s, &rows[i], now, err) != 0)
			return -1;
	return 0;
}

/* ---- writing ---- */

static int
end_changes(struct map_store *s, struct err *err)
{
	int result = expiring_map_apply(s->open, s->changes, s->nchanges, err);

	if (result != 0)
		return result;
	if (hashmap_count(s->open->rows) > s->limits.max_addresses) {
		err_set(err, "more than %zu addresses",
			s->limits.max_addresses);
		return 1;
	}
	return 0;
}

int
map_store_end(struct map_store *s, struct err *err)
{
	int result;

	if (s->open == NULL || s->left > 0) {
		err_set(err, s->open == NULL ? "END without REPLACE or APPLY"
					     : "fewer rows than announced");
		return 1;
	}
	result = s->whole ? expiring_map_replace(s->open, &s->fresh, err)
			  : end_changes(s, err);
	map_store_abort(s);
	return result;
}

/* ---- emptying ---- */

int
map_store_clear(struct map_store *s, size_t map, struct err *err)
{
	return expiring_map_clear(&s->maps[map], err);
}

int
map_store_intact(struct map_store *s, size_t map)
{
	int intact = map_intact(s->maps[map].map);

	s->replaced += intact == 0;
	return intact;
}

static bool
is_disturbed(const struct expiring_map *t)
{
	return t->map != NULL && t->known && !t->must_empty &&
	       map_intact(t->map) == 0;
}

bool
map_store_disturbed(const struct map_store *s)
{
	for (size_t i = 0; i < s->nmaps; i++)
		if (is_disturbed(&s->maps[i]))
			return true;
	return false;
}

int
map_store_restore(struct map_store *s, const char **name, struct err *err)
{
	struct err ignored;

	err->text[0] = '\0';
	for (size_t i = 0; i < s->nmaps; i++) {
		struct expiring_map *t = &s->maps[i];

		if (!is_disturbed(t))
			continue;
		s->replaced++;
		*name = map_name(t->map);
		if (expiring_map_restore(t, err) != 0)
			expiring_map_clear(t, &ignored);
		return 1;
	}
	return 0;
}

uint64_t
map_store_replaced(const struct map_store *s)
{
	return s->replaced;
}

int
map_store_clear_all(struct map_store *s, struct err *err)
{
	struct err other;
	int result = 0;

	map_store_abort(s);
	for (size_t i = 0; i < s->nmaps; i++)
		if (expiring_map_may_hold(&s->maps[i]) &&
		    expiring_map_clear(&s->maps[i],
				       result == 0 ? err : &other) != 0)
			result = -1;
	return result;
}

bool
map_store_holds(const struct map_store *s)
{
	for (size_t i = 0; i < s->nmaps; i++)
		if (expiring_map_may_hold(&s->maps[i]))
			return true;
	return false;
}

bool
map_store_published(const struct map_store *s)
{
	for (size_t i = 0; i < s->nmaps; i++)
		if (expiring_map_holds(&s->maps[i]))
			return true;
	return false;
}

long long
map_store_count(const struct map_store *s)
{
	long long count = -1;

	for (size_t i = 0; i < s->nmaps; i++)
		if (map_store_has(s, i) &&
		    (long long)hashmap_count(s->maps[i].rows) > count)
			count = (long long)hashmap_count(s->maps[i].rows);
	return count;
}

time_t
map_store_last_login(const struct map_store *s)
{
	return s->last_login;
}

size_t
map_store_refused(const struct map_store *s)
{
	return s->refused;
}

const char *
map_store_refusal(const struct map_store *s)
{
	return s->refusal;
}

/* ---- time ---- */

int64_t
map_store_expire(struct map_store *s, int64_t now, size_t *removed,
		 struct err *err)
{
	int64_t first = -1;

	*removed = 0;
	err->text[0] = '\0';
	for (size_t i = 0; i < s->nmaps; i++) {
		int64_t wait =
		    expiring_map_expire(&s->maps[i], now, removed, err);

		if (wait >= 0 && (first < 0 || wait < first))
			first = wait;
	}
	return first;
}

size_t
map_store_overdue(const struct map_store *s, int64_t now, struct ipc_row *rows,
		  size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < s->nmaps; i++)
		count += expiring_map_overdue(&s->maps[i], now, &rows[count],
					      max - count);
	return count;
}

void
map_store_renew(struct map_store *s, const struct ipc_row *row,
		const struct map_store_time *now)
{
	struct expiring_row checked, *there;

	if (row->present != 1 || !is_canonical(&row->addr) ||
	    !check_row(s, row, now, &checked))
		return;
	for (size_t i = 0; i < s->nmaps; i++) {
		there = hashmap_find(s->maps[i].rows, &row->addr);
		if (there != NULL)
			there->expires = checked.expires;
	}
}
