/*
 * world: what a program happens to: a directory with a log, who writes it, who
 * reads it, and which lines must have been read in the end.
 */
#ifndef TESTS_MODEL_WORLD_H
#define TESTS_MODEL_WORLD_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "daemon/source/source.h"
#include "tests/model/program.h"
#include "tests/unit/follower.h"

enum { LINES_MAX = 60000, LINE_MAX_LEN = 70000, FILES_MAX = 400 };
enum { NEVER = UINT16_MAX };
enum state { EXPECTED, EXCUSED, OVERLONG };

struct line {
	enum state state;
	bool read, again; /* again: it may be read twice */
	bool first;	  /* of the file, or since that was emptied */
	uint16_t run;	  /* of the reader that read it last */
	uint16_t file;	  /* where it was written */
	uint32_t len;
};

struct world {
	const struct program *program;
	char *top; /* directory */
	char spec[256];
	struct line *lines;
	uint32_t nlines, nread; /* nread: of the expected */
	uint32_t nexpected;
	/* The writer. */
	int fd;
	uint16_t file, nfiles; /* the file that fd is */
	bool lost[FILES_MAX];  /* that file cannot be found after a stop ... */
	bool gone[FILES_MAX];  /* ... and there was one */
	char held[LINE_MAX_LEN + 64]; /* the rest of a half-written line */
	size_t held_len;
	uint32_t held_line;
	bool torn; /* what comes up to the next newline is not read ... */
	bool doubted[FILES_MAX]; /* ... and what comes first in that file */
	/* Lines torn in two by copytruncate: the rest may come as a line, from
	 * that run of the reader on, as nothing shows any more what it is. */
	struct {
		uint32_t line, rest;
		uint16_t run;
	} split[PROGRAM_MAX];
	int nsplit;
	int rotations, moves;
	int target, targets; /* of the link */
	uint16_t file_of[32];
	bool cut_at[32]; /* the target ends within a line */
	struct { /* a half-written line in a target */
		int target;
		uint32_t line;
		size_t len;
		char text[LINE_MAX_LEN + 64];
	} aside;
	bool made;	 /* a new log, which the writer has not opened yet */
	int step;	 /* of a rotation that goes on */
	bool truncated;	 /* and the reader may not have noticed yet */
	bool noisy;	 /* it has thousands of events to read */
	bool seen;	 /* it has had a log open since its last start */
	bool compressed; /* a file was, which it may not have read */
	/* What a mount hides, and the clock that the files' times come from. */
	bool may_mount; /* in a mount namespace of its own */
	bool mounted;
	bool copied;		/* ever */
	int below;		/* the directory that is hidden; or -1 */
	uint16_t under;		/* file at the mount */
	bool hidden[FILES_MAX]; /* the mount alone keeps it from being found */
	time_t ahead;
	bool set_back, gone_away; /* ever */
	/* The reader. */
	struct follower follower;
	bool running;
	uint16_t run; /* counts the starts */
	struct logpos *positions;
	size_t npositions;
	struct logpos pos; /* the first, or nothing */
	bool has_pos;
	time_t since;
	char why[512]; /* it failed */
};

/* The program has failed, and why. Only the first reason counts. */
__attribute__((format(printf, 2, 3))) void world_fail(struct world *,
						      const char *fmt, ...);

/* The path of a name in the directory of the log. Valid for four calls. */
char *world_path(struct world *, const char *name);
bool world_exists(const char *path);
/* The name that the writer opens. */
const char *world_log_name(struct world *);
void world_copy_file(struct world *, const char *from, const char *to);

/* Line number n, without its newline. Returns its length. */
size_t world_make_line(uint32_t n, enum state, char *out);
/* For the reader: true if nothing more is expected. arg: the world. */
bool world_take_line(void *arg, const char *text, size_t len);

/* Line n, or all unread lines of the file, need not be read. */
void world_excuse(struct world *, uint32_t n);
void world_excuse_unread(struct world *, uint16_t file);
/* Files may be read again from their first line, which may be a rest. */
void world_rests_may_come(struct world *);
/* What shows which lines were torn is gone. A reader that has read it knows. */
void world_forget_halves(struct world *);
/* All lines may be read once more, as they are in two files. */
void world_may_repeat(struct world *);
/* The log begins again, and what came before it, or seems to, may be a copy with
 * a torn end, which goes on there; so it may if the last run ended so. */
void world_doubt_beginning(struct world *);
/* Nobody can find what is or will be written to the file. */
void world_lose(struct world *, uint16_t file);

#endif
