/*
 * report_text: a report as text, for a terminal of 80 columns.
 */
#ifndef TOOLS_REPORT_REPORT_TEXT_H
#define TOOLS_REPORT_REPORT_TEXT_H

#include <stdio.h>

struct summary;

void report_text_print(FILE *, const struct summary *);

#endif
