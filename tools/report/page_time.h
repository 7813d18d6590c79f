/*
 * page_time: the parts of a page that show how numbers change through the
 * period: each has a chart, and the numbers as a table.
 */
#ifndef TOOLS_REPORT_PAGE_TIME_H
#define TOOLS_REPORT_PAGE_TIME_H

#include <stdio.h>

struct summary;

void page_time_logins(FILE *, const struct summary *);
void page_time_peaks(FILE *, const struct summary *);
void page_time_hours(FILE *, const struct summary *);

#endif
