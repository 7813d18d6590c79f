/*
 * envelope: takes log lines out of what others wrap around each of them.
 *
 *	{"log":"TEXT\n","stream":"stderr","time":"STAMP"}  Docker's json-file
 *	STAMP stderr F TEXT                                CRI: Kubernetes, Podman
 *	NAME-1  | TEXT                                     docker compose logs
 *	{"MESSAGE":"TEXT","SYSLOG_IDENTIFIER":...}         journalctl -o json
 *
 * An envelope begins with the first byte of a line and is taken off once, so
 * that its text cannot pretend to be another. A text in several parts is joined,
 * up to LINEBUF_LINE_MAX. If the envelope has a time, that becomes the stamp of
 * the line: a container often lives in another time zone than its host.
 */
#ifndef PATTERNS_LINE_ENVELOPE_H
#define PATTERNS_LINE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>

/* Parts wait in it, so each log has its own. */
struct envelope;

enum envelope_content {
	ENVELOPE_NONE,	/* it is a plain line */
	ENVELOPE_LINE,	/* *line and *len are what was in it */
	ENVELOPE_EMPTY, /* a part only, or nothing that could be a line */
};

struct envelope *envelope_new(void);
void envelope_free(struct envelope **);

/* What is found is borrowed from the line or the envelope until the next call. */
enum envelope_content envelope_open(struct envelope *, const char **line,
				    size_t *len);

/* A line of the log was dropped because it was too long: its text, and the
 * parts that follow, are not the beginning of a line. */
void envelope_lost(struct envelope *);

/* Whether one of the first lines in a block of lines has an envelope. */
bool envelope_in_block(const char *lines, size_t len);

#endif
