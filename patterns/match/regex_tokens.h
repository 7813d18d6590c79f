/*
 * regex_tokens: a PCRE2 expression as a list of tokens. This is the only code
 * that reads PCRE2's syntax; whoever needs to know what an expression may match
 * walks the list.
 */
#ifndef PATTERNS_MATCH_REGEX_TOKENS_H
#define PATTERNS_MATCH_REGEX_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A set of bytes: bit c % 32 of bit[c / 32]. */
struct byte_set {
	uint32_t bit[8];
};

static inline bool
byte_set_has(const struct byte_set *set, unsigned char c)
{
	return set->bit[c / 32] >> c % 32 & 1;
}

/* Adds the bytes from first to last, both included. */
static inline void
byte_set_add(struct byte_set *set, unsigned int first, unsigned int last)
{
	for (; first <= last; first++)
		set->bit[first / 32] |= UINT32_C(1) << first % 32;
}

enum regex_token_kind {
	TOKEN_BYTES, /* one byte of a set: a literal, '.', a class, \d */
	TOKEN_OPEN,  /* '(' with all that belongs to it: "(?:", "(?<name>" */
	TOKEN_CLOSE, /* ')' */
	TOKEN_BAR,   /* '|' */
	TOKEN_EMPTY, /* matches no bytes: \b, ^, $ */
	TOKEN_OTHER, /* matches any number of bytes: \k{user}, \R, \x41 */
};

enum { TOKEN_UNBOUNDED = 65535 };

struct regex_token {
	enum regex_token_kind kind;
	size_t at, len;	       /* in the expression, without the quantifier */
	unsigned int min, max; /* of the quantifier; 1 and 1 without one */
	bool any;	       /* TOKEN_BYTES: '.' */
	struct byte_set set;   /* TOKEN_BYTES */

	/* TOKEN_OPEN; its quantifier is the one after its TOKEN_CLOSE. */
	bool looks;	  /* a lookahead or lookbehind: matches no bytes */
	bool plain;	  /* the group matches what its contents match */
	bool branches;	  /* it has alternatives of its own */
	const char *name; /* of (?<name>, borrowed, or NULL */
	size_t name_len;

	/* The index of a TOKEN_OPEN's TOKEN_CLOSE and vice versa; the token's
	 * own index if that is missing. */
	size_t other;
};

struct regex_tokens {
	struct regex_token *list;
	size_t count;
	bool branches; /* there are alternatives outside of all groups */
	/* It has syntax that may change what other tokens mean: options, a
	 * comment, \Q. The list may be wrong. */
	bool doubtful;
};

/* The one byte that the token matches, once; -1: it may match others. */
int regex_token_literal(const struct regex_token *);

/* Reads an expression that PCRE2 has compiled without options but anchors. Any
 * other text gives a list, too, which then means nothing. Borrows the text. */
void regex_tokens_read(struct regex_tokens *, const char *expression);
void regex_tokens_clear(struct regex_tokens *);

/* The TOKEN_OPEN of a named group, from index `from` on; the list's count if
 * there is no such group. */
size_t regex_tokens_group(const struct regex_tokens *, const char *name,
    size_t from);

/* The fewest bytes that the tokens begin to end (not included) match. */
size_t regex_tokens_least(const struct regex_tokens *, size_t begin,
    size_t end);

#endif
