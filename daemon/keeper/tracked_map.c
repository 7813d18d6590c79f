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
tracked_map_init(struct tracked_map *t, struct map *map)
{
	*t = (struct tracked_map){.map = map, .first = NEVER};
}

void
tracked_map_deinit(struct tracked_map *t)
{
	row_table_clear(&t->rows);
	t->map = NULL;
}

/* ---- writing ---- */

struct walk {
	const struct row_table *table;
	size_t at;
};

static bool
next_row(void *arg, struct map_row *out)
{
	struct walk *walk = arg;
	const struct row_table_row *row;

	if (walk->at == walk->table->count)
		return false;
	row = &walk->table->rows[walk->at++];
	*out = (struct map_row){.addr = row->addr,
				.when = row->when,
				.present = true,
				.expires = row->expires};
	return true;
}

static int
write_rows(struct tracked_map *t, const struct row_table *table,
	   struct err *err)
{
	struct walk walk = {.table = table};
	const struct map_rows rows = {next_row, &walk, table->count};

	return map_replace(t->map, &rows, err);
}

int
tracked_map_replace(struct tracked_map *t, struct row_table *table,
		    struct err *err)
{
	if (write_rows(t, table, err) != 0)
		return -1;
	row_table_clear(&t->rows);
	t->rows = *table;
	memset(table, 0, sizeof(*table));
	t->first = row_table_first_expiry(&t->rows);
	t->known = true;
	t->emptied = t->must_empty = false;
	return 0;
}

static void
change_rows(struct tracked_map *t, const struct map_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row_table_row row = {.addr = rows[i].addr,
						  .when =
						      (uint32_t)rows[i].when,
						  .expires = rows[i].expires};

		if (!rows[i].present) {
			row_table_remove(&t->rows, &row.addr);
			continue;
		}
		row_table_put(&t->rows, &row);
		if (row.expires < t->first)
			t->first = row.expires;
	}
}

int
tracked_map_apply(struct tracked_map *t, const struct map_row *rows,
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
tracked_map_clear(struct tracked_map *t, struct err *err)
{
	if (map_clear(t->map, err) != 0) {
		t->must_empty = true;
		return -1;
	}
	row_table_clear(&t->rows);
	t->first = NEVER;
	t->known = t->emptied = true;
	t->must_empty = false;
	return 0;
}

bool
tracked_map_may_hold(const struct tracked_map *t)
{
	return t->map != NULL &&
	       (!t->known || t->must_empty || t->rows.count > 0);
}

bool
tracked_map_holds(const struct tracked_map *t)
{
	return t->must_empty || (t->known && t->rows.count > 0);
}

/* ---- time ---- */

/* Removes the rows that are TRACKED_MAP_LATE_MS overdue, here and in the map.
 */
static int
remove_late(struct tracked_map *t, int64_t now, size_t *removed,
	    struct err *err)
{
	struct row_table *table = &t->rows;
	size_t count = 0;
	struct map_row *rows;
	int result = 0;

	rows = alloc_zero(table->count + 1, sizeof(*rows));
	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].expires + TRACKED_MAP_LATE_MS <= now)
			rows[count++] =
			    (struct map_row){.addr = table->rows[i].addr};
	for (size_t i = 0; i < count; i++)
		row_table_remove(table, &rows[i].addr);
	*removed += count;
	if (count > 0 && map_can_apply(t->map))
		result = map_apply(t->map, rows, count, err);
	else if (count > 0)
		result = write_rows(t, table, err);
	free(rows);
	return result;
}

/* The update failed, so empty the map. On return err holds the message to log.
 */
static int64_t
empty_late(struct tracked_map *t, const struct err *why, struct err *err)
{
	bool logged = t->must_empty;
	struct err other;

	if (tracked_map_clear(t, &other) == 0) {
		err_set(err, "%s; emptied", why->text);
		return -1;
	}
	if (!logged)
		err_set(err, "%s; expired addresses are still in it",
			other.text);
	return TICK_MS;
}

int64_t
tracked_map_expire(struct tracked_map *t, int64_t now, size_t *removed,
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
	if (t->first + TRACKED_MAP_LATE_MS <= now &&
	    remove_late(t, now, removed, &why) != 0)
		return empty_late(t, &why, err);
	if (t->first + TRACKED_MAP_ASK_MS <= now)
		t->first = row_table_first_expiry(&t->rows);
	if (t->first == NEVER)
		return -1;
	wait = t->first + TRACKED_MAP_ASK_MS - now;
	return wait > 0 ? wait : TICK_MS;
}

size_t
tracked_map_overdue(const struct tracked_map *t, int64_t now,
		    struct ipc_row *rows, size_t max)
{
	size_t count = 0;

	if (t->first == NEVER || t->first + TRACKED_MAP_ASK_MS > now)
		return 0;
	for (size_t i = 0; i < t->rows.count && count < max; i++) {
		const struct row_table_row *row = &t->rows.rows[i];

		if (row->expires + TRACKED_MAP_ASK_MS > now)
			continue;
		memset(&rows[count], 0, sizeof(rows[count])); /* it is sent */
		rows[count++].addr = row->addr;
	}
	return count;
}
