/* counts: what the daemon counts, from its answer to `status`. */
#ifndef TOOLS_TOP_COUNTS_H
#define TOOLS_TOP_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

/* The names are those of `pbsctl status`. */
struct top_counts {
	uint64_t pid, started;
	uint64_t addresses, lines, logins, stale, refused, doubtful;
	uint64_t granted, renewed, expired, evicted, removed;
	uint64_t publishes, publish_failures, left_out, map_replaced;
	uint64_t events;
};

/* Reads "key value" lines, which it changes; other keys are skipped, and what
 * is missing is 0. 0, or -1: there is no pid. */
int counts_read(struct top_counts *, char *answer);

/* How often the table of addresses has changed. */
uint64_t counts_changes(const struct top_counts *);

/* Whether another process counts, whose counters began at 0. */
bool counts_restarted(const struct top_counts *before,
		      const struct top_counts *now);

#endif
