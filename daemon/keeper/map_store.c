#include "daemon/keeper/map_store.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/ipc/ipc.h"
#include "daemon/keeper/row_table.h"
#include "daemon/keeper/tracked_map.h"
#include "daemon/publish/changeset.h"
#include "maps/map.h"

enum { ROUNDING_MS = 1000 };

struct map_store {
	struct tracked_map *maps;
	size_t nmaps;
	struct map_store_limits limits;
	struct tracked_map *open; /* what rows are coming for; NULL = none */
	bool whole;
	size_t left; /* rows to come */
	struct row_table fresh;
	struct map_row *changes;
	size_t nchanges;
	size_t refused;
	const char *refusal;
};

struct map_store *
map_store_new(struct map *const *maps, size_t nmaps,
	  const struct map_store_limits *limits)
{
	struct map_store *v = alloc_zero(1, sizeof(*v));

	v->maps = alloc_zero(nmaps + 1, sizeof(*v->maps));
	v->nmaps = nmaps;
	v->limits = *limits;
	for (size_t i = 0; i < nmaps; i++)
		tracked_map_init(&v->maps[i], maps[i]);
	return v;
}

void
map_store_free(struct map_store **vault)
{
	struct map_store *v = *vault;

	if (v == NULL)
		return;
	map_store_give_up(v);
	for (size_t i = 0; i < v->nmaps; i++)
		tracked_map_deinit(&v->maps[i]);
	free(v->maps);
	free(v);
	*vault = NULL;
}

void
map_store_set_limits(struct map_store *v, const struct map_store_limits *limits)
{
	v->limits = *limits;
}

bool
map_store_has(const struct map_store *v, size_t map)
{
	return map < v->nmaps && v->maps[map].map != NULL;
}

/* ---- what the worker hands over ---- */

int
map_store_begin(struct map_store *v, size_t map, bool whole, size_t count,
	    struct err *err)
{
	size_t most = v->limits.max_addresses;

	if (!whole && most < CHANGESET_MAX)
		most = CHANGESET_MAX; /* removals count, too */
	if (v->open != NULL)
		return err_set(err, "two maps at once");
	if (!map_store_has(v, map))
		return err_set(err, "map %zu: there is none", map);
	if (count > most)
		return err_set(err, "%zu rows, more than %zu", count, most);
	v->open = &v->maps[map];
	v->whole = whole;
	v->left = count;
	if (!whole)
		v->changes = alloc_zero(count + 1, sizeof(*v->changes));
	return 0;
}

void
map_store_give_up(struct map_store *v)
{
	row_table_clear(&v->fresh);
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
is_excluded(const struct map_store *v, const struct addr *addr)
{
	for (size_t i = 0; i < v->limits.nexclude; i++)
		if (cidr_contains(&v->limits.exclude[i], addr))
			return true;
	return false;
}

static const char *
why_not(const struct map_store *v, const struct ipc_row *row)
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
judge(struct map_store *v, const struct ipc_row *row,
      const struct map_store_time *now, struct row_table_row *out)
{
	int64_t longest =
	    now->steady_ms + (int64_t)v->limits.longest * 1000 + ROUNDING_MS;
	const char *reason = why_not(v, row);

	*out = (struct row_table_row){.addr = row->addr, .expires = row->expires};
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
add_row(struct map_store *v, const struct ipc_row *row,
	const struct map_store_time *now, struct err *err)
{
	struct row_table_row believed = {.addr = row->addr};
	bool present;

	if (row->present > 1 || !is_canonical(&row->addr))
		return err_set(err, "a row that is none");
	present = row->present == 1 && judge(v, row, now, &believed);
	if (v->whole && present)
		row_table_put(&v->fresh, &believed);
	if (!v->whole)
		v->changes[v->nchanges++] =
		    (struct map_row){.addr = row->addr,
				     .when = believed.when,
				     .present = present,
				     .expires = believed.expires};
	return 0;
}

int
map_store_add(struct map_store *v, const struct ipc_row *rows, size_t count,
	  const struct map_store_time *now, struct err *err)
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

static int
end_changes(struct map_store *v, struct err *err)
{
	int result = tracked_map_apply(v->open, v->changes, v->nchanges, err);

	if (result != 0)
		return result;
	if (v->open->shelf.count > v->limits.max_addresses) {
		err_set(err, "more than %zu addresses",
			v->limits.max_addresses);
		return 1;
	}
	return 0;
}

int
map_store_end(struct map_store *v, struct err *err)
{
	int result;

	if (v->open == NULL || v->left > 0) {
		err_set(err, v->open == NULL ? "the end of nothing"
					     : "fewer rows than announced");
		return 1;
	}
	result = v->whole ? tracked_map_replace(v->open, &v->fresh, err)
			  : end_changes(v, err);
	map_store_give_up(v);
	return result;
}

/* ---- emptying ---- */

int
map_store_clear(struct map_store *v, size_t map, struct err *err)
{
	return tracked_map_clear(&v->maps[map], err);
}

int
map_store_intact(struct map_store *v, size_t map)
{
	return map_intact(v->maps[map].map);
}

int
map_store_clear_all(struct map_store *v, struct err *err)
{
	struct err other;
	int result = 0;

	map_store_give_up(v);
	for (size_t i = 0; i < v->nmaps; i++)
		if (tracked_map_may_hold(&v->maps[i]) &&
		    tracked_map_clear(&v->maps[i], result == 0 ? err : &other) != 0)
			result = -1;
	return result;
}

bool
map_store_holds(const struct map_store *v)
{
	for (size_t i = 0; i < v->nmaps; i++)
		if (tracked_map_may_hold(&v->maps[i]))
			return true;
	return false;
}

bool
map_store_published(const struct map_store *v)
{
	for (size_t i = 0; i < v->nmaps; i++)
		if (tracked_map_holds(&v->maps[i]))
			return true;
	return false;
}

size_t
map_store_refused(const struct map_store *v)
{
	return v->refused;
}

const char *
map_store_refusal(const struct map_store *v)
{
	return v->refusal;
}

/* ---- time ---- */

int64_t
map_store_expire(struct map_store *v, int64_t now, size_t *removed, struct err *err)
{
	int64_t first = -1;

	*removed = 0;
	err->text[0] = '\0';
	for (size_t i = 0; i < v->nmaps; i++) {
		int64_t wait = tracked_map_expire(&v->maps[i], now, removed, err);

		if (wait >= 0 && (first < 0 || wait < first))
			first = wait;
	}
	return first;
}

size_t
map_store_overdue(const struct map_store *v, int64_t now, struct ipc_row *rows,
	      size_t max)
{
	size_t count = 0;

	for (size_t i = 0; i < v->nmaps; i++)
		count += tracked_map_overdue(&v->maps[i], now, &rows[count],
					 max - count);
	return count;
}

void
map_store_renew(struct map_store *v, const struct ipc_row *row,
	    const struct map_store_time *now)
{
	struct row_table_row believed, *there;

	if (row->present != 1 || !is_canonical(&row->addr) ||
	    !judge(v, row, now, &believed))
		return;
	for (size_t i = 0; i < v->nmaps; i++) {
		there = row_table_find(&v->maps[i].shelf, &row->addr);
		if (there != NULL)
			there->expires = believed.expires;
	}
}
