/*
 * payload: what a stranger would write where he may write.
 *
 * The successes of all rules, whole or in pieces, with an address of his;
 * delimiters, control bytes, digits that only look like digits, very long
 * text, and all this joined. A source of such texts, drawn by a seed.
 */
#ifndef PATTERNS_PAYLOAD_H
#define PATTERNS_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/linebuf.h"

struct payloads;
struct place;
struct recognizer;
struct ruleset;

/* Bytes with room for a line; what does not fit is left away. */
struct payload {
	size_t len;
	char bytes[LINEBUF_LINE_MAX];
};

/* A random number below n (not 0), and the next state. */
uint64_t random_below(uint64_t *state, uint64_t n);

struct payloads *payloads_new(struct recognizer *, const struct ruleset *);
void payloads_free(struct payloads **);
size_t payloads_count(const struct payloads *); /* 0: none can be drawn */

/*
 * One for a place in line, of which at most max bytes are to be used. own: the
 * rule of the place by its number in the set; its successes come more often
 * than others'. Returns what it is, for people.
 */
const char *payload_draw(struct payload *, const struct payloads *,
    uint64_t *random, const struct place *, const char *line, size_t len,
    size_t own, size_t max);

/* A whole line of a success, header included, with an address of his, which is
 * returned. */
const char *payload_draw_line(struct payload *, const struct payloads *,
    uint64_t *random, size_t own);

/* Whether the first `head` bytes of a line are how a login can begin: with the
 * rest of some success of its program behind them, they are one. */
bool payloads_complete(const struct payloads *, struct recognizer *,
    const char *line, size_t head, time_t now);

void payload_add(struct payload *, const char *bytes, size_t len);

#endif
