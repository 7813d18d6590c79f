/*
 * localstamp: when local clocks (TZ; the caller calls tzset(3)) showed a
 * minute.
 *
 * The minute is given as the instant at which clocks in UTC showed it. Local
 * clocks are assumed to change at most once within the two days around it.
 */
#ifndef PATTERNS_LINE_LOCALSTAMP_H
#define PATTERNS_LINE_LOCALSTAMP_H

#include <stddef.h>
#include <time.h>

/*
 * A minute that came twice is the later one, unless that is more than a minute
 * after now; *apart is then how many seconds before it the earlier one was,
 * else 0. A minute that clocks skipped is the last one before that.
 */
time_t localstamp_minute(time_t shown, time_t now, time_t *apart);

/*
 * The same with the name of a zone, as "CET", which settles a minute that came
 * twice: it is that of the name that clocks had then. UTC and GMT mean UTC,
 * whatever is local. 0 and *minute, or -1: local clocks never showed it under
 * this name.
 */
int localstamp_named(time_t shown, const char *name, size_t len,
    time_t *minute);

#endif
