/* rates: how fast counters of the daemon have grown lately. */
#ifndef TOOLS_TOP_RATES_H
#define TOOLS_TOP_RATES_H

#include <stdint.h>

struct rates;
struct top_counts;

enum { RATES_MS = 10000 }; /* they are means over so long */

struct top_rates {
	double lines, logins, refused; /* per second; stale ones are refused */
};

struct rates *rates_new(void);
void rates_free(struct rates **);

/* Forgets what is older than RATES_MS, and all when the counters belong to
 * another daemon. */
void rates_add(struct rates *, const struct top_counts *, int64_t steady_ms);

struct top_rates rates_now(const struct rates *);

#endif
