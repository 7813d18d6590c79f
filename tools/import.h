/*
 * import: a configuration of the Perl program on its way to YAML.
 */
#ifndef TOOLS_IMPORT_H
#define TOOLS_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct perl_value;
struct perlconf;
struct ruleset;

/* Something to say of a line. */
struct remark {
	unsigned int lineno;
	size_t number;
	char *text;
};

struct import {
	const char *name; /* of the file */
	struct perlconf *conf;
	struct ruleset *shipped; /* NULL: not to be had */
	FILE *patterns, *settings;
	size_t nrules, nsettings;
	struct remark *remarks;
	size_t nremarks, lost;
};

/* To be said of a line: what is worth knowing, and what is not carried over. */
void import_remark(struct import *, unsigned int lineno, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void import_lose(struct import *, unsigned int lineno, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether YAML can hold it. */
bool import_can_write(const struct perl_value *);

/* Is it one of those that become rules: $pat, $PID_pat ...? */
bool import_is_rule(const char *name);

void import_rules(struct import *);    /* import_rules.c */
void import_settings(struct import *); /* these in import_settings.c */
void import_notes(struct import *);    /* what was code */

#endif
