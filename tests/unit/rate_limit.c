/* Counting in a sliding window: never less than the events of the last window,
 * compared with a model that remembers every event. */
#include "maps/live/rate_limit.h"

#include <stdlib.h>

#include "tests/tap.h"

enum { HOUR = 3600, STEP = 300, EVENTS = 20000 };

static void
slides(void)
{
	struct rate_limit *t = rate_limit_new(HOUR, 10);

	is_int((long long)rate_limit_sum(t, 1, 1000), 0, "nobody yet");
	rate_limit_add(t, 1, 3, 1000);
	rate_limit_add(t, 1, 2, 1000 + HOUR / 2);
	rate_limit_add(t, 2, 7, 1000);
	is_int((long long)rate_limit_sum(t, 1, 1000 + HOUR / 2), 5, "both");
	is_int((long long)rate_limit_sum(t, 1, 1000 + HOUR), 5,
	       "both, a whole window later");
	is_int((long long)rate_limit_sum(t, 1, 1000 + HOUR + STEP), 2,
	       "the first is over after a window and a step");
	is_int((long long)rate_limit_sum(t, 1, 1000 + 2 * HOUR), 0, "then all");
	is_int((long long)rate_limit_sum(t, 2, 1000), 7, "each has its own");
	rate_limit_add(t, 1, 1, 1000 + 100 * HOUR);
	is_int((long long)rate_limit_sum(t, 1, 1000 + 100 * HOUR), 1,
	       "begins again after a long time");
	rate_limit_add(t, 1, UINT32_MAX, 1000 + 100 * HOUR);
	is_int((long long)rate_limit_sum(t, 1, 1000 + 100 * HOUR), UINT32_MAX,
	       "does not wrap");
	rate_limit_free(&t);
	ok(t == NULL, "free clears the pointer");
}

/* Between what the last window held and what the last 13 steps did. */
static void
never_less(void)
{
	struct rate_limit *t = rate_limit_new(HOUR, 10);
	static struct {
		int64_t when;
		uint32_t count;
	} events[EVENTS];
	int64_t now = 0;
	long less = 0, more = 0;

	srandom(1);
	for (int i = 0; i < EVENTS; i++) {
		uint64_t window = 0, steps = 0, sum;

		now += random() % (i % 1000 == 0 ? 2 * HOUR : 60);
		events[i].when = now;
		events[i].count = (uint32_t)(random() % 5);
		rate_limit_add(t, 9, events[i].count, now);
		for (int k = i; k >= 0 && events[k].when > now - HOUR - STEP;
		     k--) {
			steps += events[k].count;
			if (events[k].when > now - HOUR)
				window += events[k].count;
		}
		sum = rate_limit_sum(t, 9, now);
		less += sum < window;
		more += sum > steps;
	}
	is_int(less, 0, "never less than in the last window");
	is_int(more, 0, "never more than in a window and a step");
	rate_limit_free(&t);
}

static void
bounded(void)
{
	struct rate_limit *t = rate_limit_new(HOUR, 1000);
	long lost = 0, known = 0;

	for (uint64_t who = 0; who < 1000; who++)
		rate_limit_add(t, who * 0x9e3779b97f4a7c15u, 1, 10);
	for (uint64_t who = 0; who < 1000; who++)
		lost += rate_limit_sum(t, who * 0x9e3779b97f4a7c15u, 10) != 1;
	is_int(lost, 0, "as many as asked for");
	rate_limit_add(t, 0, 1, 20); /* the oldest is active again */
	rate_limit_add(t, 77, 1, 20);
	is_int((long long)rate_limit_sum(t, 0, 20), 2, "the active one stays");
	is_int((long long)rate_limit_sum(t, 0x9e3779b97f4a7c15u, 20), 0,
	       "the quietest went");
	for (uint64_t who = 5000; who < 50000; who++)
		rate_limit_add(t, who, 1, 30);
	is_int((long long)rate_limit_sum(t, 49999, 30), 1, "many come and go");
	for (uint64_t who = 5000; who < 50000; who++)
		known += rate_limit_sum(t, who, 30) == 1;
	is_int(known, 1000, "still bounded");
	rate_limit_free(&t);
}

int
main(void)
{
	slides();
	never_less();
	bounded();
	return tap_done();
}
