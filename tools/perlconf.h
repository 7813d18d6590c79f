/*
 * perlconf: what a pop-before-smtp-conf.pl says, read as text.
 *
 * That file is Perl code, and nothing of it is ever run: assignments of plain
 * values are understood, all else is noted with its line. Values are strings
 * in single and double quotes, q(), qq(), qr//, numbers and products of them,
 * and variables that were assigned before, joined by `.'.
 */
#ifndef TOOLS_PERLCONF_H
#define TOOLS_PERLCONF_H

#include <stdbool.h>
#include <stddef.h>

/* "$grace", "@mynets" (one for each element), "%file_tail{name}" */
struct perl_value {
	char *name, *text;
	size_t len; /* of text, which may hold anything */
	unsigned int lineno;
	bool used; /* in another value */
};

/* What was not understood: "custom_match(): a subroutine". */
struct perl_note {
	char *text;
	unsigned int lineno;
};

struct perlconf {
	struct perl_value *values; /* in their order, also those set anew */
	size_t nvalues;
	struct perl_note *notes;
	size_t nnotes;
};

struct perlconf *perlconf_read(const char *text, size_t len);
void perlconf_free(struct perlconf **);

/* The last value of that name, or NULL; use: which then is used. */
const struct perl_value *perlconf_find(const struct perlconf *,
    const char *name);
const struct perl_value *perlconf_use(struct perlconf *, const char *name);

#endif
