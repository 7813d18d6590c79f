#include "daemon/source/source_journal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/source/journal_entry.h"
#include "daemon/source/mounts.h"
#include "daemon/source/source.h"

static const char SPEC[] = "journal:";

/* Any name in the directory of the journals that outlive a boot. */
static const char PERSISTENT[] = "/var/log/journal/any";

/* ROUND: after so many entries the loop handles signals and publishing.
 * PAST_ENTRIES: a line has fewer parts. */
enum { ROUND = 10000, WORDS_MAX = 64, PAST_ENTRIES = 16 };

struct journal {
	struct source source;
	sd_journal *journal;
	int fd;
	struct mounts *mounts; /* of PERSISTENT; NULL: named, or read once */
	time_t since;	       /* where to begin while no entry was read */
	struct timer *again;
	bool selected;	 /* the administrator said who writes */
	bool distrusted; /* that an entry was ignored has been logged */
	char *cursor;	 /* of the last run, until an entry is read */
	struct journal_entry *entry;
	struct journal_cuts cuts;
	const char *directory;	       /* NULL: this machine's; in text, */
	char *words[WORDS_MAX], *text; /* the spec, which is split in place */
	size_t nwords;
};

/* ---- one entry ---- */

/* All fields at once: each question to sd-journal for one field walks through
 * those before it. False: it could not be read. */
static bool
read_entry(sd_journal *journal, struct journal_entry *entry)
{
	const void *data;
	uint64_t usec;
	size_t len;

	if (sd_journal_get_realtime_usec(journal, &usec) < 0)
		return false;
	journal_entry_begin(entry, usec);
	sd_journal_restart_data(journal);
	while (sd_journal_enumerate_data(journal, &data, &len) > 0)
		journal_entry_field(entry, data, len);
	return true;
}

/*
 * Any local user may write to the journal under the name of dovecot. A
 * selection by a field that journald sets is the administrator's word for it.
 */
static bool
is_trusted(struct journal *j)
{
	const char *writer;

	if (j->selected || journal_entry_is_server(j->entry))
		return true;
	/* Entries of the kernel have no user; they are no reason to warn. */
	if (!j->distrusted &&
	    (writer = journal_entry_writer(j->entry)) != NULL) {
		log_info("journal: ignoring entries that no server's unit "
			 "wrote, first those of %s",
			 writer);
		j->distrusted = true;
	}
	return false;
}

/* ---- reading ---- */

static void
deliver(struct journal *j)
{
	const struct source_sink *sink = &j->source.sink;
	const char *line;
	size_t len;
	bool is_line, is_rest;

	if (!read_entry(j->journal, j->entry))
		return;
	is_line = journal_entry_line(j->entry, j->nwords > 0, &line, &len);
	if (!is_trusted(j))
		return;
	is_rest = journal_cuts_take(&j->cuts, j->entry);
	if (is_line && !is_rest)
		sink->line(sink->arg, line, len);
	else if (is_line && sink->rest != NULL)
		sink->rest(sink->arg, line, len);
}

static void
read_round(void *arg)
{
	struct journal *j = arg;
	int entries = 0, result;

	while ((result = sd_journal_next(j->journal)) > 0) {
		free(j->cursor);
		j->cursor = NULL;
		deliver(j);
		if (++entries == ROUND) {
			timer_arm(j->again, 0);
			return;
		}
	}
	if (result < 0)
		log_error("could not read the journal: %s", strerror(-result));
	source_caught_up(&j->source, entries > 0);
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

/* Whether the current entry is that of the cursor. After "journalctl --flush"
 * it has another number in another file, but not another time and content. */
static bool
is_at(sd_journal *journal, const char *cursor)
{
	static const char boot[] = ";b=";
	const char *wanted = strstr(cursor, boot), *here;
	char *current;
	bool same;

	if (sd_journal_get_cursor(journal, &current) < 0)
		return false;
	here = strstr(current, boot);
	same = wanted != NULL && here != NULL && strcmp(wanted, here) == 0;
	free(current);
	return same;
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
	j->cursor = alloc_string(pos->cursor);
	if (result > 0 && is_at(j->journal, pos->cursor))
		return 0;
	if (pos->path == NULL || strcmp(pos->path, spec) == 0)
		log_warning("journal: the entry that was read last is gone, "
			    "others after it may be gone, too, and their "
			    "logins are lost; reading on");
	return sd_journal_seek_cursor(j->journal, pos->cursor);
}

static int
seek(struct journal *j, const char *spec, const struct source_start *start)
{
	const struct logpos *pos = own_position(start);

	if (start->beginning)
		return sd_journal_seek_head(j->journal);
	if (pos != NULL && seek_cursor(j, spec, pos) >= 0) {
		log_info("resumed the journal");
		return 0;
	}
	return sd_journal_seek_realtime_usec(
	    j->journal,
	    start->since > 0 ? (uint64_t)start->since * 1000000 : 0);
}

/* ---- life ---- */

static void
close_journal(struct source *source)
{
	struct journal *j = (struct journal *)source;

	if (j->fd >= 0)
		loop_unwatch(source->loop, j->fd);
	sd_journal_close(j->journal);
	mounts_free(&j->mounts);
	timer_free(&j->again);
	journal_entry_free(&j->entry);
	free(j->cursor);
	free(j->text);
	free(j);
}

static int
open_directory(sd_journal **journal, const char *directory, struct err *err)
{
	/* Not only the system's: what a service writes that runs as a user is
	 * in the journal of that user. */
	int result = directory != NULL
			 ? sd_journal_open_directory(journal, directory, 0)
			 : sd_journal_open(journal, SD_JOURNAL_LOCAL_ONLY);

	if (result < 0)
		return err_set(err, "journal: open: %s", strerror(-result));
	sd_journal_set_data_threshold(*journal, 0);
	return 0;
}

/* Adds one word of journalctl(1)'s syntax. */
static int
add_match(sd_journal *journal, const char *word, struct err *err)
{
	int result = strcmp(word, "+") == 0
			 ? sd_journal_add_disjunction(journal)
			 : sd_journal_add_match(journal, word, 0);

	if (result == -EINVAL)
		return err_set(err, "journal: '%s' is not FIELD=VALUE", word);
	if (result < 0)
		return err_set(err, "journal: %s: %s", word, strerror(-result));
	return 0;
}

static int
open_matching(const struct journal *j, sd_journal **journal, struct err *err)
{
	if (open_directory(journal, j->directory, err) != 0)
		return -1;
	for (size_t i = 0; i < j->nwords; i++)
		if (add_match(*journal, j->words[i], err) != 0)
			return -1;
	return 0;
}

/* Takes "[DIRECTORY] [MATCH ...]" apart. -1: there are too many. */
static int
take_spec(struct journal *j, const char *spec, struct err *err)
{
	static const char blanks[] = " \t";
	char *at = NULL, *word;

	j->text = alloc_string(spec);
	word = strtok_r(j->text + strlen(SPEC), blanks, &at);
	if (word != NULL && *word == '/') {
		j->directory = word;
		word = strtok_r(NULL, blanks, &at);
	}
	for (; word != NULL; word = strtok_r(NULL, blanks, &at)) {
		if (j->nwords == WORDS_MAX)
			return err_set(err, "journal: more than %d matches",
				       WORDS_MAX);
		j->words[j->nwords++] = word;
	}
	j->selected = journal_words_name_writer(j->words, j->nwords);
	return 0;
}

/* ---- before the start ---- */

/* A second reader goes there, so that the first keeps its place. */
static void
seek_start(const struct journal *j, sd_journal *past)
{
	if (j->cursor != NULL)
		sd_journal_seek_cursor(past, j->cursor);
	else
		sd_journal_seek_realtime_usec(past,
					      (uint64_t)j->since * 1000000);
}

/* A service that has not written yet has no entry either, but mostly it is
 * misspelt. */
static void
warn_absent(sd_journal *past, const char *word)
{
	bool bare = strstr(word, "_UNIT=") != NULL && strchr(word, '.') == NULL;

	if (strcmp(word, "+") == 0)
		return;
	sd_journal_flush_matches(past);
	if (sd_journal_add_match(past, word, 0) < 0 ||
	    sd_journal_seek_head(past) < 0 || sd_journal_next(past) != 0)
		return;
	log_warning("journal: no entry so far has %s%s", word,
		    bare ? "; names of units end in .service" : "");
}

/* Whether the last entry of the stream before the start was cut. */
static bool
ends_cut(struct journal *j, sd_journal *past, const char *stream)
{
	char match[JOURNAL_STREAM_MAX + 16];
	int id = (int)strcspn(stream, " ");

	if (*stream == '\0')
		return false;
	sd_journal_flush_matches(past);
	snprintf(match, sizeof(match), "_STREAM_ID=%.*s", id, stream);
	sd_journal_add_match(past, match, 0);
	snprintf(match, sizeof(match), "_PID=%s", stream + id + 1);
	sd_journal_add_match(past, match, 0);
	seek_start(j, past);
	return sd_journal_previous(past) > 0 && read_entry(past, j->entry) &&
	       journal_entry_is_cut(j->entry);
}

/* Finds the streams of which the next entry will be the rest of one before the
 * start: among all that were ever cut, which are few. */
static void
find_cuts(struct journal *j, sd_journal *past)
{
	sd_journal_flush_matches(past);
	sd_journal_add_match(past, "_LINE_BREAK=nul", 0);
	sd_journal_add_match(past, "_LINE_BREAK=line-max", 0);
	sd_journal_add_match(past, "_LINE_BREAK=pid-change", 0);
	seek_start(j, past);
	while (j->cuts.count < JOURNAL_CUTS_MAX &&
	       sd_journal_previous(past) > 0)
		if (read_entry(past, j->entry) &&
		    (j->selected || journal_entry_is_server(j->entry)))
			journal_cuts_take(&j->cuts, j->entry);
	for (size_t i = 0; i < JOURNAL_CUTS_MAX; i++)
		if (!ends_cut(j, past, j->cuts.streams[i]))
			j->cuts.streams[i][0] = '\0';
}

/* Hands out the last entries before the start as such: what a container printed
 * may be in several. */
static void
deliver_past(struct journal *j)
{
	const struct source_sink *sink = &j->source.sink;
	sd_journal *past = NULL;
	const char *line;
	struct err err;
	int back = 0;
	size_t len;

	if (open_matching(j, &past, &err) == 0)
		seek_start(j, past);
	while (back < PAST_ENTRIES && sd_journal_previous(past) > 0)
		back++;
	for (; back > 0; back--) {
		if (read_entry(past, j->entry) &&
		    journal_entry_line(j->entry, true, &line, &len))
			sink->past(sink->arg, line, len);
		if (sd_journal_next(past) <= 0)
			break;
	}
	sd_journal_close(past);
}

static void
look_back(struct journal *j, const struct source_start *start)
{
	const struct source_sink *sink = &j->source.sink;
	sd_journal *past = NULL;
	struct err err;

	if (open_directory(&past, j->directory, &err) != 0)
		return;
	for (size_t i = 0; i < j->nwords; i++)
		warn_absent(past, j->words[i]);
	if (!start->beginning && (j->cursor != NULL || j->since > 0)) {
		find_cuts(j, past);
		if (j->nwords > 0 && sink->past != NULL)
			deliver_past(j);
	}
	sd_journal_close(past);
}

static void on_change(void *arg, uint32_t events);

static int
begin(struct journal *j, const char *spec, const struct source_start *start,
      struct err *err)
{
	int result = seek(j, spec, start);

	if (result < 0)
		return err_set(err, "journal: seek: %s", strerror(-result));
	if (j->source.once)
		return 0;
	result = sd_journal_get_fd(j->journal);
	if (result < 0)
		return err_set(err, "journal: watch: %s", strerror(-result));
	j->fd = result;
	if (loop_watch(j->source.loop, j->fd, POLLIN, on_change, j, err) != 0)
		return err_prefix(err, "journal");
	return 0;
}

/* ---- a journal that becomes persistent ---- */

static void watch_persistent(struct journal *);

static int
get_position(struct journal *j, struct logpos *pos)
{
	if (sd_journal_get_cursor(j->journal, &pos->cursor) < 0) {
		if (j->cursor == NULL)
			return -1;
		pos->cursor = alloc_string(j->cursor);
	}
	return 0;
}

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
	result = open_matching(j, &j->journal, err);
	if (result != 0) {
		sd_journal_close(j->journal);
		j->journal = old;
	} else {
		loop_unwatch(j->source.loop, j->fd);
		sd_journal_close(old);
		result = begin(j, j->source.spec, &start, err);
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
		sink->shut_out(sink->arg);
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
	int result = sd_journal_process(j->journal);

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

	j->source.loop = loop;
	j->source.sink = *sink;
	j->source.once = start->once;
	j->fd = -1;
	j->entry = journal_entry_new();
	j->again = timer_new(loop, read_round, j);
	j->since = start->since;
	if (take_spec(j, spec, err) != 0 ||
	    open_matching(j, &j->journal, err) != 0 ||
	    begin(j, spec, start, err) != 0) {
		close_journal(&j->source);
		return NULL;
	}
	look_back(j, start);
	if (!start->once && j->directory == NULL)
		watch_persistent(j);
	log_info("following the journal");
	timer_arm(j->again, 0);
	return &j->source;
}

static int
position(struct source *source, struct logpos *pos)
{
	struct journal *j = (struct journal *)source;

	if (get_position(j, pos) != 0)
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
