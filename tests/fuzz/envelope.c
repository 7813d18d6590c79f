/*
 * Any bytes at all, line by line, are envelopes or not: nothing is read that is
 * not in the line, and what comes out is bounded and without newline.
 */
#include "patterns/line/envelope.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/linebuf.h"

enum { STAMP_MAX = 512 }; /* may be put before the line */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
open_line(void *arg, const char *bytes, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);
	const char *line = copy;
	size_t out = len;

	memcpy(copy, bytes, len);
	if (envelope_open(arg, &line, &out) == ENVELOPE_LINE)
		assert(out <= LINEBUF_LINE_MAX + STAMP_MAX &&
		       memchr(line, '\n', out) == NULL);
	free(copy);
}

static void
lose_line(void *arg, uint64_t size)
{
	(void)size;
	envelope_lost(arg);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct envelope *envelope = envelope_new();
	struct envelope_export *export = envelope_export_new();
	struct linebuf *lines = linebuf_new();

	linebuf_on_drop(lines, lose_line, envelope);
	if (!envelope_export_feed(export, (const char *)data, size, open_line,
				envelope))
		linebuf_feed(lines, (const char *)data, size, open_line,
			     envelope);
	linebuf_free(&lines);
	envelope_export_free(&export);
	envelope_free(&envelope);
	return 0;
}
