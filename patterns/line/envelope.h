/*
 * envelope: takes log lines out of what container runtimes and journalctl(1)
 * wrap around each of them.
 *
 *	{"log":"TEXT\n","stream":"stderr","time":"STAMP"}  Docker's json-file
 *	STAMP stderr F TEXT                                CRI: Kubernetes
 *	NAME-1  | TEXT                                     docker compose logs
 *	{"MESSAGE":"TEXT","SYSLOG_IDENTIFIER":...}         journalctl -o json
 *
 * An envelope begins with the first byte of a line and is taken off once, so
 * that its text cannot pretend to be another. A text in several parts is
 * joined, up to LINEBUF_LINE_MAX. If the envelope has a time, that becomes the
 * stamp of the line: a container often lives in another time zone than its
 * host.
 */
#ifndef PATTERNS_LINE_ENVELOPE_H
#define PATTERNS_LINE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/linebuf.h"

/* Parts wait in it, so each log has its own. */
struct envelope;

enum envelope_content {
	ENVELOPE_NONE,	/* it is a plain line */
	ENVELOPE_LINE,	/* *line and *len are what was in it */
	/* With these there is no line; *line and *len are as they were. */
	ENVELOPE_PART,	/* the line goes on in the next envelope */
	ENVELOPE_UNUSED, /* it ends a line that is too long or lacks a part */
	ENVELOPE_EMPTY, /* a field is missing, too long or malformed */
};

/* Whether there is a line to read. */
static inline bool
envelope_has_line(enum envelope_content content)
{
	return content < ENVELOPE_PART;
}

/* Whether nothing comes of it, in the next envelopes either. */
static inline bool
envelope_is_lost(enum envelope_content content)
{
	return content > ENVELOPE_PART;
}

struct envelope *envelope_new(void);
void envelope_free(struct envelope **);

/* *line is borrowed until the next call. */
enum envelope_content envelope_open(struct envelope *, const char **line,
				    size_t *len);

/*
 * The lines that come now are of that one of several files: a text in parts is
 * in one of them. first: they are its beginning; it may go on with a text that
 * has begun in another file, and such a text is not used.
 */
void envelope_from(struct envelope *, uint64_t file, bool first);

/* A line of the log was dropped because it was too long: its text, and the
 * parts that follow, are not the beginning of a line. envelope_open() finds by
 * itself that a line has lost its beginning, and leaves it as it is. */
void envelope_lost(struct envelope *);

/*
 * Opens one of the lines before those that are read, in their order: a text that
 * begins in it goes on in one that is read. A text that may have begun before
 * the first of these is not used.
 */
enum envelope_content envelope_past(struct envelope *, const char **line,
				    size_t *len);

/* Whether one of the first lines in a block of lines has an envelope. */
bool envelope_in_block(const char *lines, size_t len);

/*
 * Turns `journalctl -o export' into one line of JSON for each entry, for
 * envelope_open(). A field is "NAME=value\n" or, if the value holds control
 * bytes, "NAME\n", its size in 8 bytes, the value and "\n"; an empty line ends
 * the entry. The size alone tells where such a value ends: read line by line, a
 * stranger's text would be taken for fields. So this reads bytes, and must have
 * a stream from its beginning: standard input, or a whole file.
 */
struct envelope_export;

struct envelope_export *envelope_export_new(void);
void envelope_export_free(struct envelope_export **);

/* Whether an entry begins with this line. */
bool envelope_export_begins(const char *line, size_t len);

/*
 * Takes the bytes of a stream piece by piece, and calls fn for each entry that
 * is complete. Returns false for every piece of a stream that is not an
 * export. Of a field that is too long, the value is left out. After a malformed
 * field, the rest of the stream is dropped.
 */
bool envelope_export_feed(struct envelope_export *, const char *bytes,
			  size_t len, linebuf_line_fn *, void *arg);

#endif
