/*
 * summary: what a run prints on standard output: the tables, the differences,
 * or all of it as one JSON object.
 */
#ifndef TOOLS_RECIPIENTS_SUMMARY_H
#define TOOLS_RECIPIENTS_SUMMARY_H

struct run;

void summary_print(const struct run *);

#endif
