/*
 * cut_streams: the streams in which a line was cut, and goes on.
 *
 * What a process writes to standard output or error is a stream, which journald
 * cuts into entries: at newlines, but also at a NUL, where the line is too
 * long, and where another process writes into the middle of it. The drivers of
 * containers cut long lines, too. The next entry of the same stream is then the
 * rest of a line, and begins none.
 *
 * There is room for some streams that were cut and have not gone on yet; of
 * more, the oldest are forgotten. Zero-initialize it.
 */
#ifndef BASE_CUT_STREAMS_H
#define BASE_CUT_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A name is shorter than CUT_STREAMS_NAME. */
enum { CUT_STREAMS_MAX = 64, CUT_STREAMS_NAME = 80 };
struct cut_streams {
	char names[CUT_STREAMS_MAX][CUT_STREAMS_NAME]; /* "": none */
	size_t count; /* of those that were ever put in; a ring */
};

static inline char *
cut_streams_find(struct cut_streams *streams, const char *name)
{
	for (size_t i = 0; i < CUT_STREAMS_MAX; i++)
		if (strcmp(streams->names[i], name) == 0)
			return streams->names[i];
	return NULL;
}

/* Takes note of the next entry of a stream, and whether it was cut. True: it is
 * the rest of one before it. */
static inline bool
cut_streams_note(struct cut_streams *streams, const char *name, bool is_cut)
{
	char *cut;

	if (streams->count == 0 && !is_cut)
		return false;
	cut = cut_streams_find(streams, name);
	if (is_cut && cut == NULL)
		strcpy(streams->names[streams->count++ % CUT_STREAMS_MAX],
		       name);
	else if (!is_cut && cut != NULL)
		*cut = '\0';
	return cut != NULL;
}

#endif
