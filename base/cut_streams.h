/*
 * cut_streams: the streams in which a line was cut, and goes on.
 *
 * What a process writes to standard output or error is a stream, which journald
 * cuts into entries: at newlines, but also at a NUL, where the line is too
 * long, and where another process writes into the middle of it. The drivers of
 * containers cut long lines, too. The next entry of the same stream is then the
 * rest of a line, and begins none.
 *
 * There is room for some streams that were cut and have not gone on yet. If
 * there are more, the oldest is forgotten; and if something was lost, it may have
 * been the beginning of any line. The next entry of any stream may then be such
 * a rest, for so many entries as CUT_STREAMS_DOUBTFUL, unless the stream has had
 * another one since. Zero-initialize it.
 */
#ifndef BASE_CUT_STREAMS_H
#define BASE_CUT_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A name is shorter than CUT_STREAMS_NAME. As a rule, the rest follows at once.
 */
enum {
	CUT_STREAMS_MAX = 64,
	CUT_STREAMS_NAME = 80,
	CUT_STREAMS_DOUBTFUL = 1000
};
typedef char cut_streams_names[CUT_STREAMS_MAX][CUT_STREAMS_NAME];
struct cut_streams {
	cut_streams_names names; /* "": none */
	size_t pending;
	size_t next; /* the oldest, if all places are taken */
	/* While there is doubt: the streams that had an entry since, a ring. */
	cut_streams_names seen;
	size_t nseen;
	unsigned int doubtful; /* so many entries yet */
};

/* The place of a name, or NULL. */
static inline char *
cut_streams_find(cut_streams_names names, const char *name)
{
	for (size_t i = 0; i < CUT_STREAMS_MAX; i++)
		if (strcmp(names[i], name) == 0)
			return names[i];
	return NULL;
}

/* An entry was lost, or forgotten. */
static inline void
cut_streams_lost(struct cut_streams *streams)
{
	streams->doubtful = CUT_STREAMS_DOUBTFUL;
	memset(streams->seen, 0, sizeof(streams->seen));
}

static inline void
cut_streams_add(struct cut_streams *streams, const char *name)
{
	char *place = cut_streams_find(streams->names, "");

	if (place == NULL) {
		place = streams->names[streams->next++ % CUT_STREAMS_MAX];
		cut_streams_lost(streams);
	} else {
		streams->pending++;
	}
	strcpy(place, name);
}

/* Of a place that is taken. */
static inline void
cut_streams_remove(struct cut_streams *streams, char *place)
{
	*place = '\0';
	streams->pending--;
}

/* Whether no entry is a rest, whatever stream it is of. */
static inline bool
cut_streams_are_none(const struct cut_streams *streams)
{
	return streams->pending == 0 && streams->doubtful == 0;
}

/* Whether this is the first entry of its stream since something was lost. */
static inline bool
cut_streams_doubt(struct cut_streams *streams, const char *name)
{
	if (streams->doubtful == 0)
		return false;
	streams->doubtful--;
	if (cut_streams_find(streams->seen, name) != NULL)
		return false;
	strcpy(streams->seen[streams->nseen++ % CUT_STREAMS_MAX], name);
	return true;
}

/* Takes note of the next entry of a stream, and whether it was cut. True: it is
 * the rest of one before it, or may be. */
static inline bool
cut_streams_note(struct cut_streams *streams, const char *name, bool is_cut)
{
	bool doubt;
	char *cut;

	if (cut_streams_are_none(streams) && !is_cut)
		return false;
	doubt = cut_streams_doubt(streams, name);
	cut = cut_streams_find(streams->names, name);
	if (is_cut && cut == NULL)
		cut_streams_add(streams, name);
	else if (!is_cut && cut != NULL)
		cut_streams_remove(streams, cut);
	return cut != NULL || doubt;
}

#endif
