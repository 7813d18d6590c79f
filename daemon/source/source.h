/*
 * source: where lines come from, behind one interface: a file that rotates, a
 * name with '*', standard input, the journal.
 */
#ifndef DAEMON_SOURCE_SOURCE_H
#define DAEMON_SOURCE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/fingerprint.h"

struct err;
struct loop;
struct source;

/* A place in a log that survives a restart. */
struct logpos {
	char *path;	 /* the log, as source_open() was told it */
	uint64_t device, inode; /* a hint where to look first, no proof */
	struct fingerprint print; /* the place, and the proof */
	char *cursor;	 /* the journal's own; else NULL */
};
void logpos_clear(struct logpos *);

/* Where to begin. */
struct source_start {
	bool beginning;		   /* --reprocess: the first line there is */
	const struct logpos *pos;  /* resume here, if it can be found ... */
	size_t npos;		   /* ... one per source of the last run */
	time_t since; /* ... else at the first line not older than this */
	bool once;    /* read to the end, then ended() */
};

/* What a source tells. It says its troubles through log.h itself. */
struct source_sink {
	/* One line, borrowed until the callback returns. */
	void (*line)(void *arg, const char *line, size_t len);
	/* Many of them at once (linebuf.h), where they lie in the buffer; NULL:
	 * line() gets them all. */
	void (*lines)(void *arg, const char *lines, size_t len);
	/* The stamp of a line, for the bisection: 0 and *when, or -1. */
	int (*stamp)(void *arg, const char *line, size_t len, time_t *when);
	/* All that was there has been delivered; the first call ends the
	 * start-up of this source. */
	void (*idle)(void *arg);
	/* Nothing will ever come again: end of standard input, --once. */
	void (*ended)(void *arg);
	void *arg;
};

struct source_ops {
	const char *type; /* "file", "stdin", "journal" */
	struct source *(*open)(const char *spec, struct loop *,
	    const struct source_start *, const struct source_sink *,
	    struct err *);
	/* Fills pos (owned by the caller then). 0; -1: has no place. */
	int (*position)(struct source *, struct logpos *pos);
	void (*close)(struct source *);
};

/* First member of each back end's own struct. */
struct source {
	const struct source_ops *ops;
	char *spec;
	struct source_sink sink;
	struct loop *loop;
};

/*
 * spec as for --logfile: FILE, FILE-WITH-*, "-", "journal:". Nothing is
 * delivered before the loop runs, but stamp() is asked. A file that does not exist yet is no error:
 * it is said and waited for (with once: an error).
 */
struct source *source_open(const char *spec, struct loop *,
    const struct source_start *, const struct source_sink *, struct err *);
int source_position(struct source *, struct logpos *);
void source_close(struct source **);

#endif
