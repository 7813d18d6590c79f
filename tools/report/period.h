/*
 * period: from when until when a report reaches, and how it is divided.
 */
#ifndef TOOLS_REPORT_PERIOD_H
#define TOOLS_REPORT_PERIOD_H

#include <stddef.h>
#include <time.h>

struct err;

struct period {
	time_t since, until; /* the first second, and the one after the last */
	time_t now;	     /* the clock, when the report was made */
};

/*
 * A moment: "7d" (so long before now), or a local time: "2026-11-21",
 * "2026-11-21 08:30", "2026-11-21T08:30:00". 0 and *out, or -1 and err.
 */
int period_parse(const char *text, time_t now, time_t *out, struct err *);

/*
 * Divides a period into minutes, five minutes, hours, days, weeks or months of
 * 30 days, the shortest of which there are no more than 200. Writes where each
 * begins in local time, and as the last where the last one ends; the first
 * begins no later than the period, and the last ends no earlier. The caller
 * frees it. Returns their number; *step is the seconds of one, not counting
 * that clocks change.
 */
size_t period_divide(const struct period *, time_t **bounds,
		     unsigned int *step);

/* The hour of the day of a local time, and when the next hour begins. */
unsigned int period_hour(time_t when, time_t *next);

#endif
