/*
 * perlvalue: a plain value in Perl, and what it comes to.
 */
#ifndef TOOLS_PERLVALUE_H
#define TOOLS_PERLVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "tools/perlskip.h"

struct perlconf;

struct perlvalue {
	struct perlskip at;
	struct perlconf *conf; /* the values so far */
	int depth;
	char why[128]; /* a value was not understood */
};

/* Terms joined by `.': writes what they come to, and stands behind them and
 * spaces; or one term. 0; -1: why says what is not understood. */
int perlvalue_take(struct perlvalue *, FILE *out);
int perlvalue_take_term(struct perlvalue *, FILE *out);

/* Sets why, but not anew. Returns -1. */
int perlvalue_fail(struct perlvalue *, const char *why, const char *name);

bool perlvalue_is_name(char);

/* The name of a variable behind its `$': "pat", "{pat}", "main::pat". Its
 * length, and where it begins; 0: there is none. */
size_t perlvalue_name(const char *, const char *end, const char **name);

#endif
