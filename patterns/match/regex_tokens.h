/*
 * regex_tokens: a PCRE2 expression taken apart, as far as a reader of rules must know
 * it: what stands in which order, how often, in which group.
 */
#ifndef PATTERNS_MATCH_REGEX_TOKENS_H
#define PATTERNS_MATCH_REGEX_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum regex_token_kind {
	TOKEN_BYTES, /* one byte of a set: a literal, '.', a class, \d */
	TOKEN_OPEN,  /* a group, to its TOKEN_CLOSE */
	TOKEN_CLOSE,
	TOKEN_BAR,   /* '|' */
	TOKEN_EMPTY, /* takes no bytes: \b, ^, $ */
	TOKEN_OTHER, /* takes some: \k{user} */
};

enum { TOKEN_UNBOUNDED = 65535 };

struct regex_token {
	enum regex_token_kind kind;
	size_t at, len;	  /* in the expression, without what repeats it */
	unsigned int min, max;
	bool lazy;
	bool any;	  /* '.' */
	bool looks;	  /* TOKEN_OPEN: (?=, (?!, (?<=, (?<!: takes no bytes */
	const char *name; /* TOKEN_OPEN: (?<name>, borrowed, or NULL */
	size_t name_len;
	size_t other;	  /* of an TOKEN_OPEN its TOKEN_CLOSE, and back */
	uint32_t set[8];  /* TOKEN_BYTES */
};

struct regex_tokens {
	struct regex_token *list;
	size_t count;
};

static inline bool
atom_admits(const struct regex_token *a, unsigned char c)
{
	return a->kind == TOKEN_BYTES && a->set[c / 32] >> c % 32 & 1;
}

/* The one byte that it takes, once; -1: it is not one. */
int regex_token_literal(const struct regex_token *);

/* Of an expression that PCRE2 has compiled. It is borrowed. */
void regex_tokens_read(struct regex_tokens *, const char *expression);
void regex_tokens_clear(struct regex_tokens *);

/* The TOKEN_OPEN of a named group from `from` on; atoms->count: none. */
size_t regex_tokens_group(const struct regex_tokens *, const char *name, size_t from);

/* The fewest bytes that atoms begin to end (not included) take. */
size_t regex_tokens_least(const struct regex_tokens *, size_t begin, size_t end);

#endif
