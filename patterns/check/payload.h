/*
 * payload: what an attacker may write into a line.
 *
 * Pieces of accepted lines with the attacker's address; delimiters, control
 * bytes, characters that look like digits, very long text, and combinations of
 * these. The random state decides which.
 */
#ifndef PATTERNS_CHECK_PAYLOAD_H
#define PATTERNS_CHECK_PAYLOAD_H

#include "patterns/check/payload_corpus.h"

struct injection_point;

/*
 * Draws a payload of at most max bytes for an injection point of a line. own:
 * the rule of the line, as for payload_corpus_add_success(). Returns a
 * description for people.
 */
const char *payload_draw(struct payload *, const struct payload_corpus *,
    uint64_t *random, const struct injection_point *, const char *line,
    size_t len, size_t own, size_t max);

#endif
