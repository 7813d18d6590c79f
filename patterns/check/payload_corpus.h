/*
 * payload_corpus: what a stranger imitates: the successes of all rules, whole or in
 * pieces, with an address of his.
 */
#ifndef PATTERNS_CHECK_PAYLOAD_CORPUS_H
#define PATTERNS_CHECK_PAYLOAD_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/linebuf.h"

struct payload_corpus;
struct recognizer;
struct ruleset;
struct strings;

/* Bytes with room for a line; what does not fit is left away. */
struct payload {
	size_t len;
	char bytes[LINEBUF_LINE_MAX];
};

void payload_corpus_add(struct payload *, const char *bytes, size_t len);
void payload_corpus_add_text(struct payload *, const char *text);

/* A random number below n (not 0), and the next state. */
uint64_t random_below(uint64_t *state, uint64_t n);

struct payload_corpus *payload_corpus_new(struct recognizer *, const struct ruleset *);
void payload_corpus_free(struct payload_corpus **);
size_t payload_corpus_count(const struct payload_corpus *); /* 0: none can be drawn */

/* What the expressions of a rule ask for, also what no sample has. */
const struct strings *payload_corpus_words(const struct payload_corpus *, size_t rule);

/* One of the addresses of his. */
const char *payload_corpus_attacker(uint64_t *random);

/* A piece of a success with this address in it. own: a rule by its number in
 * the set; its successes come more often than others'. */
void payload_corpus_add_success(struct payload *, const struct payload_corpus *,
    uint64_t *random, size_t own, const char *address);

/* A whole line of a success, header included, with an address of his, which is
 * returned. */
const char *payload_corpus_draw_line(struct payload *, const struct payload_corpus *,
    uint64_t *random, size_t own);

/* Whether the first `head` bytes of a line are how a login can begin: with the
 * rest of some success of its program behind them, they are one. */
bool payload_corpus_complete(const struct payload_corpus *, struct recognizer *,
    const char *line, size_t head, time_t now);

#endif
