/*
 * page: a report as one page of HTML that needs nothing else: no script, no
 * font, no network. It is well-formed XML, too.
 */
#ifndef TOOLS_REPORT_PAGE_H
#define TOOLS_REPORT_PAGE_H

#include <stdio.h>

struct summary;

void page_print(FILE *, const struct summary *);

#endif
