/*
 * perlskip: where do Perl's spaces, quotes and statements end? As far as it
 * can be told without being Perl: good enough for a configuration.
 */
#ifndef TOOLS_PERLSKIP_H
#define TOOLS_PERLSKIP_H

#include <stdbool.h>
#include <stddef.h>

/* A place in a text that has a NUL at its end. Copy it to come back to it. */
struct perlskip {
	const char *p, *end, *start;
	const char *counted; /* lines are counted up to here */
	unsigned int line;
};

enum perl_kind { PERL_SINGLE, PERL_DOUBLE, PERL_QR, PERL_WORDS, PERL_CODE };

/* A quote: what is between its delimiters, as it stands there. */
struct perlquote {
	enum perl_kind kind;
	const char *text, *end;
	char closer;
};

void perlskip_begin(struct perlskip *, const char *text, size_t len);
unsigned int perlskip_line(struct perlskip *); /* from 1 */

/* Spaces, comments and pod. */
void perlskip_space(struct perlskip *);

/* Is one of these words here, and not just its beginning? */
bool perlskip_word(const struct perlskip *, const char *const *words);

/* Does a quote begin here: ', ", q(), qq(), qr(), qw(), m(), s()(), tr()()? */
bool perlskip_is_quote(const struct perlskip *);

/* Behind the quote that begins here; 0, or -1: it never ends, or is none. Of
 * s and tr the text is the first part. */
int perlskip_quote(struct perlskip *, struct perlquote *);

/* Behind this statement: its ';', or the '}' of its last block. */
void perlskip_statement(struct perlskip *);

#endif
