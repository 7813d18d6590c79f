/*
 * run: one list made into tables, or refused. What is to be reported is
 * collected, since it is printed and, with --json, also part of the answer.
 */
#ifndef TOOLS_RECIPIENTS_RUN_H
#define TOOLS_RECIPIENTS_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/recipients/tables.h"

struct recipients_settings;

struct run {
	const struct recipients_settings *settings;
	struct address_list *list;
	struct tables tables;
	size_t invalid;
	bool refused;
	bool try_again; /* refused, because the file changed */
	bool written;
	int status; /* for exit(3) */
	FILE *out;  /* to report on */
	char *report;
	size_t report_len;
};

/* Reads the list and writes the tables. With --diff, or without a map, writes
 * nothing; the tables or differences are then to be printed (summary.h). Clear
 * it in any case. */
void run_make(struct run *, const struct recipients_settings *);
void run_clear(struct run *);

#endif
