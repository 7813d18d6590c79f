#include "daemon/pipeline/scan_pool.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"

enum {
	PIECE = 64 * 1024, /* but the longest line is longer */
	FINDINGS_MAX = 1024,
	PIECES_MAX = 32,
	/* PCRE2 compiles expressions on it, 250 groups deep at most. */
	STACK = 2 * 1024 * 1024,
};

struct finding_of_line {
	enum finding finding;
	struct found found;
};

/* A part of the block, and what one thread found in it. */
struct piece {
	const char *lines, *end;
	bool done;
	uint64_t nlines, headerless;
	size_t count;
	struct finding_of_line list[FINDINGS_MAX];
};

struct scan_pool;

struct worker {
	struct scan_pool *replay;
	struct recognizer *recognizer;
	struct piece *piece; /* that it is at */
	pthread_t thread;
};

struct scan_pool {
	struct worker workers[SCAN_POOL_THREADS_MAX + 1]; /* 0: the caller */
	unsigned int nworkers;
	struct scan_pool_stats stats;
	struct piece *pieces;

	pthread_mutex_t lock; /* of all below, and of `done' */
	pthread_cond_t work, progress;
	bool ending;
	time_t now;
	size_t count, taken;
};

/* ---- a piece ---- */

/* Of a piece that is full, the lines that are left. */
static void
recognize_piece(struct recognizer *recognizer, struct piece *piece, time_t now)
{
	struct finding_of_line *out = piece->list;
	struct finding_of_line *full = out + FINDINGS_MAX;
	const char *line;
	struct err err;
	size_t len;
	int next;

	while (out < full && (next = linebuf_next(&piece->lines, piece->end,
						  &line, &len)) != 0) {
		if (next < 0)
			continue;
		piece->nlines++;
		out->finding = recognize_alone(recognizer, line, len, now,
					       &out->found, &err);
		if (out->finding == FOUND_HEADERLESS)
			piece->headerless++;
		else if (out->finding != FOUND_NOTHING)
			out++;
	}
	piece->count = (size_t)(out - piece->list);
}

static void
tell_piece(struct scan_pool *r, struct piece *piece, scan_pool_fn *fn, void *arg)
{
	for (size_t i = 0; i < piece->count; i++)
		fn(arg, piece->list[i].finding, &piece->list[i].found);
	r->stats.lines += piece->nlines;
	r->stats.headerless += piece->headerless;
	piece->nlines = piece->headerless = 0;
}

/* Cuts the next piece off the block. */
static void
cut_piece(struct scan_pool *r, const char **lines, const char *end)
{
	struct piece *piece = &r->pieces[r->count++];
	const char *p = *lines;

	piece->lines = p;
	piece->done = false;
	if (r->count < PIECES_MAX && end - p > PIECE)
		end = (const char *)memchr(p + PIECE, '\n',
					   (size_t)(end - p - PIECE)) +
		      1;
	piece->end = *lines = end;
}

/* ---- threads ---- */

/* With the lock: does the next piece, if there is one. */
static bool
do_piece(struct worker *worker)
{
	struct scan_pool *r = worker->replay;
	struct piece *piece;

	if (r->taken == r->count)
		return false;
	piece = &r->pieces[r->taken++];
	pthread_mutex_unlock(&r->lock);
	recognize_piece(worker->recognizer, piece, r->now);
	pthread_mutex_lock(&r->lock);
	piece->done = true;
	return true;
}

static void *
help(void *arg)
{
	struct worker *worker = arg;
	struct scan_pool *r = worker->replay;

	pthread_mutex_lock(&r->lock);
	while (!r->ending)
		if (do_piece(worker))
			pthread_cond_signal(&r->progress);
		else
			pthread_cond_wait(&r->work, &r->lock);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

/* Where there can be no thread, there is none. */
static void
start_helpers(struct scan_pool *r, unsigned int helpers)
{
	sigset_t all, old;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (r->nworkers <= helpers && r->nworkers <= SCAN_POOL_THREADS_MAX) {
		struct worker *worker = &r->workers[r->nworkers];

		if (pthread_create(&worker->thread, &attr, help, worker) != 0)
			break;
		r->nworkers++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
}

unsigned int
scan_pool_threads(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 0;
	return (unsigned int)CPU_COUNT(&set) - 1;
}

/* ---- birth and end ---- */

struct scan_pool *
scan_pool_new(const struct recognizer *recognizer, unsigned int helpers)
{
	struct scan_pool *r = alloc_zero(1, sizeof(*r));

	/* What is not used of it is never touched. */
	r->pieces = alloc_zero(PIECES_MAX, sizeof(*r->pieces));
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->work, NULL);
	pthread_cond_init(&r->progress, NULL);
	for (size_t i = 0; i <= SCAN_POOL_THREADS_MAX; i++) {
		r->workers[i].replay = r;
		r->workers[i].recognizer = recognizer_clone(recognizer);
	}
	r->nworkers = 1;
	start_helpers(r, helpers);
	return r;
}

void
scan_pool_free(struct scan_pool **replay)
{
	struct scan_pool *r = *replay;

	*replay = NULL;
	if (r == NULL)
		return;
	pthread_mutex_lock(&r->lock);
	r->ending = true;
	pthread_cond_broadcast(&r->work);
	pthread_mutex_unlock(&r->lock);
	for (size_t i = 1; i < r->nworkers; i++)
		pthread_join(r->workers[i].thread, NULL);
	for (size_t i = 0; i <= SCAN_POOL_THREADS_MAX; i++)
		recognizer_free(&r->workers[i].recognizer);
	pthread_cond_destroy(&r->progress);
	pthread_cond_destroy(&r->work);
	pthread_mutex_destroy(&r->lock);
	free(r->pieces);
	free(r);
}

/* ---- blocks ---- */

static void
publish_pieces(struct scan_pool *r, const char *lines, const char *end, time_t now)
{
	pthread_mutex_lock(&r->lock);
	r->now = now;
	r->count = r->taken = 0;
	while (lines < end)
		cut_piece(r, &lines, end);
	if (r->count > 1)
		pthread_cond_broadcast(&r->work);
	pthread_mutex_unlock(&r->lock);
}

/* Does other pieces until this one is done. */
static void
await(struct scan_pool *r, const struct piece *piece)
{
	pthread_mutex_lock(&r->lock);
	while (!piece->done)
		if (!do_piece(&r->workers[0]))
			pthread_cond_wait(&r->progress, &r->lock);
	pthread_mutex_unlock(&r->lock);
}

void
scan_pool_block(struct scan_pool *r, const char *lines, size_t len, time_t now,
	     scan_pool_fn *fn, void *arg)
{
	publish_pieces(r, lines, lines + len, now);
	for (size_t i = 0; i < r->count; i++) {
		struct piece *piece = &r->pieces[i];

		await(r, piece);
		tell_piece(r, piece, fn, arg);
		while (piece->lines < piece->end) {
			recognize_piece(r->workers[0].recognizer, piece, now);
			tell_piece(r, piece, fn, arg);
		}
	}
}

struct scan_pool_stats
scan_pool_stats(const struct scan_pool *r)
{
	return r->stats;
}
