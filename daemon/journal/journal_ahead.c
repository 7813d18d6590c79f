#include "daemon/journal/journal_ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/thread.h"
#include "daemon/journal/journal_files.h"
#include "daemon/journal/journal_open.h"
#include "daemon/journal/journal_place.h"
#include "daemon/journal/journal_reader.h"
#include "daemon/journal/journal_tags.h"

/*
 * SLICES: read or waiting at a time. BATCHES: in all of them, 2 MB; RESERVE: of
 * these, only for the slice that is being handed out. SLICE_ENTRIES: what a
 * slice is meant to hold; then seeking costs little, and most fit into the
 * batches.
 */
enum {
	THREADS_MAX = 4,
	SLICES = 8,
	BATCHES = 28,
	RESERVE = 4,
	SLICE_ENTRIES = 8192,
	STACK = 512 * 1024
};

enum slice_end {
	END_NOT_YET,
	END_REACHED,	/* its last entry is the first of the next slice */
	END_OF_JOURNAL, /* or an error */
	END_BROKEN	/* the clock was set back */
};

/* The first entry of a slice has been read already: it is where the slice
 * before must end. */
struct slice {
	char *after; /* the cursor of that entry; NULL: the first at `from' */
	uint64_t from, until; /* us; UINT64_MAX: to the end */
	bool begun;
	char *first, *last; /* cursors; NULL: it has none */
	enum slice_end end;
	struct journal_batch *batches[BATCHES]; /* a ring: taken to put */
	size_t put, taken;
};

struct journal_ahead {
	const struct journal_spec *spec;
	const char **paths; /* of what they read; ends with NULL */
	struct journal_files files;
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t changed;
	struct journal_tags tags;
	struct slice slices[SLICES]; /* a ring: current to claimed */
	size_t current, claimed;
	uint64_t from, step; /* of the next slice */
	uint64_t newest;     /* when the newest entry came */
	bool all_claimed, stop;
	struct journal_batch *unused[BATCHES], *out; /* out: handed out */
	size_t nunused, nbatches;
	pthread_t threads[THREADS_MAX];
	size_t nthreads, ended; /* how many of them have */
};

static struct slice *
slice_at(struct journal_ahead *a, size_t n)
{
	return &a->slices[n % SLICES];
}

/* ---- in a thread: batches ---- */

static bool
may_take(const struct journal_ahead *a, const struct slice *s)
{
	size_t left = a->nunused + BATCHES - a->nbatches;

	return left > (s == &a->slices[a->current % SLICES] ? 0 : RESERVE);
}

/* An empty batch for a slice; waits for one. NULL: it is to stop. */
static struct journal_batch *
take_batch(struct journal_ahead *a, const struct slice *s)
{
	struct journal_batch *batch = NULL;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && !may_take(a, s))
		pthread_cond_wait(&a->changed, &a->lock);
	if (!a->stop && a->nunused > 0) {
		batch = a->unused[--a->nunused];
	} else if (!a->stop) {
		batch = journal_batch_new();
		a->nbatches++;
	}
	pthread_mutex_unlock(&a->lock);
	if (batch != NULL)
		journal_batch_reset(batch);
	return batch;
}

static char *
cursor_of(sd_journal *journal)
{
	char *cursor;

	return sd_journal_get_cursor(journal, &cursor) >= 0 ? cursor : NULL;
}

/* False: it is not known where the batch ends, so that it cannot be used. */
static bool
put_batch(struct journal_ahead *a, struct slice *s, struct journal_batch *batch,
	  sd_journal *journal)
{
	bool used = batch->entries > 0;

	batch->cursor = used ? cursor_of(journal) : NULL;
	pthread_mutex_lock(&a->lock);
	if (batch->cursor != NULL)
		s->batches[s->put++ % BATCHES] = batch;
	else
		a->unused[a->nunused++] = batch;
	used = used && batch->cursor == NULL;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	return !used;
}

/* ---- in a thread: slices ---- */

/* The next slice to read. NULL: that was the last, or the thread is to stop. */
static struct slice *
claim(struct journal_ahead *a, struct journal_tags *tags)
{
	struct slice *s = NULL;

	pthread_mutex_lock(&a->lock);
	while (!a->stop && !a->all_claimed && a->claimed - a->current == SLICES)
		pthread_cond_wait(&a->changed, &a->lock);
	if (!a->stop && !a->all_claimed) {
		s = slice_at(a, a->claimed);
		if (a->claimed++ > 0)
			*s = (struct slice){.from = a->from};
		a->from += a->step;
		a->all_claimed = a->from > a->newest;
		s->until = a->all_claimed ? UINT64_MAX : a->from;
		*tags = a->tags;
	}
	pthread_mutex_unlock(&a->lock);
	return s;
}

static void
set_first(struct journal_ahead *a, struct slice *s, char *cursor)
{
	pthread_mutex_lock(&a->lock);
	s->first = cursor;
	s->begun = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

/* Returns the cursor of the first entry, or NULL if the slice has no entry. */
static char *
seek_first(const struct slice *s, sd_journal *journal)
{
	int result = s->after != NULL
			 ? sd_journal_seek_cursor(journal, s->after)
			 : sd_journal_seek_realtime_usec(journal, s->from);

	if (result < 0 || sd_journal_next(journal) <= 0)
		return NULL;
	return cursor_of(journal);
}

/*
 * A seek by time takes each file of the journal to its own first entry of that
 * time. If a clock was set back, that may skip entries of one file that come
 * after the first entry of all. So this seeks again, to that entry.
 */
static int
align(const struct slice *s, sd_journal *journal, const char *first)
{
	if (s->after != NULL)
		return strcmp(first, s->after) == 0 ? 0 : -1;
	if (sd_journal_seek_cursor(journal, first) < 0 ||
	    sd_journal_next(journal) <= 0)
		return -1;
	return sd_journal_test_cursor(journal, first) > 0 ? 0 : -1;
}

/* The time of its first entry; UINT64_MAX: it has none, or not the right one.
 */
static uint64_t
seek(struct journal_ahead *a, struct slice *s, sd_journal *journal)
{
	uint64_t usec = UINT64_MAX;
	char *first = seek_first(s, journal);

	if (first == NULL || align(s, journal, first) != 0 ||
	    sd_journal_get_realtime_usec(journal, &usec) < 0)
		usec = UINT64_MAX;
	set_first(a, s, first);
	return usec;
}

/* Reads on from an entry that came at *usec. END_NOT_YET: the batch is full. */
static enum slice_end
fill(const struct slice *s, struct journal_reader *reader, sd_journal *journal,
     uint64_t *usec, struct journal_batch *batch)
{
	uint64_t before;

	while (!journal_batch_is_full(batch)) {
		before = *usec;
		if (before >= s->until)
			return END_REACHED;
		if (sd_journal_next(journal) <= 0 ||
		    sd_journal_get_realtime_usec(journal, usec) < 0)
			return END_OF_JOURNAL;
		journal_reader_take(reader, journal, *usec, batch);
		if (*usec < before)
			return END_BROKEN;
	}
	return END_NOT_YET;
}

/* Adapts the step, so that a slice holds about SLICE_ENTRIES entries. */
static void
adapt(struct journal_ahead *a, const struct slice *s, uint64_t entries)
{
	uint64_t span = s->until - s->from;

	if (s->after != NULL || s->until == UINT64_MAX)
		return;
	a->step = entries * 2 < SLICE_ENTRIES
		      ? span * 2
		      : span * SLICE_ENTRIES / entries + 1;
}

static void
end_slice(struct journal_ahead *a, struct slice *s, enum slice_end end,
	  uint64_t entries, char *last, const struct journal_tags *tags)
{
	pthread_mutex_lock(&a->lock);
	adapt(a, s, entries);
	journal_tags_add(&a->tags, tags);
	s->last = last;
	s->end = end;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void
read_slice(struct journal_ahead *a, struct slice *s,
	   struct journal_reader *reader, sd_journal *journal)
{
	uint64_t usec = seek(a, s, journal), entries = 0;
	enum slice_end end = usec < UINT64_MAX ? END_NOT_YET : END_OF_JOURNAL;
	struct journal_batch *batch;

	while (end == END_NOT_YET && (batch = take_batch(a, s)) != NULL) {
		end = fill(s, reader, journal, &usec, batch);
		entries += batch->entries;
		if (!put_batch(a, s, batch, journal))
			end = END_BROKEN;
	}
	end_slice(a, s, end, entries, cursor_of(journal), &reader->tags);
}

/* Only the files that count: a journal may have a hundred, and to open and
 * close them all takes longer than to read the last one. */
static int
open_files(const struct journal_ahead *a, sd_journal **journal)
{
	struct err err;

	if (sd_journal_open_files(journal, a->paths, 0) < 0)
		return journal_open_matching(a->spec, journal, &err);
	sd_journal_set_data_threshold(*journal, 0);
	return journal_add_matches(a->spec, *journal, &err);
}

/* Has an sd_journal of its own, since that is for one thread. */
static void *
read_ahead(void *arg)
{
	struct journal_ahead *a = arg;
	struct journal_reader reader;
	sd_journal *journal = NULL;
	struct slice *s;

	journal_reader_init(&reader, a->spec);
	if (open_files(a, &journal) == 0)
		while ((s = claim(a, &reader.tags)) != NULL)
			read_slice(a, s, &reader, journal);
	sd_journal_close(journal);
	journal_reader_clear(&reader);
	pthread_mutex_lock(&a->lock);
	a->ended++;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* ---- in order ---- */

static void
give_back(struct journal_ahead *a)
{
	if (a->out != NULL)
		a->unused[a->nunused++] = a->out;
	a->out = NULL;
	pthread_cond_broadcast(&a->changed);
}

static void
clear_slice(struct slice *s)
{
	free(s->after);
	free(s->first);
	free(s->last);
	*s = (struct slice){0};
}

/* Whether the slice that has ended goes on in the next one. */
static bool
joins(const struct slice *s, const struct slice *next)
{
	return s->end == END_REACHED && s->last != NULL &&
	       next->first != NULL && strcmp(s->last, next->first) == 0;
}

/* Waits until the current slice has a batch, or has ended and the next one has
 * begun; or until nobody is left to read them. */
static struct slice *
wait_for_slice(struct journal_ahead *a)
{
	for (;;) {
		struct slice *s = slice_at(a, a->current);
		bool next_begun = a->claimed > a->current + 1 &&
				  slice_at(a, a->current + 1)->begun;

		if (s->taken < s->put || s->end > END_REACHED ||
		    (s->end == END_REACHED && next_begun) ||
		    a->ended == a->nthreads)
			return s;
		pthread_cond_wait(&a->changed, &a->lock);
	}
}

const struct journal_batch *
journal_ahead_next(struct journal_ahead *a)
{
	struct slice *s;

	pthread_mutex_lock(&a->lock);
	give_back(a);
	s = wait_for_slice(a);
	while (s->taken == s->put && joins(s, slice_at(a, a->current + 1))) {
		clear_slice(s);
		a->current++;
		pthread_cond_broadcast(&a->changed);
		s = wait_for_slice(a);
	}
	if (s->taken < s->put)
		a->out = s->batches[s->taken++ % BATCHES];
	pthread_mutex_unlock(&a->lock);
	return a->out;
}

void
journal_ahead_ask(struct journal_ahead *a,
		  bool (*ignores)(void *arg, const char *tag, size_t len),
		  void *arg)
{
	pthread_mutex_lock(&a->lock);
	journal_tags_ask(&a->tags, ignores, arg);
	pthread_mutex_unlock(&a->lock);
}

/* ---- life ---- */

static void
start_threads(struct journal_ahead *a, size_t threads)
{
	while (a->nthreads < threads &&
	       thread_start(&a->threads[a->nthreads], STACK, read_ahead, a))
		a->nthreads++;
}

/* -1: it is not known what is to be read. */
static int
find_files(struct journal_ahead *a, const struct journal_pace *pace)
{
	const struct journal_file *file;
	struct journal_place from;
	size_t npaths = 0;

	if (!journal_place_parse(&from, pace->cursor) ||
	    journal_files_find(&a->files, a->spec) != 0)
		return -1;
	a->paths = alloc_zero(a->files.count + 1, sizeof(*a->paths));
	file = a->files.list;
	for (; file < a->files.list + a->files.count; file++) {
		if (journal_header_reaches(&file->header, &from))
			a->paths[npaths++] = file->path;
		if (file->header.tail_usec > a->newest)
			a->newest = file->header.tail_usec;
	}
	journal_files_release(&a->files);
	return 0;
}

struct journal_ahead *
journal_ahead_new(const struct journal_spec *spec,
		  const struct journal_tags *tags,
		  const struct journal_pace *pace)
{
	struct journal_ahead *a;
	size_t threads = thread_processors();

	if (threads < 2)
		return NULL;
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	a = alloc_zero(1, sizeof(*a));
	a->spec = spec;
	a->tags = *tags;
	a->slices[0].after = alloc_string(pace->cursor);
	a->slices[0].from = a->from = pace->usec;
	a->step = pace->took_usec * SLICE_ENTRIES / pace->entries + 1;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->changed, NULL);
	if (find_files(a, pace) == 0)
		start_threads(a, threads);
	if (a->nthreads < 2)
		journal_ahead_free(&a);
	return a;
}

static void
free_batches(struct journal_ahead *a)
{
	while (a->nunused > 0)
		journal_batch_free(&a->unused[--a->nunused]);
	for (size_t i = 0; i < SLICES; i++) {
		struct slice *s = &a->slices[i];

		while (s->taken < s->put)
			journal_batch_free(&s->batches[s->taken++ % BATCHES]);
		clear_slice(s);
	}
}

void
journal_ahead_free(struct journal_ahead **ap)
{
	struct journal_ahead *a = *ap;

	*ap = NULL;
	if (a == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	give_back(a);
	pthread_mutex_unlock(&a->lock);
	for (size_t i = 0; i < a->nthreads; i++)
		pthread_join(a->threads[i], NULL);
	free_batches(a);
	free(a->paths);
	journal_files_clear(&a->files);
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
