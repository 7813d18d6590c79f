/*
 * payload: what a stranger would write where he may write.
 *
 * Successes with an address of his; delimiters, control bytes, digits that
 * only look like digits, very long text, and all this joined. Drawn by a seed.
 */
#ifndef PATTERNS_CHECK_PAYLOAD_H
#define PATTERNS_CHECK_PAYLOAD_H

#include "patterns/check/payload_corpus.h"

struct injection_point;

/*
 * One for a place in line, of which at most max bytes are to be used. own: the
 * rule of the place, as for payload_corpus_add_success(). Returns what it is, for
 * people.
 */
const char *payload_draw(struct payload *, const struct payload_corpus *,
    uint64_t *random, const struct injection_point *, const char *line, size_t len,
    size_t own, size_t max);

#endif
