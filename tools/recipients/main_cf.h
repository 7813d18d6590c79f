/*
 * main_cf: what main.cf should say for the tables to be in force, and does not.
 */
#ifndef TOOLS_RECIPIENTS_MAIN_CF_H
#define TOOLS_RECIPIENTS_MAIN_CF_H

#include <stdio.h>

struct address_list;
struct err;
struct recipients_settings;

/* Asks postconf(1), and writes the lines that are missing, if any. */
void main_cf_report(FILE *, const struct recipients_settings *,
		    const struct address_list *);

/* Runs `postfix reload'. 0, or -1. */
int main_cf_reload(struct err *);

#endif
