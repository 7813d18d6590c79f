#include "daemon/source/source_journal.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "base/alloc.h"
#include "base/cut_streams.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/journal/journal_ahead.h"
#include "daemon/journal/journal_history.h"
#include "daemon/journal/journal_open.h"
#include "daemon/journal/journal_past.h"
#include "daemon/journal/journal_reader.h"
#include "daemon/journal/journal_window.h"
#include "daemon/source/mounts.h"
#include "daemon/source/source.h"

/* Any name in the directory of the journals that outlive a boot. */
static const char PERSISTENT[] = "/var/log/journal/any";

struct journal {
	struct source source;
	struct journal_spec spec;
	sd_journal *journal; /* what is read */
	/* What is to be read after it, when it has only the files that a start
	 * needs; NULL: nothing. */
	sd_journal *whole;
	bool at_end; /* and now is the time */
	int fd;
	struct mounts *mounts; /* of PERSISTENT; NULL: named, or read once */
	time_t since;	       /* where to begin while no entry was read */
	struct timer *again;
	bool distrusted; /* that an entry was ignored has been logged */
	/* The run of full batches: how many entries, and when they came. */
	struct journal_pace pace;
	/* What reads instead of `journal': first the one, later the other. */
	struct journal_history *history;
	struct journal_ahead *ahead; /* by other threads */
	bool news;    /* entries were read that idle() has not been told of */
	char *cursor; /* of the last run, until an entry is read */
	struct journal_reader reader;
	struct journal_batch *batch;
	struct cut_streams cuts;
};

/* ---- what was read ---- */

static void
deliver_lines(struct journal *j, const struct journal_batch *batch)
{
	const struct source_sink *sink = &j->source.sink;
	const struct journal_mark *mark = batch->marks;
	size_t at = 0;

	for (; mark < batch->marks + batch->nmarks; mark++) {
		bool is_rest =
		    mark->stream[0] != '\0' &&
		    cut_streams_note(&j->cuts, mark->stream, mark->is_cut);

		if (!mark->has_line || (!is_rest && !mark->single))
			continue;
		source_deliver(sink, batch->lines + at, mark->at - at);
		at = mark->at + mark->len + 1;
		if (!is_rest)
			sink->line(sink->arg, batch->lines + mark->at,
				   mark->len);
		else if (sink->rest != NULL)
			sink->rest(sink->arg, batch->lines + mark->at,
				   mark->len);
	}
	source_deliver(sink, batch->lines + at, batch->len - at);
}

static void
deliver(struct journal *j, const struct journal_batch *batch)
{
	const struct source_sink *sink = &j->source.sink;

	if (!j->distrusted && batch->untrusted[0] != '\0') {
		log_info("journal: ignoring entries that no server's unit "
			 "wrote, first those of %s",
			 batch->untrusted);
		j->distrusted = true;
	}
	deliver_lines(j, batch);
	if (batch->left_out > 0)
		sink->left_out(sink->arg, batch->left_out,
			       (time_t)(batch->last_left_out / 1000000));
	j->news = j->news || batch->entries > 0;
}

/* ---- reading ---- */

/* Where to begin without a position. */
static uint64_t
since_usec(time_t since)
{
	return since > 0 ? (uint64_t)since * 1000000 : 0;
}

/* After a reload, other tags may count. */
static void
ask_tags(struct journal *j)
{
	const struct source_sink *sink = &j->source.sink;

	if (sink->ignores != NULL)
		journal_tags_ask(&j->reader.tags, sink->ignores, sink->arg);
}

static void
note_pace(struct journal *j, uint64_t usec)
{
	if (j->pace.entries++ > 0 && usec > j->pace.usec)
		j->pace.took_usec += usec - j->pace.usec;
	j->pace.usec = usec;
}

/* As sd_journal_next(): 1: the batch is full, 0: there are no more entries. */
static int
read_batch(struct journal *j)
{
	uint64_t usec;
	int result = 1;

	journal_batch_reset(j->batch);
	while (!journal_batch_is_full(j->batch) &&
	       (result = sd_journal_next(j->journal)) > 0) {
		free(j->cursor);
		j->cursor = NULL;
		if (sd_journal_get_realtime_usec(j->journal, &usec) < 0)
			continue;
		journal_reader_take(&j->reader, j->journal, usec, j->batch);
		note_pace(j, usec);
	}
	return result;
}

static void
begin_ahead(struct journal *j)
{
	char *cursor;

	if (sd_journal_get_cursor(j->journal, &cursor) < 0)
		return;
	j->pace.cursor = cursor;
	j->ahead = journal_ahead_new(&j->spec, &j->reader.tags, &j->pace);
	j->pace = (struct journal_pace){0};
	if (j->ahead != NULL)
		j->cursor = cursor;
	else
		free(cursor);
}

static int seek_cursor(struct journal *, const char *spec,
		       const struct logpos *);

/* After the last entry that was read. */
static void
read_on(struct journal *j)
{
	struct logpos pos = {.cursor = j->cursor};
	int result = 0;

	j->cursor = NULL;
	if (pos.cursor != NULL)
		result = seek_cursor(j, j->source.spec, &pos);
	if (result < 0)
		log_error("could not read on in the journal: %s",
			  strerror(-result));
	free(pos.cursor);
}

/* From now on, `journal' is read. */
static void
take_over(struct journal *j)
{
	journal_ahead_free(&j->ahead);
	journal_history_free(&j->history);
	read_on(j);
}

static bool
is_read_elsewhere(const struct journal *j)
{
	return j->history != NULL || j->ahead != NULL;
}

static int
get_position(struct journal *j, struct logpos *pos)
{
	if (is_read_elsewhere(j) ||
	    sd_journal_get_cursor(j->journal, &pos->cursor) < 0) {
		if (j->cursor == NULL)
			return -1;
		pos->cursor = alloc_string(j->cursor);
	}
	return 0;
}

/* From now on, `whole' is read. */
static void
follow_whole(struct journal *j)
{
	struct logpos pos = {0};

	if (get_position(j, &pos) == 0) {
		free(j->cursor);
		j->cursor = pos.cursor;
	}
	sd_journal_close(j->journal);
	j->journal = j->whole;
	j->whole = NULL;
	j->at_end = false;
	sd_journal_seek_realtime_usec(j->journal, since_usec(j->since));
	read_on(j);
}

static const struct journal_batch *
next_ahead(struct journal *j)
{
	const struct source_sink *sink = &j->source.sink;

	if (sink->ignores != NULL)
		journal_ahead_ask(j->ahead, sink->ignores, sink->arg);
	return journal_ahead_next(j->ahead);
}

static const struct journal_batch *
next_of_history(struct journal *j)
{
	ask_tags(j);
	return journal_history_next(j->history);
}

static void
read_elsewhere(struct journal *j)
{
	const struct journal_batch *batch =
	    j->history != NULL ? next_of_history(j) : next_ahead(j);

	if (batch == NULL) {
		take_over(j);
		return;
	}
	free(j->cursor);
	j->cursor = alloc_string(batch->cursor);
	deliver(j, batch);
}

/* One batch, after which the loop handles signals and publishing. */
static void
read_round(void *arg)
{
	struct journal *j = arg;
	int result;
	bool news;

	if (is_read_elsewhere(j)) {
		read_elsewhere(j);
		timer_arm(j->again, 0);
		return;
	}
	if (j->at_end)
		follow_whole(j);
	ask_tags(j);
	result = read_batch(j);
	deliver(j, j->batch);
	if (result > 0) {
		if (j->pace.entries >= JOURNAL_BATCH_ENTRIES)
			begin_ahead(j);
		timer_arm(j->again, 0);
		return;
	}
	j->pace = (struct journal_pace){0};
	if (result < 0)
		log_error("could not read the journal: %s", strerror(-result));
	news = j->news;
	j->news = false;
	/* Seeking takes a while. What has been read is to count before. */
	j->at_end = j->whole != NULL;
	if (j->at_end)
		timer_arm(j->again, 0);
	source_caught_up(&j->source, news);
}

/* ---- start ---- */

static const struct logpos *
own_position(const struct source_start *start)
{
	for (size_t i = 0; i < start->npos; i++)
		if (start->pos[i].cursor != NULL)
			return &start->pos[i];
	return NULL;
}

/* The entry of the cursor has been read. If it is gone, sd-journal seeks to one
 * beside it, which has not. With other matches than then it is only passed
 * over. */
static int
seek_cursor(struct journal *j, const char *spec, const struct logpos *pos)
{
	int result = sd_journal_seek_cursor(j->journal, pos->cursor);

	if (result >= 0)
		result = sd_journal_next(j->journal);
	if (result < 0)
		return result;
	free(j->cursor);
	j->cursor = alloc_string(pos->cursor);
	if (result > 0 && journal_is_at(j->journal, pos->cursor))
		return 0;
	if (pos->path == NULL || strcmp(pos->path, spec) == 0)
		log_warning("journal: the entry that was read last is gone, "
			    "others after it may be gone, too, and their "
			    "logins are lost; reading on");
	return sd_journal_seek_cursor(j->journal, pos->cursor);
}

static struct journal_begin
beginning(const struct source_start *start)
{
	const struct logpos *pos = own_position(start);
	struct journal_begin begin = {0};

	if (start->beginning)
		return begin;
	begin.usec = since_usec(start->since);
	if (pos != NULL)
		begin.cursor = pos->cursor;
	return begin;
}

static int
seek(struct journal *j, const char *spec, const struct source_start *start)
{
	struct journal_begin begin = beginning(start);

	if (begin.cursor != NULL &&
	    seek_cursor(j, spec, own_position(start)) >= 0) {
		log_info("resumed the journal");
		return 0;
	}
	begin.cursor = NULL;
	return journal_seek(j->journal, &begin);
}

/* ---- life ---- */

static void
close_journal(struct source *source)
{
	struct journal *j = (struct journal *)source;

	if (j->fd >= 0)
		loop_unwatch(source->loop, j->fd);
	journal_ahead_free(&j->ahead);
	journal_history_free(&j->history);
	sd_journal_close(j->journal);
	sd_journal_close(j->whole);
	mounts_free(&j->mounts);
	timer_free(&j->again);
	journal_reader_clear(&j->reader);
	journal_batch_free(&j->batch);
	journal_spec_clear(&j->spec);
	free(j->cursor);
	free(j);
}

static int
open_and_look(struct journal *j, const struct journal_begin *begin,
	      struct err *err)
{
	const struct source_sink *sink = &j->source.sink;
	const struct journal_past past = {sink->past, sink->arg};

	if (journal_window_open(&j->spec, begin, &j->journal,
				j->source.once ? NULL : &j->whole, err) != 0)
		return -1;
	return journal_past_look(j->journal, &j->reader, begin, &past, &j->cuts,
				 err);
}

static void on_change(void *arg, uint32_t events);

/* What tells of new entries. */
static sd_journal *
followed(const struct journal *j)
{
	return j->whole != NULL ? j->whole : j->journal;
}

static int
seek_and_watch(struct journal *j, const char *spec,
	       const struct source_start *start, struct err *err)
{
	int result = seek(j, spec, start);

	if (result < 0)
		return err_set(err, "journal: seek: %s", strerror(-result));
	if (j->source.once)
		return 0;
	result = sd_journal_get_fd(followed(j));
	if (result < 0)
		return err_set(err, "journal: watch: %s", strerror(-result));
	j->fd = result;
	if (loop_watch(j->source.loop, j->fd, POLLIN, on_change, j, err) != 0)
		return err_prefix(err, "journal");
	return 0;
}

/* ---- a journal that becomes persistent ---- */

static void watch_persistent(struct journal *);

/* Opens the journal again, and reads on. */
static int
reopen(struct journal *j, struct err *err)
{
	sd_journal *old = j->journal;
	struct logpos pos = {0};
	struct source_start start = {.since = j->since, .pos = &pos};
	int result;

	start.npos = get_position(j, &pos) == 0;
	j->journal = NULL;
	result = journal_open_matching(&j->spec, &j->journal, err);
	if (result != 0) {
		sd_journal_close(j->journal);
		j->journal = old;
	} else {
		loop_unwatch(j->source.loop, j->fd);
		sd_journal_close(old);
		sd_journal_close(j->whole);
		j->whole = NULL;
		j->at_end = false;
		result = seek_and_watch(j, j->source.spec, &start, err);
	}
	logpos_clear(&pos);
	return result;
}

/*
 * sd-journal watches only the directories that exist when it is opened. When
 * "journalctl --flush" moves the journal to a new one, it sees no more than
 * that the old one is removed. A mount, too, may bring a new one.
 */
static void
check_persistent(void *arg)
{
	struct journal *j = arg;
	const struct source_sink *sink = &j->source.sink;
	struct err err;

	if (j->mounts == NULL || !mounts_has_moved(j->mounts))
		return;
	if (sink->shut_out != NULL && mounts_shut_out(j->mounts))
		sink->shut_out(sink->arg, "in a new directory");
	mounts_free(&j->mounts);
	watch_persistent(j);
	if (reopen(j, &err) != 0)
		log_error("%s", err.text);
	timer_arm(j->again, 0);
}

static void
watch_persistent(struct journal *j)
{
	j->mounts = mounts_new(j->source.loop, PERSISTENT, check_persistent, j);
}

static void
on_change(void *arg, uint32_t events)
{
	struct journal *j = arg;
	int result = sd_journal_process(followed(j));

	(void)events;
	if (result == SD_JOURNAL_INVALIDATE)
		check_persistent(j);
	if (result != SD_JOURNAL_NOP)
		read_round(j);
}

/* ---- open and close ---- */

static struct source *
open_journal(const char *spec, struct loop *loop,
	     const struct source_start *start, const struct source_sink *sink,
	     struct err *err)
{
	struct journal *j = alloc_zero(1, sizeof(*j));
	struct journal_begin begin = beginning(start);

	j->source.loop = loop;
	j->source.sink = *sink;
	j->source.once = start->once;
	j->fd = -1;
	journal_reader_init(&j->reader, &j->spec);
	j->batch = journal_batch_new();
	j->again = timer_new(loop, read_round, j);
	j->since = start->since;
	if (journal_spec_parse(&j->spec, spec, err) != 0 ||
	    open_and_look(j, &begin, err) != 0 ||
	    seek_and_watch(j, spec, start, err) != 0) {
		close_journal(&j->source);
		return NULL;
	}
	begin.cursor = j->cursor;
	j->history = journal_history_new(&j->reader, &begin);
	if (!start->once && j->spec.directory == NULL)
		watch_persistent(j);
	log_info("following the journal");
	timer_arm(j->again, 0);
	return &j->source;
}

static int
position(struct source *source, size_t i, struct logpos *pos)
{
	struct journal *j = (struct journal *)source;

	if (i > 0 || get_position(j, pos) != 0)
		return -1;
	pos->path = alloc_string(source->spec);
	return 0;
}

const struct source_ops source_journal = {
    .type = "journal",
    .open = open_journal,
    .position = position,
    .close = close_journal,
};
