#include "tools/top/rates.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "tools/top/counts.h"

enum { READINGS_MAX = 64 };

struct reading {
	int64_t ms;
	struct top_counts counts;
};

struct rates {
	struct reading readings[READINGS_MAX]; /* oldest first */
	size_t count;
};

struct rates *
rates_new(void)
{
	return alloc_zero(1, sizeof(struct rates));
}

void
rates_free(struct rates **rates)
{
	free(*rates);
	*rates = NULL;
}

static void
drop(struct rates *r, size_t count)
{
	r->count -= count;
	memmove(r->readings, r->readings + count,
		r->count * sizeof(r->readings[0]));
}

void
rates_add(struct rates *r, const struct top_counts *counts, int64_t steady_ms)
{
	const struct top_counts *last =
	    r->count > 0 ? &r->readings[r->count - 1].counts : counts;

	if (counts_restarted(last, counts))
		r->count = 0;
	while (r->count > 1 && r->readings[1].ms <= steady_ms - RATES_MS)
		drop(r, 1);
	if (r->count == READINGS_MAX)
		drop(r, 1);
	r->readings[r->count++] = (struct reading){steady_ms, *counts};
}

static double
rate(uint64_t from, uint64_t to, int64_t ms)
{
	return to > from ? (double)(to - from) * 1000 / (double)ms : 0;
}

struct top_rates
rates_now(const struct rates *r)
{
	const struct reading *from = &r->readings[0], *to;
	int64_t ms;

	if (r->count < 2)
		return (struct top_rates){0};
	to = &r->readings[r->count - 1];
	ms = to->ms - from->ms;
	if (ms <= 0)
		return (struct top_rates){0};
	return (struct top_rates){
	    rate(from->counts.lines, to->counts.lines, ms),
	    rate(from->counts.logins, to->counts.logins, ms),
	    rate(from->counts.refused + from->counts.stale,
		 to->counts.refused + to->counts.stale, ms)};
}
