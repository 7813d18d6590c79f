/*
 * atoms: a PCRE2 expression taken apart, as far as a reader of rules must know
 * it: what stands in which order, how often, in which group.
 */
#ifndef PATTERNS_ATOMS_H
#define PATTERNS_ATOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum atom_kind {
	ATOM_BYTES, /* one byte of a set: a literal, '.', a class, \d */
	ATOM_OPEN,  /* a group, to its ATOM_CLOSE */
	ATOM_CLOSE,
	ATOM_BAR,   /* '|' */
	ATOM_EMPTY, /* takes no bytes: \b, ^, $ */
	ATOM_OTHER, /* takes some: \k{user} */
};

enum { ATOM_UNBOUNDED = 65535 };

struct atom {
	enum atom_kind kind;
	size_t at, len;	  /* in the expression, without what repeats it */
	unsigned int min, max;
	bool lazy;
	bool any;	  /* '.' */
	bool looks;	  /* ATOM_OPEN: (?=, (?!, (?<=, (?<!: takes no bytes */
	const char *name; /* ATOM_OPEN: (?<name>, borrowed, or NULL */
	size_t name_len;
	size_t other;	  /* of an ATOM_OPEN its ATOM_CLOSE, and back */
	uint32_t set[8];  /* ATOM_BYTES */
};

struct atoms {
	struct atom *list;
	size_t count;
};

static inline bool
atom_admits(const struct atom *a, unsigned char c)
{
	return a->kind == ATOM_BYTES && a->set[c / 32] >> c % 32 & 1;
}

/* The one byte that it takes, once; -1: it is not one. */
int atom_literal(const struct atom *);

/* Of an expression that PCRE2 has compiled. It is borrowed. */
void atoms_read(struct atoms *, const char *expression);
void atoms_clear(struct atoms *);

/* The ATOM_OPEN of a named group from `from` on; atoms->count: none. */
size_t atoms_group(const struct atoms *, const char *name, size_t from);

/* The fewest bytes that atoms begin to end (not included) take. */
size_t atoms_least(const struct atoms *, size_t begin, size_t end);

#endif
