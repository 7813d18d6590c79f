/*
 * envelope_parts: texts that come in several parts. Part of envelope.c.
 *
 * A container's runtime cuts long lines, those of standard output and of
 * standard error each by itself; in the journal, the parts of several
 * containers may come mixed. Of more than ENVELOPE_PARTS_MAX texts whose ends
 * have not come, the oldest is forgotten; then, and after a loss, the first part
 * of a writer that is not known may be the rest of a text, and is not used.
 */
#ifndef PATTERNS_LINE_ENVELOPE_PARTS_H
#define PATTERNS_LINE_ENVELOPE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENVELOPE_PARTS_MAX = 64, ENVELOPE_WRITER_MAX = 64 };

/* Who writes it: a container, "" if there is but one, and which of its two
 * streams. */
struct envelope_writer {
	const char *name; /* borrowed */
	size_t len;	  /* at most ENVELOPE_WRITER_MAX */
	int stream;	  /* 0 or 1 */
};

struct envelope_parts;

struct envelope_parts *envelope_parts_new(void);
void envelope_parts_free(struct envelope_parts **);

/* The parts that come now are of that file, of which 0 is the first. If they are
 * its beginning, those of a writer whose text has not ended in another file may
 * go on with it: up to the end of a text, they are not used. */
void envelope_parts_from(struct envelope_parts *, uint64_t file, bool first);

/* What was to be the next part of any text in this file did not come. */
void envelope_parts_lost(struct envelope_parts *);

/* From now on, a text that begins with the first part of its writer may have
 * begun before that, and is not used; or no longer. */
void envelope_parts_set_past(struct envelope_parts *, bool past);

/*
 * Adds a part to the text of its writer. True: it was the last, and *part is the
 * whole text, borrowed until the next call. False: there are more to come, or
 * the text is not to be used: it is longer than LINEBUF_LINE_MAX, or a part of
 * it was lost.
 */
bool envelope_parts_join(struct envelope_parts *,
			 const struct envelope_writer *, bool last,
			 const char **part, size_t *len);

#endif
