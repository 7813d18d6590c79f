/*
 * program: a random sequence of what can happen to a log, which a seed makes.
 */
#ifndef TESTS_MODEL_PROGRAM_H
#define TESTS_MODEL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum op {
	APPEND,
	FLOOD,
	HALF,
	FINISH,
	LATE, /* a line longer than any may be */
	REOPEN,
	ROTATE,
	ROTATE_CREATE,
	ROTATE_EARLY, /* the new log is there before the writer notices */
	OLDDIR,
	COMPRESS,
	COPYTRUNCATE,
	COPY_LOSING,
	COPY_MEETING, /* a rotation, while the reader looks for the copy */
	COPY_OFTEN,
	TRUNCATE,
	DELETE,
	DROP,
	TOUCH,
	SWITCH,
	COME_BACK,
	MOVE,
	REPLACE,
	MOUNT,
	UNMOUNT,
	COPY_MOUNT, /* log2ram(8) */
	COPY_BACK,
	CLOCK, /* set back or forth */
	RUN,
	STOP,
	KILL,	/* nothing is saved: a start finds an older checkpoint, or no
		   checkpoint */
	FORGET, /* likewise, and the checkpoint is lost */
	START,
	MISS,	/* a lot while it is stopped, and a rotation while it starts */
	QUIET,	/* nobody writes for a minute */
	CRASH,	/* the writer of a FIFO, perhaps within a line */
	REMAKE, /* another FIFO */
	OVERFLOW,
	OPS
};

/* AWAY: into a directory beside the log, logrotate(8)'s olddir. */
enum mode { NUMBERED, DATED, LINKED, STARRED, AWAY, PIPE, MODES };

enum { PROGRAM_MAX = 60 };

struct program {
	uint64_t seed;
	enum mode mode;
	bool holes; /* the writer keeps its own offset when we truncate */
	size_t len;
	struct {
		enum op op;
		uint32_t arg;
	} steps[PROGRAM_MAX];
};

struct program program_make(uint64_t seed);
void program_print(const struct program *);

/* The next number of a sequence, whose place is in *state. */
uint64_t program_random(uint64_t *state);

#endif
