#include "daemon/publish/publish.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hashmap.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/monotonic.h"
#include "daemon/publish/delays.h"
#include "maps/map.h"

static const int64_t NEVER = INT64_MAX;

enum {
	BATCH = 1024,	 /* changes that are worth a flush, even if all renew */
	COST_FACTOR = 4, /* the pause after a flush, in times of its cost */
};

/* Milliseconds. A large map takes seconds to write; a delay is known to the
 * second. */
static const int64_t cost_bounds[] = {1,   5,	10,   25,   50,	 100,
				      250, 500, 1000, 2500, 5000};
static const int64_t delay_bounds[] = {1000,  2000,  3000,   5000,   10000,
				       30000, 60000, 300000, 1800000};

/* One map and what it does not show yet. All times are steady milliseconds. */
struct target {
	struct publish *publish;
	struct map *map;
	struct timer *timer;
	bool read_once;		 /* see map_spec_is_read_once() */
	struct hashmap *changes; /* addresses; NULL: can only be replaced */
	int64_t changed_at;	 /* the first change of membership, or NEVER */
	int64_t renewed_at;	 /* the first renewal, or NEVER */
	int64_t gone_at;	 /* the first expiry or removal, or NEVER */
	bool rewrite;		 /* the next flush must replace the map */
	int64_t due;		 /* what the timer is armed for */
	int64_t not_before;	 /* the end of the pause after the last flush */
	int64_t retry_ms;	 /* back-off; 0: the last flush succeeded */
	unsigned int failures;	 /* since a flush succeeded */
	bool emptied;		 /* since a flush succeeded */
	bool stuck;		 /* emptying failed, which has been logged */
	struct publish_stats *stats;
	struct delays delays; /* of addresses that it does not show yet */
};

struct publish {
	struct loop *loop;
	const struct authtab *table;
	struct target *targets;
	size_t ntargets;
	bool started;
	struct publish_stats *stats; /* of each map, live ones too */
	size_t nmaps;
};

static void on_due(void *arg);

/* ---- life cycle ---- */

/* The map now shows what is in the table. */
static void
mark_clean(struct target *target)
{
	target->changed_at = target->renewed_at = target->gone_at = NEVER;
	target->rewrite = false;
	target->emptied = target->stuck = false;
	target->delays.count = 0;
	if (target->changes != NULL)
		hashmap_clear(target->changes);
	timer_disarm(target->timer);
}

static void
begin_stats(struct publish_stats *stats, const struct map *map)
{
	*stats = (struct publish_stats){
	    .map = map_name(map),
	    .live = map_is_live(map),
	    .cost = {.bounds = cost_bounds,
		     .nbounds = sizeof(cost_bounds) / sizeof(*cost_bounds)},
	    .delay = {.bounds = delay_bounds,
		      .nbounds = sizeof(delay_bounds) / sizeof(*delay_bounds)}};
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
	publish->stats = alloc_zero(nmaps, sizeof(*publish->stats));
	publish->nmaps = nmaps;
	for (size_t i = 0; i < nmaps; i++) {
		begin_stats(&publish->stats[i], maps[i]);
		if (map_is_live(maps[i]))
			continue; /* it answers from the table itself */
		target = &publish->targets[publish->ntargets++];
		target->publish = publish;
		target->map = maps[i];
		target->stats = &publish->stats[i];
		target->read_once = map_spec_is_read_once(map_name(maps[i]));
		target->timer = timer_new(loop, on_due, target);
		if (map_can_apply(maps[i]))
			target->changes = hashmap_new(sizeof(struct addr),
						      sizeof(struct addr));
		mark_clean(target);
		target->rewrite = true; /* its contents are unknown */
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
		hashmap_free(&(*publish)->targets[i].changes);
	}
	free((*publish)->targets);
	free((*publish)->stats);
	free(*publish);
	*publish = NULL;
}

static int64_t
now_of(const struct publish *publish)
{
	return loop_clocks(publish->loop).steady_ms;
}

/* ---- writing ---- */

struct walk {
	const struct authtab *table;
	size_t at;
};

static bool
next_row(void *arg, struct map_row *out)
{
	struct walk *walk = arg;
	struct authtab_address row;

	if (!authtab_next_address(walk->table, &walk->at, &row))
		return false;
	*out = (struct map_row){.addr = row.addr,
				.when = row.when,
				.present = true,
				.expires = row.expires};
	return true;
}

static int
write_all(struct target *target, struct err *err)
{
	struct publish *publish = target->publish;
	struct walk walk = {.table = publish->table};
	struct map_rows rows = {next_row, &walk, authtab_count(publish->table)};

	return map_replace(target->map, &rows, err) < 0 ? -1 : 0;
}

/* Writes what the table now has for each address that changed. */
static int
write_changes(struct target *target, struct err *err)
{
	struct publish *publish = target->publish;
	size_t count = hashmap_count(target->changes);
	struct map_row *rows = alloc_zero(count, sizeof(*rows));
	const struct addr *addr = NULL;
	struct authtab_row row;
	int result;

	for (size_t i = 0; i < count; i++) {
		addr = hashmap_next(target->changes, addr);
		rows[i] = (struct map_row){.addr = *addr};
		if (authtab_get(publish->table, addr, &row)) {
			rows[i].when = row.when;
			rows[i].present = true;
			rows[i].expires = row.expires;
		}
	}
	result = map_apply(target->map, rows, count, err);
	free(rows);
	return result;
}

/* ---- flushing ---- */

static void
note_good(struct target *target, int64_t cost)
{
	struct publish *publish = target->publish;
	int64_t pause = map_in_place(target->map) ? PUBLISH_IN_PLACE_MS
						  : PUBLISH_INTERVAL_MS;

	if (pause < cost * COST_FACTOR)
		pause = cost * COST_FACTOR;
	if (pause > PUBLISH_PAUSE_MAX_MS)
		pause = PUBLISH_PAUSE_MAX_MS;
	target->not_before = now_of(publish) + cost + pause;
	target->retry_ms = 0;
	target->stats->written = loop_clocks(publish->loop).wall;
	histogram_observe(&target->stats->cost, cost, 1);
	delays_end(&target->delays, loop_clocks(publish->loop).wall_ms + cost,
		   &target->stats->delay);
	mark_clean(target);
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
	target->stats->failures++;
}

/* Brings the map up to date without waiting for the pause. 0, or -1. */
static int
flush(struct target *target, struct err *err)
{
	int64_t cost, start = monotonic_ms();
	int result;

	/* Not checked before the first write, nor while the map fails, where
	 * the warning would be repeated with every retry. */
	if (!target->rewrite && map_intact(target->map) == 0) {
		log_warning("%s: another program has replaced it; writing "
			    "it again",
			    map_name(target->map));
		target->rewrite = true;
	}
	if (target->rewrite || target->changes == NULL ||
	    hashmap_count(target->changes) > PUBLISH_CHANGES_MAX)
		result = write_all(target, err);
	else
		result = write_changes(target, err);
	cost = monotonic_ms() - start;
	if (result == 0)
		note_good(target, cost > 0 ? cost : 0);
	else
		note_failure(target);
	return result;
}

/* ---- scheduling ---- */

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
	    hashmap_count(target->changes) >= BATCH)
		due = now_of(target->publish);
	if (target->retry_ms > 0)
		due = target->not_before;
	if (due < target->not_before)
		due = target->not_before;
	/* A failing map is emptied in time even if its next try is later. */
	if (target->retry_ms > 0 && target->gone_at != NEVER &&
	    !target->emptied) {
		stale = target->gone_at + PUBLISH_STALE_MS;
		if (stale > now_of(target->publish) && stale < due)
			due = stale;
	}
	arm(target, due);
}

/* Empties a map that could not be written and that holds addresses which
 * expired PUBLISH_STALE_MS ago. */
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
	bool logged = failures > 0;
	struct err err;

	if (flush(target, &err) == 0) {
		if (logged)
			log_info("%s: written again, after %u failure%s",
				 map_name(target->map), failures,
				 failures == 1 ? "" : "s");
		target->failures = 0;
		return;
	}
	if (!logged)
		log_error("%s; the old map stays, trying again", err.text);
	empty_stale(target);
	schedule(target);
}

/* A process of Postfix restarts when it sees a renamed map, and then reads the
 * maps that are read once; so those are written first. */
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

/* Remembers one more than a batch takes: it shows that there were too many. */
static void
note_change(struct hashmap *changes, const struct addr *addr)
{
	if (hashmap_count(changes) <= PUBLISH_CHANGES_MAX)
		hashmap_put(changes, addr);
}

static void
note_first(int64_t *at, int64_t now)
{
	if (*at == NEVER)
		*at = now;
}

/* A live map has the address as soon as the table has it. */
static void
note_live(struct publish *publish, time_t when)
{
	int64_t wall_ms = loop_clocks(publish->loop).wall_ms;

	for (size_t i = 0; i < publish->nmaps; i++)
		if (publish->stats[i].live)
			histogram_observe(&publish->stats[i].delay,
					  wall_ms - (int64_t)when * 1000, 1);
}

void
publish_event(struct publish *publish, enum authtab_event event,
	      const struct addr *addr, time_t when)
{
	int64_t now = now_of(publish);
	struct target *target;

	if (!publish->started)
		return; /* publish_start() writes the whole table */
	if (event == AUTHTAB_ADDED)
		note_live(publish, when);
	for (size_t i = 0; i < publish->ntargets; i++) {
		target = &publish->targets[i];
		if (target->changes != NULL)
			note_change(target->changes, addr);
		if (event == AUTHTAB_ADDED)
			delays_note(&target->delays, when);
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

static int
flush_all(struct publish *publish, struct err *err)
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
	return flush_all(publish, err);
}

int
publish_clear(struct publish *publish, struct err *err)
{
	struct target *target;
	struct err other;
	int result = 0;

	/* As before publish_start(): events do not fill the maps again. */
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

const struct publish_stats *
publish_stats(const struct publish *publish, size_t i)
{
	return i < publish->nmaps ? &publish->stats[i] : NULL;
}
