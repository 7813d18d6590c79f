#include "daemon/keeper/tracked_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/ipc/ipc.h"
#include "maps/map.h"

enum { TICK_MS = 1000 };
static const int64_t NEVER = INT64_MAX;

void
tracked_map_init(struct tracked_map *k, struct map *map)
{
	*k = (struct tracked_map){.map = map, .first = NEVER};
}

void
tracked_map_deinit(struct tracked_map *k)
{
	row_table_clear(&k->shelf);
	k->map = NULL;
}

/* ---- writing ---- */

struct walk {
	const struct row_table *shelf;
	size_t at;
};

static bool
next_row(void *arg, struct map_row *out)
{
	struct walk *walk = arg;
	const struct row_table_row *row;

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
write_shelf(struct tracked_map *k, const struct row_table *shelf, struct err *err)
{
	struct walk walk = {.shelf = shelf};
	const struct map_rows rows = {next_row, &walk, shelf->count};

	return map_replace(k->map, &rows, err);
}

int
tracked_map_replace(struct tracked_map *k, struct row_table *shelf, struct err *err)
{
	if (write_shelf(k, shelf, err) != 0)
		return -1;
	row_table_clear(&k->shelf);
	k->shelf = *shelf;
	memset(shelf, 0, sizeof(*shelf));
	k->first = row_table_first_expiry(&k->shelf);
	k->known = true;
	k->emptied = k->must_empty = false;
	return 0;
}

static void
change_shelf(struct tracked_map *k, const struct map_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row_table_row row = {.addr = rows[i].addr,
					      .when = (uint32_t)rows[i].when,
					      .expires = rows[i].expires};

		if (!rows[i].present) {
			row_table_remove(&k->shelf, &row.addr);
			continue;
		}
		row_table_put(&k->shelf, &row);
		if (row.expires < k->first)
			k->first = row.expires;
	}
}

int
tracked_map_apply(struct tracked_map *k, const struct map_row *rows, size_t count,
	      struct err *err)
{
	if (!k->known || k->emptied)
		return err_set(err,
			       "%s: it was emptied; changes to it are "
			       "not enough",
			       map_name(k->map));
	if (!map_can_apply(k->map)) {
		err_set(err, "changes to a map that takes none");
		return 1;
	}
	if (map_apply(k->map, rows, count, err) != 0)
		return -1;
	change_shelf(k, rows, count);
	return 0;
}

int
tracked_map_clear(struct tracked_map *k, struct err *err)
{
	if (map_clear(k->map, err) != 0) {
		k->must_empty = true;
		return -1;
	}
	row_table_clear(&k->shelf);
	k->first = NEVER;
	k->known = k->emptied = true;
	k->must_empty = false;
	return 0;
}

bool
tracked_map_may_hold(const struct tracked_map *k)
{
	return k->map != NULL &&
	       (!k->known || k->must_empty || k->shelf.count > 0);
}

bool
tracked_map_holds(const struct tracked_map *k)
{
	return k->must_empty || (k->known && k->shelf.count > 0);
}

/* ---- time ---- */

/* The rows that are late, out of the shelf and out of the map. */
static int
drop_late(struct tracked_map *k, int64_t now, size_t *removed, struct err *err)
{
	struct row_table *shelf = &k->shelf;
	size_t count = 0;
	struct map_row *rows;
	int result = 0;

	rows = alloc_zero(shelf->count + 1, sizeof(*rows));
	for (size_t i = 0; i < shelf->count; i++)
		if (shelf->rows[i].expires + TRACKED_MAP_LATE_MS <= now)
			rows[count++] =
			    (struct map_row){.addr = shelf->rows[i].addr};
	for (size_t i = 0; i < count; i++)
		row_table_remove(shelf, &rows[i].addr);
	*removed += count;
	if (count > 0 && map_can_apply(k->map))
		result = map_apply(k->map, rows, count, err);
	else if (count > 0)
		result = write_shelf(k, shelf, err);
	free(rows);
	return result;
}

/* It could not be written. err: what is to be said of that. */
static int64_t
empty_late(struct tracked_map *k, const struct err *why, struct err *err)
{
	bool said = k->must_empty;
	struct err other;

	if (tracked_map_clear(k, &other) == 0) {
		err_set(err, "%s; emptied", why->text);
		return -1;
	}
	if (!said)
		err_set(err, "%s; expired addresses are still in it",
			other.text);
	return TICK_MS;
}

int64_t
tracked_map_expire(struct tracked_map *k, int64_t now, size_t *removed, struct err *err)
{
	struct err why;
	int64_t wait;

	if (k->map == NULL)
		return -1;
	if (k->must_empty) {
		err_set(&why, "%s", map_name(k->map));
		return empty_late(k, &why, err);
	}
	if (k->first == NEVER)
		return -1;
	if (k->first + TRACKED_MAP_LATE_MS <= now &&
	    drop_late(k, now, removed, &why) != 0)
		return empty_late(k, &why, err);
	if (k->first + TRACKED_MAP_ASK_MS <= now)
		k->first = row_table_first_expiry(&k->shelf);
	if (k->first == NEVER)
		return -1;
	wait = k->first + TRACKED_MAP_ASK_MS - now;
	return wait > 0 ? wait : TICK_MS;
}

size_t
tracked_map_overdue(const struct tracked_map *k, int64_t now, struct ipc_row *rows,
		size_t max)
{
	size_t count = 0;

	if (k->first == NEVER || k->first + TRACKED_MAP_ASK_MS > now)
		return 0;
	for (size_t i = 0; i < k->shelf.count && count < max; i++) {
		const struct row_table_row *row = &k->shelf.rows[i];

		if (row->expires + TRACKED_MAP_ASK_MS > now)
			continue;
		memset(&rows[count], 0, sizeof(rows[count])); /* is sent */
		rows[count++].addr = row->addr;
	}
	return count;
}
