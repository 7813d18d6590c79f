#include "daemon/metrics/histogram.h"

void
histogram_observe(struct histogram *h, int64_t duration, uint64_t times)
{
	size_t i = 0;

	if (duration < 0)
		duration = 0;
	while (i < h->nbounds && duration > h->bounds[i])
		i++;
	h->counts[i] += times;
	h->sum += duration * (int64_t)times;
}

uint64_t
histogram_count(const struct histogram *h)
{
	uint64_t count = 0;

	for (size_t i = 0; i <= h->nbounds; i++)
		count += h->counts[i];
	return count;
}
