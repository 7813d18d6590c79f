/* publish: when each map is written, and with what, by a clock that the test
 * sets. */
#include "daemon/publish/publish.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "maps/map.h"
#include "tests/tap.h"

/* ---- a loop whose time we make ---- */

struct timer {
	struct loop *loop;
	loop_timer_fn *fn;
	void *arg;
	int64_t deadline;
	bool armed;
};

struct loop {
	struct clocks clocks;
	struct timer *timers[4];
};

struct timer *
timer_new(struct loop *loop, loop_timer_fn *fn, void *arg)
{
	struct timer *timer = calloc(1, sizeof(*timer));
	size_t at = 0;

	*timer = (struct timer){.loop = loop, .fn = fn, .arg = arg};
	while (loop->timers[at] != NULL)
		at++;
	loop->timers[at] = timer;
	return timer;
}

void
timer_free(struct timer **timer)
{
	for (size_t at = 0; at < 4; at++)
		if ((*timer)->loop->timers[at] == *timer)
			(*timer)->loop->timers[at] = NULL;
	free(*timer);
	*timer = NULL;
}

void
timer_arm(struct timer *timer, int64_t delay_ms)
{
	timer->armed = true;
	timer->deadline = timer->loop->clocks.steady_ms + delay_ms;
}

void
timer_disarm(struct timer *timer)
{
	timer->armed = false;
}

bool
timer_armed(const struct timer *timer)
{
	return timer->armed;
}

struct clocks
loop_clocks(const struct loop *loop)
{
	return loop->clocks;
}

/* Live maps, which nobody publishes to, are linked all the same. */
int
loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn,
	   void *arg, struct err *err)
{
	(void)loop, (void)fd, (void)events, (void)fn, (void)arg, (void)err;
	abort();
}

void
loop_unwatch(struct loop *loop, int fd)
{
	(void)loop, (void)fd;
	abort();
}

/* Lets so many milliseconds pass, one by one. */
static void
pass(struct loop *loop, int64_t ms)
{
	for (int64_t end = loop->clocks.steady_ms + ms;;
	     loop->clocks.steady_ms++, loop->clocks.wall_ms++) {
		for (size_t at = 0; at < 4; at++) {
			struct timer *timer = loop->timers[at];

			if (timer != NULL && timer->armed &&
			    timer->deadline <= loop->clocks.steady_ms) {
				timer->armed = false;
				timer->fn(timer->arg);
			}
		}
		if (loop->clocks.steady_ms == end)
			return;
	}
}

static bool
asleep(const struct loop *loop)
{
	for (size_t at = 0; at < 4; at++)
		if (loop->timers[at] != NULL && loop->timers[at]->armed)
			return false;
	return true;
}

/* What a flush takes is ours to say, too. */
static int64_t stopwatch_ms;

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	(void)clock;
	now->tv_sec = stopwatch_ms / 1000;
	now->tv_nsec = stopwatch_ms % 1000 * 1000000;
	return 0;
}

/* ---- what would be logged ---- */

static char said[2048];
static unsigned int nsaid;

static void __attribute__((format(printf, 2, 0)))
say(const char *word, const char *fmt, va_list ap)
{
	size_t len = (size_t)snprintf(said, sizeof(said), "%s: ", word);

	vsnprintf(said + len, sizeof(said) - len, fmt, ap);
	nsaid++;
}

#define SAY(name)                       \
	void name(const char *fmt, ...) \
	{                               \
		va_list ap;             \
                                        \
		va_start(ap, fmt);      \
		say(#name, fmt, ap);    \
		va_end(ap);             \
	}
SAY(log_error)
SAY(log_warning)
SAY(log_info)

/* ---- a map in memory ---- */

enum { ROWS_MAX = 4096 };

struct fake {
	struct map map;
	char text[256]; /* the last digits and times, "7@100 8@105" */
	unsigned int replaced, applied, cleared;
	size_t batch;	 /* rows of the last apply */
	unsigned int ms; /* a replace takes */
	bool broken, stuck, foreign;
};

static int
fake_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct fake *fake = (struct fake *)map;
	struct map_row row;
	size_t used = 0;

	if (fake->broken)
		return err_set(err, "rename: No space left on device");
	stopwatch_ms += fake->ms;
	fake->text[0] = '\0';
	while (rows->next(rows->arg, &row))
		if (used < sizeof(fake->text))
			used += (size_t)snprintf(
			    fake->text + used, sizeof(fake->text) - used,
			    "%s%d@%ld", used ? " " : "",
			    row.addr.bytes[row.addr.family == 4 ? 3 : 15],
			    (long)row.when);
	fake->replaced++;
	fake->foreign = false;
	return 0;
}

static int
fake_apply(struct map *map, const struct map_row *rows, size_t n,
	   struct err *err)
{
	struct fake *fake = (struct fake *)map;

	if (fake->broken)
		return err_set(err, "put: No space left on device");
	snprintf(fake->text, sizeof(fake->text), "%c%d@%ld",
		 rows[0].present ? '+' : '-', rows[0].addr.bytes[3],
		 (long)rows[0].when);
	fake->batch = n;
	fake->applied++;
	return 0;
}

static int
fake_clear(struct map *map, struct err *err)
{
	struct fake *fake = (struct fake *)map;

	if (fake->stuck)
		return err_set(err, "rename: Read-only file system");
	fake->text[0] = '\0';
	fake->cleared++;
	return 0;
}

static int
fake_intact(struct map *map)
{
	return !((struct fake *)map)->foreign;
}

static const struct map_ops whole_ops = {.type = "whole",
					 .replace = fake_replace,
					 .clear = fake_clear,
					 .intact = fake_intact};
static const struct map_ops batch_ops = {.type = "batch",
					 .in_place = true,
					 .replace = fake_replace,
					 .apply = fake_apply,
					 .clear = fake_clear};

/* ---- all of it together ---- */

struct stage {
	struct loop loop;
	struct authtab *table;
	struct publish *publish;
	struct fake whole, batch;
	struct err err;
};

static void
on_event(void *arg, enum authtab_event event, const struct addr *addr,
	 time_t when)
{
	struct stage *stage = arg;

	publish_event(stage->publish, event, addr, when);
}

static int64_t
seconds(const struct stage *stage)
{
	return stage->loop.clocks.steady_ms / 1000;
}

static void
grant(struct stage *stage, unsigned int number, time_t when, int lasts)
{
	struct addr addr = {.family = 4};

	addr.bytes[0] = 10;
	addr.bytes[2] = (uint8_t)(number >> 8);
	addr.bytes[3] = (uint8_t)number;
	authtab_grant(stage->table,
		      &(struct authtab_login){.addr = addr,
					      .when = when,
					      .expires =
						  seconds(stage) + lasts},
		      seconds(stage));
}

/* With a map of the one kind, or of both, started and a quiet time ago. */
static struct stage *
begin(bool whole, bool batch)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct map *maps[2];
	size_t nmaps = 0;

	stage->whole.map = (struct map){&whole_ops, (char *)"whole:/x", NULL};
	stage->batch.map = (struct map){&batch_ops, (char *)"batch:/x", NULL};
	stage->loop.clocks.steady_ms = 100000;
	if (whole)
		maps[nmaps++] = &stage->whole.map;
	if (batch)
		maps[nmaps++] = &stage->batch.map;
	stage->table = authtab_new(100000, 100000, on_event, stage);
	stage->publish = publish_new(&stage->loop, stage->table, maps, nmaps);
	grant(stage, 1, 100, 5000);
	pass(&stage->loop, 5000);
	is_int(stage->whole.replaced + stage->batch.replaced, 0,
	       "before the start no map is touched");
	is_int(publish_start(stage->publish, &stage->err), 0,
	       "the start writes");
	pass(&stage->loop, 5000);
	said[0] = '\0';
	nsaid = 0;
	return stage;
}

static void
end(struct stage *stage)
{
	publish_free(&stage->publish);
	authtab_free(&stage->table);
	free(stage);
}

static void
test_pace(void)
{
	struct stage *stage = begin(true, false);
	unsigned int replaced = stage->whole.replaced;

	is_str(stage->whole.text, "1@100", "all there is");
	ok(asleep(&stage->loop), "then nothing is left to do");
	grant(stage, 2, 200, 5000);
	pass(&stage->loop, 0);
	is_str(stage->whole.text, "1@100 2@200",
	       "after a quiet second a login goes out at once");
	for (int i = 0; i < 100; i++) {
		grant(stage, 3 + (unsigned int)i, 300, 5000);
		pass(&stage->loop, 1);
	}
	is_int(stage->whole.replaced - replaced, 1, "those that follow wait");
	pass(&stage->loop, 899);
	is_int(stage->whole.replaced - replaced, 1, "until a second is over");
	pass(&stage->loop, 50);
	is_int(stage->whole.replaced - replaced, 2, "and then go out together");
	for (int i = 0; i < 10000; i++) {
		grant(stage, 200 + (unsigned int)i, 400, 5000);
		pass(&stage->loop, 1);
	}
	ok(stage->whole.replaced - replaced <= 2 + 10 &&
	       stage->whole.replaced - replaced >= 2 + 9,
	   "ten busy seconds: one flush each");
	pass(&stage->loop, 1100);
	ok(asleep(&stage->loop), "and then sleep");
	end(stage);
}

static void
test_renewals(void)
{
	struct stage *stage = begin(true, false);
	unsigned int replaced = stage->whole.replaced;

	grant(stage, 1, 150, 6000);
	pass(&stage->loop, PUBLISH_RENEWAL_MS - 5000);
	grant(stage, 1, 160, 6000);
	pass(&stage->loop, 4999);
	is_int(stage->whole.replaced - replaced, 0, "a renewal waits");
	pass(&stage->loop, 1);
	is_str(stage->whole.text, "1@160", "but not for ever");
	is_int(stage->whole.replaced - replaced, 1, "one flush for all");
	grant(stage, 1, 170, 6000);
	pass(&stage->loop, 3000);
	grant(stage, 2, 180, 6000);
	pass(&stage->loop, 0);
	is_str(stage->whole.text, "1@170 2@180",
	       "a new address takes it along");
	pass(&stage->loop, 2 * PUBLISH_RENEWAL_MS);
	is_int(stage->whole.replaced - replaced, 2, "and nothing is left");
	end(stage);
}

static void
test_expiry(void)
{
	struct stage *stage = begin(true, false);
	const struct authtab_login other = {
	    .addr = {.family = 6, .bytes = {0x20, 1, [15] = 1}},
	    .when = 1,
	    .expires = 9000};

	authtab_grant(stage->table, &other, 110);
	pass(&stage->loop, 2000);
	is_str(stage->whole.text, "1@100 1@1",
	       "the map gets all: it knows what may be in it");
	authtab_sweep(stage->table, seconds(stage) + 5000);
	pass(&stage->loop, 0);
	is_str(stage->whole.text, "1@1", "what expires goes at once");
	end(stage);
}

static bool
is_out(void *arg, const char *rule)
{
	(void)arg, (void)rule;
	return true;
}

/* A user with a rule of their own logs in from the address that is there, and
 * that rule goes. */
static void
test_withdrawn(void)
{
	struct stage *stage = begin(true, true);
	struct authtab_login login = {
	    .addr = {.family = 4, .bytes = {10, [3] = 1}},
	    .user = "ann",
	    .user_len = 3,
	    .when = 150,
	    .expires = 20000,
	    .rule = authtab_rule(stage->table, "sieve")};

	authtab_grant(stage->table, &login, 110);
	pass(&stage->loop, PUBLISH_RENEWAL_MS + 2000);
	is_str(stage->whole.text, "1@150", "the later login of an address");
	authtab_withdraw(stage->table, is_out, NULL, NULL);
	pass(&stage->loop, 0);
	is_str(stage->whole.text, "1@100", "goes at once when it is withdrawn");
	is_str(stage->batch.text, "+1@100", "also from a map that takes changes");
	login.addr.bytes[3] = 2;
	login.rule = authtab_rule(stage->table, "sieve");
	authtab_grant(stage->table, &login, 110);
	pass(&stage->loop, 2000);
	is_str(stage->whole.text, "1@100 2@150", "an address that has no other");
	authtab_withdraw(stage->table, is_out, NULL, NULL);
	pass(&stage->loop, 0);
	is_str(stage->whole.text, "1@100", "goes with it");
	is_str(stage->batch.text, "-2@0", "everywhere");
	end(stage);
}

static void
test_cost(void)
{
	struct stage *stage = begin(true, false);
	unsigned int replaced = stage->whole.replaced;

	stage->whole.ms = 300;
	grant(stage, 2, 200, 5000);
	pass(&stage->loop, 0);
	is_int(publish_stats(stage->publish, 0)->cost.sum, 300, "a slow map");
	grant(stage, 3, 300, 5000);
	pass(&stage->loop, 1499);
	is_int(stage->whole.replaced - replaced, 1, "gets a longer pause");
	pass(&stage->loop, 1);
	is_int(stage->whole.replaced - replaced, 2, "of four times its cost");
	end(stage);
}

static void
test_stats(void)
{
	struct stage *stage = begin(true, true);
	const struct publish_stats *whole = publish_stats(stage->publish, 0);
	const struct publish_stats *batch = publish_stats(stage->publish, 1);

	is_str(whole->map, "whole:/x", "each map has figures of its own");
	ok(publish_stats(stage->publish, 2) == NULL, "and no other has any");
	is_int(histogram_count(&whole->cost), 1, "one write, at the start");
	is_int(histogram_count(&whole->delay), 0,
	       "what was there before the start came late anyway");
	stage->loop.clocks.wall_ms = 200 * 1000;
	stage->whole.broken = true;
	grant(stage, 2, 198, 5000);
	pass(&stage->loop, 500);
	is_int(batch->delay.sum, 2000, "the one map has it after 2 s");
	is_int(histogram_count(&whole->delay), 0, "the other fails");
	is_int(whole->failures, 1, "which is counted");
	is_int(batch->failures, 0, "for it alone");
	stage->whole.broken = false;
	pass(&stage->loop, 1000);
	is_int(whole->delay.sum, 3000, "it has it after 3 s");
	grant(stage, 2, 201, 5000);
	pass(&stage->loop, 2 * PUBLISH_RENEWAL_MS);
	is_int(histogram_count(&whole->cost), 3, "a renewal is written");
	is_int(histogram_count(&whole->delay), 1, "but nobody waits for it");
	end(stage);
}

static void
test_batches(void)
{
	struct stage *stage = begin(false, true);

	is_int(stage->batch.replaced, 1, "the start replaces");
	grant(stage, 2, 200, 5000);
	pass(&stage->loop, 0);
	is_str(stage->batch.text, "+2@200", "then changes go out");
	is_int(stage->batch.batch, 1, "alone");
	grant(stage, 3, 300, 5);
	grant(stage, 3, 301, 6);
	pass(&stage->loop, PUBLISH_IN_PLACE_MS - 1);
	is_str(stage->batch.text, "+2@200", "the next ones after a pause");
	pass(&stage->loop, 1);
	is_str(stage->batch.text, "+3@301", "in their last state");
	is_int(stage->batch.batch, 1, "each address once");
	authtab_sweep(stage->table, seconds(stage) + 6);
	pass(&stage->loop, PUBLISH_IN_PLACE_MS);
	is_str(stage->batch.text, "-3@0", "also away");
	is_int(stage->batch.replaced, 1, "and nothing is replaced for that");
	for (unsigned int i = 0; i < 1023; i++)
		grant(stage, i + 1000, 400, 5000);
	pass(&stage->loop, PUBLISH_IN_PLACE_MS);
	is_int(stage->batch.batch, 1023, "a thousand at a time");
	for (unsigned int i = 0; i < 40000; i++)
		grant(stage, i + 5000, 400, 5000);
	pass(&stage->loop, PUBLISH_IN_PLACE_MS);
	is_int(stage->batch.replaced, 2, "too many at a time: all at once");
	pass(&stage->loop, 1000);
	grant(stage, 2, 500, 6000);
	pass(&stage->loop, 100);
	is_int(stage->batch.applied, 4, "a renewal waits here too");
	for (unsigned int i = 0; i < 1100; i++)
		grant(stage, i + 5000, 500, 6000);
	pass(&stage->loop, 0);
	is_int(stage->batch.batch, 1101, "unless it is one of many");
	ok(asleep(&stage->loop), "then all is done");
	end(stage);
}

static void
test_failure(void)
{
	struct stage *stage = begin(true, true);
	unsigned int replaced = stage->whole.replaced;

	stage->whole.broken = true;
	grant(stage, 2, 200, 5000);
	pass(&stage->loop, 0);
	is_str(said,
	       "log_error: whole:/x: rename: No space left on device; the old "
	       "map stays, trying again",
	       "a failure is logged");
	is_str(stage->batch.text, "+2@200", "the other map does not wait");
	for (int i = 0; i < 100; i++) {
		pass(&stage->loop, 1000);
		grant(stage, 3 + (unsigned int)i, 300, 5000);
	}
	is_int(nsaid, 1, "it is logged once");
	is_int(publish_stats(stage->publish, 0)->failures, 13,
	       "and tried after 1, 2, 4, 8 seconds, then every 10");
	is_int(stage->whole.cleared, 0, "the old map stays");
	stage->whole.broken = false;
	pass(&stage->loop, 10000);
	is_int(stage->whole.replaced - replaced, 1, "until it works again");
	is_str(said, "log_info: whole:/x: written again, after 13 failures",
	       "which is logged, too");
	pass(&stage->loop, 200000);
	ok(asleep(&stage->loop), "and then there is rest");
	stage->whole.broken = true;
	grant(stage, 250, 200, 5000);
	pass(&stage->loop, 0);
	is_int(nsaid, 3, "the next failure is another one");
	end(stage);
}

static void
test_batch_failure(void)
{
	struct stage *stage = begin(false, true);

	stage->batch.broken = true;
	grant(stage, 2, 200, 5000);
	pass(&stage->loop, 100);
	is_str(said,
	       "log_error: batch:/x: put: No space left on device; the old "
	       "map stays, trying again",
	       "a batch that fails is logged");
	stage->batch.broken = false;
	pass(&stage->loop, 1000);
	is_str(stage->batch.text, "1@100 2@200",
	       "and the map written again as a whole");
	end(stage);
}

/* Nobody relays past their grace because a disk is full. */
static void
test_stale(void)
{
	struct stage *stage = begin(true, false);

	stage->whole.broken = true;
	grant(stage, 2, 200, 20);
	pass(&stage->loop, 20000);
	is_int(stage->whole.cleared, 0, "a map that fails stays");
	authtab_sweep(stage->table, seconds(stage));
	pass(&stage->loop, PUBLISH_STALE_MS - 1);
	is_int(stage->whole.cleared, 0, "also for a moment after an expiry");
	pass(&stage->loop, 1);
	is_int(stage->whole.cleared, 1, "but no longer");
	is_str(said,
	       "log_error: whole:/x: emptied: it held expired addresses and "
	       "could not be written",
	       "and that is logged");
	authtab_sweep(stage->table, seconds(stage) + 5000);
	pass(&stage->loop, 300000);
	is_int(stage->whole.cleared, 1, "once");
	is_int(nsaid, 2, "all in all");
	stage->whole.broken = false;
	grant(stage, 3, 300, 5000);
	pass(&stage->loop, 60000);
	is_str(stage->whole.text, "3@300", "then it is filled again");
	end(stage);

	stage = begin(true, false);
	stage->whole.broken = stage->whole.stuck = true;
	authtab_sweep(stage->table, seconds(stage) + 5000);
	pass(&stage->loop, 100000);
	is_str(said,
	       "log_error: whole:/x: rename: Read-only file system; expired "
	       "addresses are still in it",
	       "what cannot even be emptied is logged");
	is_int(nsaid, 2, "once");
	stage->whole.stuck = false;
	pass(&stage->loop, 60000);
	is_int(stage->whole.cleared, 1, "and tried again");
	end(stage);
}

static void
test_foreign(void)
{
	struct stage *stage = begin(true, false);
	unsigned int replaced = stage->whole.replaced;

	stage->whole.foreign = true;
	grant(stage, 1, 150, 6000);
	pass(&stage->loop, PUBLISH_RENEWAL_MS);
	is_str(said,
	       "log_warning: whole:/x: another program has replaced it; "
	       "writing it again",
	       "a map that somebody replaced is noticed");
	is_int(stage->whole.replaced - replaced, 1, "and written");
	grant(stage, 2, 150, 6000);
	pass(&stage->loop, 5000);
	is_int(nsaid, 1, "and logged once");
	end(stage);
}

static void
test_by_hand(void)
{
	struct stage *stage = begin(true, true);
	unsigned int replaced = stage->whole.replaced;

	is_int(publish_start(stage->publish, &stage->err), 0,
	       "a flush by hand");
	is_int(stage->whole.replaced - replaced, 1, "writes at once");
	stage->whole.broken = true;
	is_int(publish_start(stage->publish, &stage->err), -1,
	       "one that fails");
	is_str(stage->err.text, "whole:/x: rename: No space left on device",
	       "tells its caller why");
	is_int(nsaid, 0, "and nobody else");
	stage->whole.broken = false;
	pass(&stage->loop, 1000);
	is_int(stage->whole.replaced - replaced, 2, "and is tried again");
	is_int(publish_clear(stage->publish, &stage->err), 0, "cleared");
	is_str(stage->whole.text, "", "it is empty");
	is_str(stage->batch.text, "", "and so is the other");
	grant(stage, 5, 500, 5000);
	pass(&stage->loop, 100000);
	is_str(stage->whole.text, "", "and stays so");
	publish_start(stage->publish, &stage->err);
	is_str(stage->batch.text, "1@100 5@500", "until the next start");
	stage->whole.stuck = true;
	is_int(publish_clear(stage->publish, &stage->err), -1,
	       "one that cannot be cleared");
	is_str(stage->err.text, "whole:/x: rename: Read-only file system",
	       "is reported");
	is_str(stage->batch.text, "", "the other is cleared all the same");
	end(stage);
}

/* A large cidr map, whose own pace is slow, beside one that is renamed: its
 * readers see the new one in both, or in none. */
static void
test_read_once(void)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct fake *once = &stage->batch, *news = &stage->whole;
	struct map *maps[] = {&news->map, &once->map};

	news->map = (struct map){&whole_ops, (char *)"hash:/x", NULL};
	once->map = (struct map){&whole_ops, (char *)"cidr:/y", NULL};
	once->ms = 600; /* then it waits for 2400 */
	stage->table = authtab_new(100000, 100000, on_event, stage);
	stage->publish = publish_new(&stage->loop, stage->table, maps, 2);
	publish_start(stage->publish, &stage->err);
	grant(stage, 1, 100, 5000);
	pass(&stage->loop, 900);
	is_str(news->text, "", "the one is not due");
	is_str(once->text, "", "nor the other");
	pass(&stage->loop, 200);
	is_str(news->text, "1@100", "when it is renamed");
	is_str(once->text, "1@100", "what is read once is there, too");
	is_int(once->replaced, 2, "written once");
	once->broken = true;
	grant(stage, 2, 200, 5000);
	pass(&stage->loop, 1100);
	is_str(news->text, "1@100 2@200", "it waits for none that fails");
	is_str(once->text, "1@100", "which stays as it was");
	once->broken = false;
	pass(&stage->loop, 2000);
	is_str(once->text, "1@100 2@200", "until it can be written");
	end(stage);
}

int
main(void)
{
	test_pace();
	test_renewals();
	test_expiry();
	test_withdrawn();
	test_cost();
	test_stats();
	test_batches();
	test_failure();
	test_batch_failure();
	test_stale();
	test_foreign();
	test_by_hand();
	test_read_once();
	return tap_done();
}
