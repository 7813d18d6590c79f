#include "daemon/publish/delays.h"

#include "daemon/metrics/histogram.h"

/* The entry for a login; if there is no room for another, the earliest. */
static size_t
place(const struct delays *d, time_t when)
{
	size_t earliest = 0;

	for (size_t i = 0; i < d->count; i++) {
		if (d->list[i].when == when)
			return i;
		if (d->list[i].when < d->list[earliest].when)
			earliest = i;
	}
	return d->count < DELAYS_MAX ? d->count : earliest;
}

void
delays_note(struct delays *d, time_t when)
{
	size_t at = place(d, when);

	if (at == d->count) {
		d->count++;
		d->list[at].when = when;
		d->list[at].logins = 0;
	} else if (when < d->list[at].when) {
		d->list[at].when = when;
	}
	d->list[at].logins++;
}

void
delays_end(struct delays *d, int64_t wall_ms, struct histogram *delay)
{
	for (size_t i = 0; i < d->count; i++)
		histogram_observe(delay,
				  wall_ms - (int64_t)d->list[i].when * 1000,
				  d->list[i].logins);
	d->count = 0;
}
