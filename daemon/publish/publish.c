#include "daemon/publish/publish.h"

#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/publish/changeset.h"
#include "maps/map.h"

static const int64_t NEVER = INT64_MAX;

/* So many changes are worth a flush, even if all are renewals. */
enum { BATCH = 1024, COST_FACTOR = 4 };

/* One map and what it is behind by. All times are steady milliseconds. */
struct target {
	struct publish *publish;
	struct map *map;
	struct timer *timer;
	bool read_once;		 /* see map_spec_is_read_once() */
	struct changeset *changes; /* NULL: the map does not take them */
	int64_t changed_at;	 /* first change of membership; NEVER = none */
	int64_t renewed_at;	 /* first renewal */
	int64_t gone_at;	 /* first that must not be in it any more */
	bool rewrite;		 /* changes are not enough */
	int64_t due;		 /* what the timer is armed for */
	int64_t not_before;	 /* the pace */
	int64_t retry_ms;	 /* back-off; 0 = the last flush was good */
	unsigned int failures;	 /* since it was good */
	bool emptied;		 /* since it was good */
	bool stuck;		 /* could not even be emptied, which was said */
};

struct publish {
	struct loop *loop;
	const struct authtab *table;
	struct target *targets;
	size_t ntargets;
	bool started;
	struct publish_stats stats;
};

static void on_due(void *arg);

/* ---- birth and end ---- */

/* The map says what the table says. */
static void
mark_clean(struct target *target)
{
	target->changed_at = target->renewed_at = target->gone_at = NEVER;
	target->rewrite = false;
	target->emptied = target->stuck = false;
	if (target->changes != NULL)
		changeset_clear(target->changes);
	timer_disarm(target->timer);
}

struct publish *
publish_new(struct loop *loop, const struct authtab *table, struct map **maps,
	    size_t nmaps)
{
	struct publish *publish = alloc_zero(1, sizeof(*publish));
	struct target *target;

	publish->loop = loop;
	publish->table = table;
	publish->targets = alloc_zero(nmaps, sizeof(*publish->targets));
	for (size_t i = 0; i < nmaps; i++) {
		if (map_is_live(maps[i]))
			continue; /* it asks the table itself */
		target = &publish->targets[publish->ntargets++];
		target->publish = publish;
		target->map = maps[i];
		target->read_once = map_spec_is_read_once(map_name(maps[i]));
		target->timer = timer_new(loop, on_due, target);
		if (map_can_apply(maps[i]))
			target->changes = changeset_new();
		mark_clean(target);
		target->rewrite = true; /* whatever it is now */
	}
	return publish;
}

void
publish_free(struct publish **publish)
{
	if (*publish == NULL)
		return;
	for (size_t i = 0; i < (*publish)->ntargets; i++) {
		timer_free(&(*publish)->targets[i].timer);
		changeset_free(&(*publish)->targets[i].changes);
	}
	free((*publish)->targets);
	free(*publish);
	*publish = NULL;
}

static int64_t
now_of(const struct publish *publish)
{
	return loop_clocks(publish->loop).steady_ms;
}

/* ---- what goes out ---- */

struct walk {
	const struct authtab *table;
	size_t at;
	uint64_t rows;
};

static bool
next_row(void *arg, struct map_row *out)
{
	struct walk *walk = arg;
	struct authtab_row row;

	if (!authtab_next(walk->table, &walk->at, &row))
		return false;
	*out = (struct map_row){.addr = row.addr,
				.when = row.when,
				.present = true,
				.expires = row.expires};
	walk->rows++;
	return true;
}

static int
write_all(struct target *target, struct err *err)
{
	struct publish *publish = target->publish;
	struct walk walk = {.table = publish->table};
	struct map_rows rows = {next_row, &walk, authtab_count(publish->table)};

	if (map_replace(target->map, &rows, err) < 0)
		return -1;
	publish->stats.rows += walk.rows;
	return 0;
}

/* What the table says now of the addresses that changed. */
static int
write_changes(struct target *target, struct err *err)
{
	struct publish *publish = target->publish;
	size_t count = changeset_count(target->changes);
	struct map_row *rows = alloc_zero(count, sizeof(*rows));
	struct authtab_row row;
	int result;

	for (size_t i = 0; i < count; i++) {
		const struct addr *addr = changeset_at(target->changes, i);

		rows[i] = (struct map_row){.addr = *addr};
		if (authtab_get(publish->table, addr, &row)) {
			rows[i].when = row.when;
			rows[i].present = true;
			rows[i].expires = row.expires;
		}
	}
	result = map_apply(target->map, rows, count, err);
	if (result == 0)
		publish->stats.rows += count;
	free(rows);
	return result;
}

/* The time that something takes is nobody's now. */
static int64_t
stopwatch_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- flushing ---- */

static void
note_good(struct target *target, int64_t cost)
{
	struct publish *publish = target->publish;
	int64_t pause = map_in_place(target->map) ? 0 : PUBLISH_INTERVAL_MS;

	if (pause < cost * COST_FACTOR)
		pause = cost * COST_FACTOR;
	if (pause > PUBLISH_PAUSE_MAX_MS)
		pause = PUBLISH_PAUSE_MAX_MS;
	target->not_before = now_of(publish) + cost + pause;
	target->retry_ms = 0;
	mark_clean(target);
	publish->stats.flushes++;
	publish->stats.last_ms = cost;
}

static void
note_failure(struct target *target)
{
	struct publish *publish = target->publish;

	target->retry_ms *= 2;
	if (target->retry_ms == 0)
		target->retry_ms = PUBLISH_INTERVAL_MS;
	if (target->retry_ms > PUBLISH_RETRY_MAX_MS)
		target->retry_ms = PUBLISH_RETRY_MAX_MS;
	target->not_before = now_of(publish) + target->retry_ms;
	target->rewrite = true;
	target->failures++;
	publish->stats.failures++;
}

/* Brings the map up to date, whatever the pace. 0, or -1. */
static int
flush(struct target *target, struct err *err)
{
	int64_t cost, start = stopwatch_ms();
	int result;

	/* Asked only of a map that we wrote before, and that is not failing:
	 * there it would be said again and again. */
	if (!target->rewrite && map_intact(target->map) == 0) {
		log_warning("%s: somebody else has replaced it; writing it "
			    "again",
			    map_name(target->map));
		target->rewrite = true;
	}
	if (target->rewrite || target->changes == NULL ||
	    changeset_overflowed(target->changes))
		result = write_all(target, err);
	else
		result = write_changes(target, err);
	cost = stopwatch_ms() - start;
	if (result == 0)
		note_good(target, cost > 0 ? cost : 0);
	else
		note_failure(target);
	return result;
}

/* ---- when ---- */

static void
arm(struct target *target, int64_t due)
{
	int64_t now = now_of(target->publish);

	if (due == NEVER || (timer_armed(target->timer) && target->due <= due))
		return;
	target->due = due;
	timer_arm(target->timer, due > now ? due - now : 0);
}

static void
schedule(struct target *target)
{
	int64_t due = target->changed_at, stale;

	if (target->renewed_at != NEVER &&
	    target->renewed_at + PUBLISH_RENEWAL_MS < due)
		due = target->renewed_at + PUBLISH_RENEWAL_MS;
	if (target->changes != NULL && map_in_place(target->map) &&
	    changeset_count(target->changes) >= BATCH)
		due = now_of(target->publish);
	if (target->retry_ms > 0)
		due = target->not_before;
	if (due < target->not_before)
		due = target->not_before;
	/* A failing map does not wait for its next try to be emptied. */
	if (target->retry_ms > 0 && target->gone_at != NEVER &&
	    !target->emptied) {
		stale = target->gone_at + PUBLISH_STALE_MS;
		if (stale > now_of(target->publish) && stale < due)
			due = stale;
	}
	arm(target, due);
}

/* It could not be written, and holds addresses that have expired. */
static void
empty_stale(struct target *target)
{
	struct err err;

	if (target->emptied || target->gone_at == NEVER ||
	    now_of(target->publish) < target->gone_at + PUBLISH_STALE_MS)
		return;
	if (map_clear(target->map, &err) < 0) {
		if (!target->stuck)
			log_error("%s; expired addresses are still in it",
				  err.text);
		target->stuck = true;
		return;
	}
	target->emptied = true;
	log_error("%s: emptied: it held expired addresses and could not be "
		  "written",
		  map_name(target->map));
}

static void
refresh(struct target *target)
{
	unsigned int failures = target->failures;
	bool said = failures > 0;
	struct err err;

	if (flush(target, &err) == 0) {
		if (said)
			log_info("%s: written again, after %u failure%s",
				 map_name(target->map), failures,
				 failures == 1 ? "" : "s");
		target->failures = 0;
		return;
	}
	if (!said)
		log_error("%s; the old map stays, trying again", err.text);
	empty_stale(target);
	schedule(target);
}

/* Whoever sees a map renamed starts anew, and reads then what is read once. */
static void
refresh_read_once(struct publish *publish)
{
	for (size_t i = 0; i < publish->ntargets; i++) {
		struct target *target = &publish->targets[i];

		if (target->read_once && target->changed_at != NEVER &&
		    target->retry_ms == 0)
			refresh(target);
	}
}

static void
on_due(void *arg)
{
	struct target *target = arg;

	if (!target->read_once && !map_in_place(target->map))
		refresh_read_once(target->publish);
	refresh(target);
}

static void
note_first(int64_t *at, int64_t now)
{
	if (*at == NEVER)
		*at = now;
}

void
publish_event(struct publish *publish, enum authtab_event event,
	      const struct addr *addr)
{
	int64_t now = now_of(publish);
	struct target *target;

	if (!publish->started)
		return; /* the start writes all there is */
	for (size_t i = 0; i < publish->ntargets; i++) {
		target = &publish->targets[i];
		if (target->changes != NULL)
			changeset_add(target->changes, addr);
		if (event == AUTHTAB_RENEWED)
			note_first(&target->renewed_at, now);
		else
			note_first(&target->changed_at, now);
		if (event == AUTHTAB_EXPIRED || event == AUTHTAB_REMOVED)
			note_first(&target->gone_at, now);
		schedule(target);
	}
}

/* ---- all maps ---- */

int
publish_flush(struct publish *publish, struct err *err)
{
	struct target *target;
	struct err other;
	int result = 0;

	for (size_t i = 0; i < publish->ntargets; i++) {
		target = &publish->targets[i];
		if (flush(target, result == 0 ? err : &other) == 0) {
			target->failures = 0;
			continue;
		}
		result = -1;
		schedule(target);
	}
	return result;
}

int
publish_start(struct publish *publish, struct err *err)
{
	publish->started = true;
	return publish_flush(publish, err);
}

int
publish_clear(struct publish *publish, struct err *err)
{
	struct target *target;
	struct err other;
	int result = 0;

	/* From here on as before the start: nothing fills them again. */
	publish->started = false;
	for (size_t i = 0; i < publish->ntargets; i++) {
		target = &publish->targets[i];
		mark_clean(target);
		target->rewrite = true;
		if (map_clear(target->map, result == 0 ? err : &other) < 0)
			result = -1;
	}
	return result;
}

struct publish_stats
publish_stats(const struct publish *publish)
{
	return publish->stats;
}
