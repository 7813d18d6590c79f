#include "daemon/keeper/expiring_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hashmap.h"
#include "daemon/ipc/ipc.h"
#include "maps/map.h"

enum { TICK_MS = 1000 };
static const int64_t NEVER = INT64_MAX;

void
expiring_map_init(struct expiring_map *t, struct map *map)
{
	*t = (struct expiring_map){
	    .map = map, .rows = expiring_map_table(), .first = NEVER};
}

void
expiring_map_deinit(struct expiring_map *t)
{
	hashmap_free(&t->rows);
	t->map = NULL;
}

struct hashmap *
expiring_map_table(void)
{
	return hashmap_new(sizeof(struct expiring_row), sizeof(struct addr));
}

/* ---- writing ---- */

struct walk {
	const struct hashmap *table;
	const struct expiring_row *at;
};

static bool
next_row(void *arg, struct map_row *out)
{
	struct walk *walk = arg;
	const struct expiring_row *row = hashmap_next(walk->table, walk->at);

	if (row == NULL)
		return false;
	walk->at = row;
	*out = (struct map_row){.addr = row->addr,
				.when = row->when,
				.present = true,
				.expires = row->expires};
	return true;
}

static int
write_rows(struct expiring_map *t, const struct hashmap *table, struct err *err)
{
	struct walk walk = {.table = table};
	const struct map_rows rows = {next_row, &walk, hashmap_count(table)};

	return map_replace(t->map, &rows, err);
}

static int64_t
first_expiry(const struct hashmap *table)
{
	int64_t first = NEVER;

	for (const struct expiring_row *row = hashmap_next(table, NULL);
	     row != NULL; row = hashmap_next(table, row))
		if (row->expires < first)
			first = row->expires;
	return first;
}

int
expiring_map_replace(struct expiring_map *t, struct hashmap **table,
		     struct err *err)
{
	if (write_rows(t, *table, err) != 0)
		return -1;
	hashmap_free(&t->rows);
	t->rows = *table;
	*table = NULL;
	t->first = first_expiry(t->rows);
	t->known = true;
	t->emptied = t->must_empty = false;
	return 0;
}

static void
remove_row(struct expiring_map *t, const struct addr *addr)
{
	struct expiring_row *row = hashmap_find(t->rows, addr);

	if (row != NULL)
		hashmap_remove(t->rows, row);
}

static void
change_rows(struct expiring_map *t, const struct map_row *rows, size_t count)
{
	struct expiring_row *row;

	for (size_t i = 0; i < count; i++) {
		if (!rows[i].present) {
			remove_row(t, &rows[i].addr);
			continue;
		}
		row = hashmap_put(t->rows, &rows[i].addr);
		row->when = (uint32_t)rows[i].when;
		row->expires = rows[i].expires;
		if (row->expires < t->first)
			t->first = row->expires;
	}
}

int
expiring_map_apply(struct expiring_map *t, const struct map_row *rows,
		   size_t count, struct err *err)
{
	if (!t->known || t->emptied)
		return err_set(err,
			       "%s: it was emptied and must be written whole",
			       map_name(t->map));
	if (!map_can_apply(t->map)) {
		err_set(err, "APPLY to a map that can only be replaced");
		return 1;
	}
	if (map_apply(t->map, rows, count, err) != 0)
		return -1;
	change_rows(t, rows, count);
	return 0;
}

int
expiring_map_clear(struct expiring_map *t, struct err *err)
{
	if (map_clear(t->map, err) != 0) {
		t->must_empty = true;
		return -1;
	}
	hashmap_free(&t->rows); /* gives its memory back */
	t->rows = expiring_map_table();
	t->first = NEVER;
	t->known = t->emptied = true;
	t->must_empty = false;
	return 0;
}

int
expiring_map_restore(struct expiring_map *t, struct err *err)
{
	return write_rows(t, t->rows, err);
}

bool
expiring_map_may_hold(const struct expiring_map *t)
{
	return t->map != NULL &&
	       (!t->known || t->must_empty || hashmap_count(t->rows) > 0);
}

bool
expiring_map_holds(const struct expiring_map *t)
{
	return t->must_empty || (t->known && hashmap_count(t->rows) > 0);
}

/* ---- time ---- */

/* Removes the rows that are EXPIRING_MAP_LATE_MS overdue, here and in the map.
 */
static int
remove_late(struct expiring_map *t, int64_t now, size_t *removed,
	    struct err *err)
{
	size_t count = 0;
	struct map_row *rows;
	int result = 0;

	rows = alloc_zero(hashmap_count(t->rows) + 1, sizeof(*rows));
	for (const struct expiring_row *row = hashmap_next(t->rows, NULL);
	     row != NULL; row = hashmap_next(t->rows, row))
		if (row->expires + EXPIRING_MAP_LATE_MS <= now)
			rows[count++] = (struct map_row){.addr = row->addr};
	for (size_t i = 0; i < count; i++)
		remove_row(t, &rows[i].addr);
	*removed += count;
	if (count > 0 && map_can_apply(t->map))
		result = map_apply(t->map, rows, count, err);
	else if (count > 0)
		result = write_rows(t, t->rows, err);
	free(rows);
	return result;
}

/* The update failed, so empty the map. On return err holds the message to log.
 */
static int64_t
empty_late(struct expiring_map *t, const struct err *why, struct err *err)
{
	bool logged = t->must_empty;
	struct err other;

	if (expiring_map_clear(t, &other) == 0) {
		err_set(err, "%s; emptied", why->text);
		return -1;
	}
	if (!logged)
		err_set(err, "%s; expired addresses are still in it",
			other.text);
	return TICK_MS;
}

int64_t
expiring_map_expire(struct expiring_map *t, int64_t now, size_t *removed,
		    struct err *err)
{
	struct err why;
	int64_t wait;

	if (t->map == NULL)
		return -1;
	if (t->must_empty) {
		err_set(&why, "%s", map_name(t->map));
		return empty_late(t, &why, err);
	}
	if (t->first == NEVER)
		return -1;
	if (t->first + EXPIRING_MAP_LATE_MS <= now &&
	    remove_late(t, now, removed, &why) != 0)
		return empty_late(t, &why, err);
	if (t->first + EXPIRING_MAP_ASK_MS <= now)
		t->first = first_expiry(t->rows);
	if (t->first == NEVER)
		return -1;
	wait = t->first + EXPIRING_MAP_ASK_MS - now;
	return wait > 0 ? wait : TICK_MS;
}

size_t
expiring_map_overdue(const struct expiring_map *t, int64_t now,
		     struct ipc_row *rows, size_t max)
{
	size_t count = 0;

	if (t->first == NEVER || t->first + EXPIRING_MAP_ASK_MS > now)
		return 0;
	for (const struct expiring_row *row = hashmap_next(t->rows, NULL);
	     row != NULL && count < max; row = hashmap_next(t->rows, row)) {
		if (row->expires + EXPIRING_MAP_ASK_MS > now)
			continue;
		memset(&rows[count], 0, sizeof(rows[count])); /* it is sent */
		rows[count++].addr = row->addr;
	}
	return count;
}
