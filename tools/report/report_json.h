/*
 * report_json: a report as one object of JSON.
 */
#ifndef TOOLS_REPORT_REPORT_JSON_H
#define TOOLS_REPORT_REPORT_JSON_H

#include <stdio.h>

struct summary;

void report_json_print(FILE *, const struct summary *);

#endif
