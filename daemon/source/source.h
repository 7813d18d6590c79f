/*
 * source: where lines come from, behind one interface: a file that is rotated,
 * the newest file that matches a name with '*', standard input, the journal.
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
struct readahead;
struct source;

/* A position in a log that survives a restart. */
struct logpos {
	char *path;		/* the spec that was passed to source_open() */
	uint64_t device, inode; /* where to look first; they prove nothing */
	struct fingerprint print; /* the offset, and proof of the file */
	char *cursor;		  /* the journal's position; else NULL */
	/* A line had begun there, or had lost its end: if the position is not
	 * found again, the first line may be the rest of that. */
	bool torn;
};
void logpos_clear(struct logpos *);

/* Where to begin. */
struct source_start {
	bool beginning;		  /* --reprocess: at the oldest line there is */
	const struct logpos *pos; /* else resume here, if that can be found; */
	size_t npos;		  /* those of each source of the last run */
	time_t since; /* else at the first line not older than this */
	bool once;    /* read to the end, then call ended() */
	bool again;   /* another process has read from our standard input */
};

/* A copy of it, with its positions, which the caller clears. */
struct source_start source_start_copy(const struct source_start *);
void source_start_clear(struct source_start *);

/* Receives what a source reads. A source logs its own errors. */
struct source_sink {
	/* One line, borrowed until the callback returns. */
	void (*line)(void *arg, const char *line, size_t len);
	/* Many lines at once, as they are in the buffer (linebuf.h), borrowed
	 * until settle() returns. May be NULL: then line() gets them all. */
	void (*lines)(void *arg, const char *lines, size_t len);
	/* Called before lines of a file: whether nobody saw them being written,
	 * so that only their stamps tell how old they are. May be NULL. */
	void (*unseen)(void *arg, bool unseen);
	/* Called before lines of a file that matches a pattern, and before those
	 * of past() and lost(): which of the files they are of, since a line in
	 * several parts is in one of them. first: what comes is the beginning of
	 * the file, which may go on with a text of any other. May be NULL. */
	void (*from)(void *arg, uint64_t file, bool first);
	/* Called after lines(), before anything else is: what it has begun
	 * must now be done. Until then the source may have read on. May be
	 * NULL, if lines() does all itself. */
	void (*settle)(void *arg);
	/* Reads a block of a backlog in place of the source: it may have read
	 * it before, and those that follow, and looked at their lines. True if
	 * *bytes is a whole block, borrowed until the next call; else the
	 * source has to read it. After read_end() nothing is being read any
	 * more. May be NULL, both of them. */
	bool (*read)(void *arg, const struct readahead *, const char **bytes);
	void (*read_end)(void *arg);
	/* Whether lines with this tag need not be handed out, whatever they say.
	 * A source may merely count such lines, as left out; `last' is the time
	 * of the last of them, or 0 if a line that it handed out came
	 * later. May be NULL, both of them. */
	bool (*ignores)(void *arg, const char *tag, size_t len);
	void (*left_out)(void *arg, uint64_t lines, time_t last);
	/* Called in place of a line that was dropped because it was too long
	 * or a part of it was lost; size: the bytes that were there of it, with
	 * its newline. 0: any number of lines are lost. May be NULL. lines()
	 * finds lines that are too long itself. */
	void (*lost)(void *arg, uint64_t size);
	/* Like line(), but for the rest of a line that was cut, which may begin
	 * with what a stranger wrote. May be NULL. */
	void (*rest)(void *arg, const char *line, size_t len);
	/* One of the last lines before the first that is delivered, with a
	 * pattern before the first of each file, in their order: a message of
	 * several lines may have begun in it. May be NULL. */
	void (*past)(void *arg, const char *line, size_t len);
	/* The time stamp of a line: 0 and *when, or -1 if it has none. */
	int (*stamp)(void *arg, const char *line, size_t len, time_t *when);
	/* Called now and then while the source reads much of a log to find out
	 * where to begin. May be NULL. */
	void (*searching)(void *arg);
	/* All lines that existed have been delivered. The first call ends the
	 * start-up of this source. */
	void (*idle)(void *arg);
	/* This process cannot read the log any more, but a new one may. why: "in
	 * a new directory", for which its sandbox is too old; or another type of
	 * file, a FIFO or none, for which another source is needed. May be
	 * called again. May be NULL. */
	void (*shut_out)(void *arg, const char *why);
	/* No more lines will come: end of standard input, or `once`. */
	void (*ended)(void *arg);
	void *arg;
};

/* One type of source. */
struct source_ops {
	const char *type; /* "file", "stdin", "journal" */
	struct source *(*open)(const char *spec, struct loop *,
			       const struct source_start *,
			       const struct source_sink *, struct err *);
	/* Fills pos, which the caller then owns. -1: there are no more.
	 * NULL: this type has none. */
	int (*position)(struct source *, size_t i, struct logpos *pos);
	/* How many bytes of the log have not been read yet. NULL: this type
	 * does not know. */
	uint64_t (*lag)(const struct source *);
	void (*close)(struct source *);
};

/* First member of the struct of each type. */
struct source {
	const struct source_ops *ops;
	char *spec;
	struct source_sink sink;
	struct loop *loop;
	bool once;	  /* as in struct source_start */
	bool idle_called; /* for source_caught_up() */
	bool reads_fifo;  /* for source_check_type() */
};

/* For implementations: hands out whole lines, none of them too long. */
void source_deliver(const struct source_sink *, const char *lines, size_t len);

/* For implementations: call settle(), read() and read_end(). */
void source_settle(const struct source_sink *);
bool source_read(const struct source_sink *, const struct readahead *,
		 const char **bytes);
void source_read_end(const struct source_sink *);

/* For implementations: all there is has been read. Calls idle() the first time
 * and if there was news, and ended() if the source is to be read once. The
 * source may be closed when this returns. */
void source_caught_up(struct source *, bool news);

/* Whether a new source would read from a FIFO. */
bool source_is_fifo(const char *spec);
/* For implementations that read a FIFO or a file: calls shut_out() if the log is
 * the other now, and can be read. */
void source_check_type(const struct source *);

/*
 * spec: as for --logfile: FILE, FILE-WITH-*, "-", "journal:". Lines are
 * delivered only while the loop runs, but stamp() is called at once. If the
 * file does not exist, that is logged and the source waits for it; with `once`
 * it is an error.
 */
struct source *source_open(const char *spec, struct loop *,
			   const struct source_start *,
			   const struct source_sink *, struct err *);
/* Position number i; -1: there are no more. A source may need several to be
 * resumed, of which the first says most. */
int source_position(struct source *, size_t i, struct logpos *);
/* How many bytes have not been read yet: 0 and *bytes; -1: this type does not
 * know. */
int source_lag(const struct source *, uint64_t *bytes);
void source_close(struct source **);

#endif
