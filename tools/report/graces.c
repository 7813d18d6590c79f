#include "tools/report/graces.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tools/report/logins.h"
#include "tools/report/period.h"

/*
 * The logins are in order and the grace is the same for all, so the
 * authorizations end in the order of the logins: the one that ends next is that
 * of the login at `ending', unless a later login has renewed it.
 */
struct replay {
	struct grace *grace;
	const struct logins *logins;
	const struct period *period;
	const time_t *bounds;
	uint32_t *peaks;
	size_t nparts, part;
	size_t ending;
	uint32_t *latest; /* of each address its last login + 1; 0: none */
	uint32_t live;	  /* addresses authorized now */
	time_t now;
};

/* The number from now on. */
static void
note_peak(struct replay *r)
{
	while (r->part + 1 < r->nparts && r->bounds[r->part + 1] <= r->now)
		r->part++;
	if (r->live > r->grace->peak) {
		r->grace->peak = r->live;
		r->grace->peak_time = r->now;
	}
	if (r->live > r->peaks[r->part])
		r->peaks[r->part] = r->live;
}

/*
 * Nothing changes until `to': each part of the period that begins before has
 * the same number. Of one that begins then, what happens then decides.
 */
static void
advance(struct replay *r, time_t to)
{
	if (to < r->period->since)
		return;
	if (r->now < r->period->since) {
		r->now = r->period->since;
		if (to > r->now)
			note_peak(r);
	}
	r->grace->open += (uint64_t)(to - r->now) * r->live;
	while (r->part + 1 < r->nparts && r->bounds[r->part + 1] < to) {
		r->now = r->bounds[r->part + 1];
		note_peak(r);
	}
	r->now = to;
}

/* Ends the authorizations that are over at a time. */
static void
expire(struct replay *r, time_t to)
{
	const struct logged_in *login;
	time_t end;

	for (; r->ending < r->logins->count; r->ending++) {
		login = &r->logins->list[r->ending];
		end = (time_t)login->when + (time_t)r->grace->seconds;
		if (end > to)
			return;
		if (r->latest[login->address] != r->ending + 1)
			continue;
		advance(r, end);
		r->latest[login->address] = 0;
		r->live--;
	}
}

static void
grant(struct replay *r, size_t i)
{
	const struct logged_in *login = &r->logins->list[i];
	bool renews = r->latest[login->address] != 0;

	r->latest[login->address] = (uint32_t)(i + 1);
	r->live += !renews;
	if ((time_t)login->when < r->period->since)
		return;
	r->grace->renewals += renews;
	r->grace->grants += !renews;
	note_peak(r);
}

void
graces_replay(struct grace *grace, const struct logins *logins,
	      const struct period *period, const time_t *bounds, size_t nparts,
	      uint32_t *peaks)
{
	struct replay r = {.grace = grace,
			   .logins = logins,
			   .period = period,
			   .bounds = bounds,
			   .peaks = peaks,
			   .nparts = nparts};

	*grace = (struct grace){.seconds = grace->seconds,
				.peak_time = period->since};
	r.latest = alloc_zero(logins->naddresses + 1, sizeof(*r.latest));
	for (size_t i = 0; i < logins->count; i++) {
		expire(&r, (time_t)logins->list[i].when);
		advance(&r, (time_t)logins->list[i].when);
		grant(&r, i);
	}
	expire(&r, period->until);
	advance(&r, period->until);
	free(r.latest);
}

double
graces_mean(const struct grace *grace, const struct period *period)
{
	return (double)grace->open / (double)(period->until - period->since);
}

double
graces_hours(const struct grace *grace)
{
	return (double)grace->open / 3600;
}
