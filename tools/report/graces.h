/*
 * graces: what a grace period would have meant for the logins that there were.
 *
 * Each login authorizes its address for the grace period; a login meanwhile
 * renews that. Sessions are not taken into account.
 */
#ifndef TOOLS_REPORT_GRACES_H
#define TOOLS_REPORT_GRACES_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct logins;
struct period;

struct grace {
	uint32_t seconds;
	uint32_t grants, renewals; /* logins of the period */
	uint32_t peak;		   /* addresses authorized at once */
	time_t peak_time;	   /* since when */
	uint64_t open; /* seconds of the period, summed up over addresses */
};

/*
 * Fills all but the seconds. The logins are in order; those before the period
 * count for what they authorize in it. bounds divides the period into parts;
 * peaks has the highest number at once in each of the nparts.
 */
void graces_replay(struct grace *, const struct logins *, const struct period *,
		   const time_t *bounds, size_t nparts, uint32_t *peaks);

/* How many addresses were authorized at once, on average. */
double graces_mean(const struct grace *, const struct period *);
double graces_hours(const struct grace *); /* `open' in hours */

#endif
