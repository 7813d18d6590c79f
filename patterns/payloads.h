/*
 * payloads: what a stranger imitates: the successes of all rules, whole or in
 * pieces, with an address of his.
 */
#ifndef PATTERNS_PAYLOADS_H
#define PATTERNS_PAYLOADS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/linebuf.h"

struct payloads;
struct recognizer;
struct ruleset;
struct strings;

/* Bytes with room for a line; what does not fit is left away. */
struct payload {
	size_t len;
	char bytes[LINEBUF_LINE_MAX];
};

void payload_add(struct payload *, const char *bytes, size_t len);
void payload_add_text(struct payload *, const char *text);

/* A random number below n (not 0), and the next state. */
uint64_t random_below(uint64_t *state, uint64_t n);

struct payloads *payloads_new(struct recognizer *, const struct ruleset *);
void payloads_free(struct payloads **);
size_t payloads_count(const struct payloads *); /* 0: none can be drawn */

/* What the expressions of a rule ask for, also what no sample has. */
const struct strings *payloads_words(const struct payloads *, size_t rule);

/* One of the addresses of his. */
const char *payload_attacker(uint64_t *random);

/* A piece of a success with this address in it. own: a rule by its number in
 * the set; its successes come more often than others'. */
void payload_add_success(struct payload *, const struct payloads *,
    uint64_t *random, size_t own, const char *address);

/* A whole line of a success, header included, with an address of his, which is
 * returned. */
const char *payload_draw_line(struct payload *, const struct payloads *,
    uint64_t *random, size_t own);

/* Whether the first `head` bytes of a line are how a login can begin: with the
 * rest of some success of its program behind them, they are one. */
bool payloads_complete(const struct payloads *, struct recognizer *,
    const char *line, size_t head, time_t now);

#endif
