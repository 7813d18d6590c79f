#include "daemon/pipeline/scan_pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readahead.h"
#include "base/thread.h"

enum {
	PIECE = 64 * 1024, /* bytes; more if a line is longer */
	FINDINGS = 64,	   /* for which a piece has room at first */
	FETCHED_AHEAD = 8,
	PIECES_MAX = 16,
	READ_AHEAD = 8, /* blocks, fewer than PIECES_MAX */
	/* PCRE2 compiles expressions on the stack, at most 250 groups deep. */
	STACK = 2 * 1024 * 1024,
};

struct finding_of_line {
	enum finding finding;
	struct found found;
};

/* Lines of a block, and what one thread found in them. */
struct piece {
	struct readahead file; /* fn: NULL if the lines were given */
	char *buffer;	       /* of such a block */
	bool whole;	       /* it could be read */
	const char *lines;
	size_t len;
	time_t now;
	bool done;
	uint64_t nlines, headerless;
	const char *unread; /* the first of the headerless */
	size_t unread_len;
	struct finding_of_line *list;
	size_t count, room;
};

struct scan_pool;

struct scan_thread {
	struct scan_pool *pool;
	struct recognizer *recognizer;
	struct piece *piece;
	pthread_t thread;
};

struct scan_pool {
	struct scan_thread
	    threads[SCAN_POOL_THREADS_MAX + 1]; /* 0: the caller */
	unsigned int nthreads;
	struct scan_pool_stats stats;
	struct piece *pieces;

	bool given;	   /* the block of the first was handed out */
	const void *alien; /* a file whose lines are taken in another way */

	/* All so far, and how many of them were reported, are to be reported
	 * next, and were taken by a thread: each no more than the last. */
	size_t count, first, begun;

	pthread_mutex_t lock; /* for all below, count, and `done' of a piece */
	pthread_cond_t work, progress;
	bool ending;
	size_t taken, busy;
};

static struct piece *
piece_at(struct scan_pool *pool, size_t n)
{
	return &pool->pieces[n % PIECES_MAX];
}

/* ---- a piece ---- */

static void
note_headerless(struct piece *piece, const struct logline *l)
{
	if (piece->headerless++ > 0)
		return;
	piece->unread = l->line;
	piece->unread_len = l->line_len;
}

/* Lists are kept for the next block. */
static struct finding_of_line *
room_for_finding(struct piece *piece)
{
	if (piece->count == piece->room) {
		piece->room = piece->room == 0 ? FINDINGS : 2 * piece->room;
		piece->list = alloc_resize(piece->list, piece->room,
					   sizeof(*piece->list));
	}
	return &piece->list[piece->count];
}

/* Finds the whole lines after what was read again. A line begins there if one
 * ends before it. */
static void
find_lines(struct piece *piece)
{
	const char *begin = piece->buffer + READAHEAD_AGAIN - 1, *last;
	const char *end = piece->buffer + READAHEAD_BLOCK;

	piece->len = 0;
	begin = memchr(begin, '\n', (size_t)(end - begin));
	if (!piece->whole || begin == NULL)
		return;
	last = memrchr(begin, '\n', (size_t)(end - begin));
	piece->lines = begin + 1;
	piece->len = (size_t)(last - begin);
}

static void
read_piece(struct piece *piece)
{
	const struct readahead *file = &piece->file;

	if (piece->buffer == NULL)
		piece->buffer = alloc_zero(READAHEAD_BLOCK, 1);
	piece->whole = file->fn(file->file, piece->buffer, READAHEAD_BLOCK,
				file->offset) == READAHEAD_BLOCK;
	find_lines(piece);
}

static void
recognize_piece(struct recognizer *recognizer, struct piece *piece)
{
	struct finding_of_line *next;
	struct err err;

	piece->nlines = piece->headerless = piece->count = 0;
	recognizer_take(recognizer, piece->lines, piece->len);
	for (;;) {
		next = room_for_finding(piece);
		next->finding = recognize_next(
		    recognizer, piece->now, &piece->nlines, &next->found, &err);
		if (next->finding == FOUND_NOTHING)
			break;
		if (next->finding == FOUND_HEADERLESS)
			note_headerless(piece, &next->found.line);
		else
			piece->count++;
	}
}

/* The line of a finding is in the cache of the processor that looked at it. */
static void
fetch(const struct piece *piece, size_t i)
{
	const struct found *found = &piece->list[i].found;

	if (i >= piece->count)
		return;
	__builtin_prefetch(found->line.program);
	__builtin_prefetch(found->match.user);
}

static void
report_piece(struct scan_pool *pool, struct piece *piece, scan_pool_fn *fn,
	     void *arg)
{
	for (size_t i = 0; i < piece->count; i++) {
		fetch(piece, i + FETCHED_AHEAD);
		fn(arg, piece->list[i].finding, &piece->list[i].found);
	}
	pool->stats.lines += piece->nlines;
	pool->stats.headerless += piece->headerless;
	if (pool->stats.unread == NULL && piece->headerless > 0) {
		pool->stats.unread = piece->unread;
		pool->stats.unread_len = piece->unread_len;
	}
}

static struct piece *
add_piece(struct scan_pool *pool, time_t now)
{
	struct piece *piece = piece_at(pool, pool->count++);

	piece->now = now;
	piece->done = false;
	return piece;
}

/* Cuts the next piece off the block. */
static void
cut_piece(struct scan_pool *pool, const char **lines, const char *end,
	  time_t now)
{
	struct piece *piece = add_piece(pool, now);
	const char *p = *lines;

	piece->file.fn = NULL;
	piece->lines = p;
	if (pool->count - pool->first < PIECES_MAX && end - p > PIECE)
		end = (const char *)memchr(p + PIECE, '\n',
					   (size_t)(end - p - PIECE)) +
		      1;
	piece->len = (size_t)(end - p);
	*lines = end;
}

/* ---- threads ---- */

/* Called with the lock held. Does the next piece; false if all are taken. */
static bool
do_piece(struct scan_thread *t)
{
	struct scan_pool *pool = t->pool;
	struct piece *piece;

	if (pool->taken == pool->count)
		return false;
	piece = piece_at(pool, pool->taken++);
	pool->busy++;
	pthread_mutex_unlock(&pool->lock);
	if (piece->file.fn != NULL)
		read_piece(piece);
	recognize_piece(t->recognizer, piece);
	pthread_mutex_lock(&pool->lock);
	pool->busy--;
	piece->done = true;
	return true;
}

static void *
scan(void *arg)
{
	struct scan_thread *t = arg;
	struct scan_pool *pool = t->pool;

	pthread_mutex_lock(&pool->lock);
	while (!pool->ending)
		if (do_piece(t))
			pthread_cond_signal(&pool->progress);
		else
			pthread_cond_wait(&pool->work, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Fewer if the system allows no more; the caller does all the work then. */
static void
start_threads(struct scan_pool *pool, unsigned int threads)
{
	while (pool->nthreads <= threads &&
	       pool->nthreads <= SCAN_POOL_THREADS_MAX) {
		struct scan_thread *t = &pool->threads[pool->nthreads];

		if (!thread_start(&t->thread, STACK, scan, t))
			break;
		pool->nthreads++;
	}
}

/* ---- life cycle ---- */

struct scan_pool *
scan_pool_new(const struct recognizer *recognizer, unsigned int threads)
{
	struct scan_pool *pool = alloc_zero(1, sizeof(*pool));

	pool->pieces = alloc_zero(PIECES_MAX, sizeof(*pool->pieces));
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->progress, NULL);
	for (size_t i = 0; i <= SCAN_POOL_THREADS_MAX; i++) {
		pool->threads[i].pool = pool;
		pool->threads[i].recognizer = recognizer_clone(recognizer);
	}
	pool->nthreads = 1;
	start_threads(pool, threads);
	return pool;
}

void
scan_pool_free(struct scan_pool **out)
{
	struct scan_pool *pool = *out;

	*out = NULL;
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (size_t i = 1; i < pool->nthreads; i++)
		pthread_join(pool->threads[i].thread, NULL);
	for (size_t i = 0; i <= SCAN_POOL_THREADS_MAX; i++)
		recognizer_free(&pool->threads[i].recognizer);
	pthread_cond_destroy(&pool->progress);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	for (size_t i = 0; i < PIECES_MAX; i++) {
		free(pool->pieces[i].list);
		free(pool->pieces[i].buffer);
	}
	free(pool->pieces);
	free(pool);
}

/* Does other pieces until this one is done by whoever took it. */
static void
await(struct scan_pool *pool, const struct piece *piece)
{
	pthread_mutex_lock(&pool->lock);
	while (!piece->done)
		if (!do_piece(&pool->threads[0]))
			pthread_cond_wait(&pool->progress, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

/* ---- reading ahead ---- */

/* Adds blocks to those that are being read, or were: each follows the one
 * before it. */
static void
add_blocks(struct scan_pool *pool, const struct readahead *ahead, time_t now)
{
	struct readahead next = *ahead;
	size_t before = pool->count;

	if (pool->count > pool->first)
		next.offset = piece_at(pool, pool->count - 1)->file.offset +
			      READAHEAD_BLOCK - READAHEAD_AGAIN;
	pthread_mutex_lock(&pool->lock);
	while (pool->count - pool->first < READ_AHEAD &&
	       next.offset + READAHEAD_BLOCK <= ahead->until) {
		add_piece(pool, now)->file = next;
		next.offset += READAHEAD_BLOCK - READAHEAD_AGAIN;
	}
	if (pool->count > before)
		pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

/* Lines that were handed out, but not given back: the caller takes them in
 * another way, and those of the next blocks, too. */
static void
forget_given(struct scan_pool *pool)
{
	const struct piece *piece = piece_at(pool, pool->first);

	if (!pool->given)
		return;
	pool->given = false;
	if (piece->len > 0)
		pool->alien = piece->file.file;
	pool->begun = ++pool->first;
}

static bool
is_next(struct scan_pool *pool, const struct readahead *ahead)
{
	const struct readahead *first = &piece_at(pool, pool->first)->file;

	return pool->first == pool->count ||
	       (first->fn == ahead->fn && first->file == ahead->file &&
		first->offset == ahead->offset);
}

bool
scan_pool_read(struct scan_pool *pool, const struct readahead *ahead,
	       time_t now, const char **bytes)
{
	const struct piece *piece;

	forget_given(pool);
	if (!is_next(pool, ahead) || ahead->file == pool->alien)
		scan_pool_read_end(pool);
	if (ahead->file != pool->alien)
		add_blocks(pool, ahead, now);
	if (pool->first == pool->count)
		return false;
	piece = piece_at(pool, pool->first);
	await(pool, piece);
	pool->given = piece->whole;
	*bytes = piece->buffer;
	return piece->whole;
}

/* Lines that were begun belong to no block that is read here. */
void
scan_pool_read_end(struct scan_pool *pool)
{
	if (pool->begun > pool->first)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->taken = pool->count;
	while (pool->busy > 0)
		pthread_cond_wait(&pool->progress, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	pool->given = false;
	pool->first = pool->begun = pool->count;
}

/* ---- blocks ---- */

static void
publish_pieces(struct scan_pool *pool, const char *lines, const char *end,
	       time_t now)
{
	pthread_mutex_lock(&pool->lock);
	while (lines < end)
		cut_piece(pool, &lines, end, now);
	if (pool->count > pool->first + 1)
		pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	pool->begun = pool->count;
}

/* Whether these lines are in the block that was handed out, as they were
 * recognized. */
static bool
were_given(struct scan_pool *pool, const char *lines, size_t len)
{
	const struct piece *piece = piece_at(pool, pool->first);

	return pool->given && piece->lines == lines && piece->len == len;
}

bool
scan_pool_begin(struct scan_pool *pool, const char *lines, size_t len,
		time_t now)
{
	pool->stats.unread = NULL;
	if (were_given(pool, lines, len)) {
		pool->given = false;
		pool->begun = pool->first + 1;
		return false;
	}
	scan_pool_read_end(pool);
	publish_pieces(pool, lines, lines + len, now);
	return pool->nthreads > 1;
}

void
scan_pool_finish(struct scan_pool *pool, scan_pool_fn *fn, void *arg)
{
	for (; pool->first < pool->begun; pool->first++) {
		struct piece *piece = piece_at(pool, pool->first);

		await(pool, piece);
		report_piece(pool, piece, fn, arg);
	}
}

struct scan_pool_stats
scan_pool_stats(const struct scan_pool *pool)
{
	return pool->stats;
}
