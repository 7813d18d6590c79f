/*
 * payload_corpus: the lines that a stranger may imitate: the accepted lines of
 * all rules, whole or in pieces, with an address of the attacker.
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

/* Room for a line; bytes beyond that are dropped. */
struct payload {
	size_t len;
	char bytes[LINEBUF_LINE_MAX];
};

void payload_corpus_add(struct payload *, const char *bytes, size_t len);
void payload_corpus_add_text(struct payload *, const char *text);

/* A random number below n, which is not 0. Advances the state. */
uint64_t random_below(uint64_t *state, uint64_t n);
/* One from low to high, both included. */
size_t random_between(uint64_t *state, size_t low, size_t high);

struct payload_corpus *payload_corpus_new(struct recognizer *,
    const struct ruleset *);
void payload_corpus_free(struct payload_corpus **);
/* The number of accepted lines. With 0 nothing can be drawn. */
size_t payload_corpus_count(const struct payload_corpus *);

/* The literal texts in the expressions of a rule, even those that no sample
 * has. */
const struct strings *payload_corpus_words(const struct payload_corpus *,
    size_t rule);

/* One of the attacker's addresses. */
const char *payload_corpus_attacker(uint64_t *random);

/* Adds a piece of an accepted line, with this address in it. own: a rule by its
 * number in the set; its lines are drawn more often than others'. */
void payload_corpus_add_success(struct payload *, const struct payload_corpus *,
    uint64_t *random, size_t own, const char *address);

/* Sets the payload to an accepted line, header included, with one of the
 * attacker's addresses, which is returned. */
const char *payload_corpus_draw_line(struct payload *,
    const struct payload_corpus *, uint64_t *random, size_t own);

/* Whether the first `head' bytes of a line can be the beginning of a login:
 * whether they are one when the rest of an accepted line of the same program
 * follows them. */
bool payload_corpus_complete(const struct payload_corpus *, struct recognizer *,
    const char *line, size_t head, time_t now);

#endif
