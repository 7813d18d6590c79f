/*
 * envelope_prefix: what precedes each line in the logs of container runtimes and
 * in what their commands print. Part of envelope.c.
 */
#ifndef PATTERNS_LINE_ENVELOPE_PREFIX_H
#define PATTERNS_LINE_ENVELOPE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>

#include "patterns/line/envelope_parts.h"

/* A text that was in an envelope. All of it is borrowed. */
struct envelope_text {
	const char *stamp; /* NULL: the envelope has none */
	size_t stamp_len;
	bool doubtful; /* the stamp may be the text's own */
	const char *bytes;
	size_t len;
	struct envelope_writer writer;
	bool partial; /* it goes on in the next one of its writer */
};

/* Takes the prefix off a line. False: it has none, and *text is undefined. */
bool envelope_prefix_take(struct envelope_text *text, const char *line,
			  const char *end);

#endif
