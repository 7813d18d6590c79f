/*
 * follower: a source in a loop of its own, for tests: lines are awaited, not
 * slept for. Its messages go to a file.
 */
#ifndef TESTS_FOLLOWER_H
#define TESTS_FOLLOWER_H

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "daemon/source/source.h"

struct follower {
	struct loop *loop;
	struct timer *tick;
	struct source *source;
	/* Both return whether what is waited for has come. */
	bool (*line)(void *arg, const char *line, size_t len);
	void *arg;
	uint64_t lines;
	bool unseen; /* the lines that come; see struct source_sink */
	bool idle, ended;
	struct timer *timer; /* of one who waits */
	bool came;
	int rounds; /* of a settling loop, without a line */
	uint64_t lines_before;
};

static inline void
follower_line(void *arg, const char *line, size_t len)
{
	struct follower *f = arg;

	f->lines++;
	if (!f->line(f->arg, line, len) || f->timer == NULL)
		return;
	/* The other events of this round are handled before that: the kernel
	 * reports a change of the mounts only once. */
	f->came = true;
	timer_arm(f->timer, 0);
}

static inline void
follower_unseen(void *arg, bool unseen)
{
	((struct follower *)arg)->unseen = unseen;
}

/* "0000001234 ...": seconds since the epoch. */
static inline int
follower_stamp(void *arg, const char *line, size_t len, time_t *when)
{
	char digits[11] = "";

	(void)arg;
	if (len < 11 || line[10] != ' ')
		return -1;
	memcpy(digits, line, 10);
	*when = strtol(digits, NULL, 10);
	return strspn(digits, "0123456789") == 10 ? 0 : -1;
}

static inline void
follower_idle(void *arg)
{
	((struct follower *)arg)->idle = true;
}

static inline void
follower_ended(void *arg)
{
	((struct follower *)arg)->ended = true;
}

static inline int
follower_open(struct follower *f, const char *spec,
	      const struct source_start *start, struct err *err)
{
	struct source_sink sink = {.line = follower_line,
				   .unseen = follower_unseen,
				   .stamp = follower_stamp,
				   .idle = follower_idle,
				   .ended = follower_ended,
				   .arg = f};

	f->idle = f->ended = false;
	f->source = source_open(spec, f->loop, start, &sink, err);
	return f->source == NULL ? -1 : 0;
}

static inline void
follower_stop(void *arg)
{
	loop_stop(((struct follower *)arg)->loop, 0);
}

/* As a checkpoint has them. The caller frees them. */
static inline struct logpos *
follower_positions(struct follower *f, size_t *npos)
{
	struct logpos *all = NULL, pos;

	*npos = 0;
	while (source_position(f->source, *npos, &pos) == 0) {
		all = realloc(all, (*npos + 1) * sizeof(*all));
		all[(*npos)++] = pos;
	}
	return all;
}

static inline void
follower_free_positions(struct logpos **pos, size_t *npos)
{
	for (size_t i = 0; i < *npos; i++)
		logpos_clear(&(*pos)[i]);
	free(*pos);
	*pos = NULL;
	*npos = 0;
}

/* Runs until f->line() says so: true; or so many ms are over: false. */
static inline bool
follower_await(struct follower *f, int64_t ms)
{
	struct err err;

	f->came = false;
	f->timer = timer_new(f->loop, follower_stop, f);
	timer_arm(f->timer, ms);
	loop_run(f->loop, &err);
	timer_free(&f->timer);
	return f->came;
}

static inline void
follower_round(void *arg)
{
	struct follower *f = arg;

	f->rounds = f->lines == f->lines_before ? f->rounds + 1 : 0;
	f->lines_before = f->lines;
	if (f->rounds > 5)
		loop_stop(f->loop, 0);
	else
		timer_arm(f->tick, 0);
}

/* Runs until nothing comes any more. */
static inline void
follower_settle(struct follower *f)
{
	struct err err;

	f->rounds = 0;
	f->tick = timer_new(f->loop, follower_round, f);
	timer_arm(f->tick, 0);
	loop_run(f->loop, &err);
	timer_free(&f->tick);
}

static inline int
follower_remove(const char *path, const struct stat *st, int type,
		struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
follower_remove_all(const char *dir)
{
	nftw(dir, follower_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A new directory, in memory where there is such a place. */
static inline char *
follower_directory(void)
{
	char *path = NULL;

	if (asprintf(&path, "%s/follow.XXXXXX",
		     getenv("TMPDIR")		     ? getenv("TMPDIR")
		     : access("/dev/shm", W_OK) == 0 ? "/dev/shm"
						     : "/tmp") < 0 ||
	    mkdtemp(path) == NULL) {
		printf("Bail out! no temporary directory\n");
		exit(1);
	}
	return path;
}

#endif
