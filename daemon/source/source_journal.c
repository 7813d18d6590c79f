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
#include "base/linebuf.h"
#include "base/log.h"
#include "base/loop.h"
#include "daemon/source/mounts.h"
#include "daemon/source/source.h"

static const char SPEC[] = "journal:";

/* Any name in the directory of the journals that outlive a boot. */
static const char PERSISTENT[] = "/var/log/journal/any";

/* ROUND: after so many entries the loop handles signals and publishing. */
enum { ROUND = 10000, HEADER_MAX = 512 };

struct journal {
	struct source source;
	sd_journal *journal;
	int fd;
	struct mounts *mounts; /* of PERSISTENT; NULL: named, or read once */
	time_t since;	       /* where to begin while no entry was read */
	struct timer *again;
	bool matched;	 /* the administrator selected the entries */
	bool distrusted; /* that an entry was ignored has been logged */
	char *cursor;	 /* of the last run, until an entry is read */
	char line[HEADER_MAX + LINEBUF_LINE_MAX];
};

/* ---- an entry as a line ---- */

struct field {
	const char *bytes;
	size_t len;
};

static bool
get(struct journal *j, const char *name, struct field *field)
{
	const void *data;
	size_t len, skip = strlen(name) + 1;

	if (sd_journal_get_data(j->journal, name, &data, &len) < 0 ||
	    len < skip)
		return false;
	field->bytes = (const char *)data + skip;
	field->len = len - skip;
	return true;
}

/* The client of the journal chooses these fields. An entry is refused if one
 * could shift the header of the line. */
static bool
is_word(const struct field *field)
{
	for (size_t i = 0; i < field->len; i++)
		if ((unsigned char)field->bytes[i] <= ' ' ||
		    strchr(":[]", field->bytes[i]) != NULL)
			return false;
	return field->len > 0 && field->len < HEADER_MAX / 4;
}

/* Appends a field between two strings. False if it is not a word. */
static bool
put_word(struct journal *j, size_t *len, const char *before,
	 const struct field *field, const char *after)
{
	int n;

	if (!is_word(field))
		return false;
	n = snprintf(j->line + *len, HEADER_MAX - *len, "%s%.*s%s", before,
		     (int)field->len, field->bytes, after);
	*len += (size_t)n;
	return *len < HEADER_MAX;
}

static size_t
put_stamp(struct journal *j, uint64_t usec)
{
	time_t seconds = (time_t)(usec / 1000000);
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(j->line, HEADER_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	len += (size_t)snprintf(j->line + len, HEADER_MAX - len, ".%06u+00:00 ",
				(unsigned int)(usec % 1000000));
	return len;
}

static size_t
put_text(struct journal *j, size_t len, const char *before,
	 const struct field *text)
{
	size_t n = strlen(before);

	if (text->len > LINEBUF_LINE_MAX ||
	    memchr(text->bytes, '\n', text->len) != NULL)
		return 0;
	memcpy(j->line + len, before, n);
	memcpy(j->line + len + n, text->bytes, text->len);
	return len + n + text->len;
}

/*
 * Docker's and Podman's journald driver give each line that a container prints
 * the tag of the container. If the administrator selected the entries, their
 * text is the line, and is handed on with the prefix of CRI, which the reader
 * takes off: "2026-11-21T02:11:07.000123+00:00 stderr F line".
 */
static size_t
build_container_line(struct journal *j, size_t len)
{
	struct field field;
	bool partial = get(j, "CONTAINER_PARTIAL_MESSAGE", &field);

	if (!get(j, "MESSAGE", &field))
		return 0;
	return put_text(j, len, partial ? "stderr P " : "stderr F ", &field);
}

/* Builds "2026-11-21T02:11:07.000123+00:00 mail dovecot[42]: text". 0 if the
 * entry does not make a line. */
static size_t
build_line(struct journal *j)
{
	uint64_t usec;
	struct field field;
	size_t len;

	if (sd_journal_get_realtime_usec(j->journal, &usec) < 0)
		return 0;
	len = put_stamp(j, usec);
	if (j->matched && get(j, "CONTAINER_NAME", &field))
		return build_container_line(j, len);
	if (!get(j, "_HOSTNAME", &field) || !put_word(j, &len, "", &field, " "))
		return 0;
	if ((!get(j, "SYSLOG_IDENTIFIER", &field) &&
	     !get(j, "_COMM", &field)) ||
	    !put_word(j, &len, "", &field, ""))
		return 0;
	if (get(j, "_PID", &field) || get(j, "SYSLOG_PID", &field))
		put_word(j, &len, "[", &field, "]");
	return get(j, "MESSAGE", &field) ? put_text(j, len, ": ", &field) : 0;
}

/* ---- trust ---- */

static bool
is_zero(struct journal *j, const char *name)
{
	struct field field;

	return get(j, name, &field) && field.len == 1 && *field.bytes == '0';
}

/*
 * Any local user may write to the journal under the name of dovecot. But fields
 * that begin with _ are set by journald itself, and a server does not run in
 * the session of a user: systemd.journal-fields(7). Without a control group,
 * because the process ended before journald looked, an entry is not trusted.
 */
static bool
is_from_server(struct journal *j)
{
	struct field field;

	if (is_zero(j, "_UID"))
		return true;
	return get(j, "_SYSTEMD_CGROUP", &field) &&
	       (!get(j, "_SYSTEMD_OWNER_UID", &field) ||
		is_zero(j, "_SYSTEMD_OWNER_UID"));
}

static bool
is_trusted(struct journal *j)
{
	struct field uid;

	if (j->matched || is_from_server(j))
		return true;
	/* Entries of the kernel have no user; they are no reason to warn. */
	if (!j->distrusted && get(j, "_UID", &uid)) {
		log_info("journal: ignoring entries that users wrote in their "
			 "own sessions, first uid %.*s",
			 uid.len < 11 ? (int)uid.len : 11, uid.bytes);
		j->distrusted = true;
	}
	return false;
}

/* ---- reading ---- */

static void
read_round(void *arg)
{
	struct journal *j = arg;
	const struct source_sink *sink = &j->source.sink;
	int entries = 0, result;
	size_t len;

	while ((result = sd_journal_next(j->journal)) > 0) {
		free(j->cursor);
		j->cursor = NULL;
		len = build_line(j);
		if (len > 0 && is_trusted(j))
			sink->line(sink->arg, j->line, len);
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

/* The entry of the cursor has been read. If it is gone, sd-journal seeks to one
 * beside it, which has not. */
static int
seek_cursor(struct journal *j, const char *cursor)
{
	int result = sd_journal_seek_cursor(j->journal, cursor);

	if (result < 0)
		return result;
	result = sd_journal_next(j->journal);
	if (result > 0 && sd_journal_test_cursor(j->journal, cursor) <= 0)
		sd_journal_previous(j->journal);
	if (result >= 0)
		j->cursor = alloc_string(cursor);
	return result;
}

static int
seek(struct journal *j, const struct source_start *start)
{
	const struct logpos *pos = own_position(start);

	if (start->beginning)
		return sd_journal_seek_head(j->journal);
	if (pos != NULL && seek_cursor(j, pos->cursor) >= 0) {
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
	free(j->cursor);
	free(j);
}

/* Adds one word of journalctl(1)'s syntax. */
static int
add_match(struct journal *j, const char *word, struct err *err)
{
	int result = strcmp(word, "+") == 0
			 ? sd_journal_add_disjunction(j->journal)
			 : sd_journal_add_match(j->journal, word, 0);

	j->matched = true;
	if (result == -EINVAL)
		return err_set(err, "journal: '%s' is not FIELD=VALUE", word);
	if (result < 0)
		return err_set(err, "journal: %s: %s", word, strerror(-result));
	return 0;
}

static int
open_directory(struct journal *j, const char *directory, struct err *err)
{
	int result = directory != NULL
			 ? sd_journal_open_directory(&j->journal, directory, 0)
			 : sd_journal_open(&j->journal, SD_JOURNAL_LOCAL_ONLY |
							    SD_JOURNAL_SYSTEM);

	if (result < 0)
		return err_set(err, "journal: open: %s", strerror(-result));
	sd_journal_set_data_threshold(j->journal, 0);
	return 0;
}

/* Opens "[DIRECTORY] [MATCH ...]", which is split in place. */
static int
open_words(struct journal *j, char *words, struct err *err)
{
	static const char blanks[] = " \t";
	char *at = NULL, *word = strtok_r(words, blanks, &at);
	bool named = word != NULL && *word == '/';

	if (open_directory(j, named ? word : NULL, err) != 0)
		return -1;
	if (named)
		word = strtok_r(NULL, blanks, &at);
	for (; word != NULL; word = strtok_r(NULL, blanks, &at))
		if (add_match(j, word, err) != 0)
			return -1;
	return 0;
}

static int
open_spec(struct journal *j, const char *spec, struct err *err)
{
	char *words = alloc_string(spec + strlen(SPEC));
	int result;

	j->matched = false;
	result = open_words(j, words, err);
	free(words);
	return result;
}

static void on_change(void *arg, uint32_t events);

static int
begin(struct journal *j, const struct source_start *start, struct err *err)
{
	int result = seek(j, start);

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
	result = open_spec(j, j->source.spec, err);
	if (result != 0) {
		sd_journal_close(j->journal);
		j->journal = old;
	} else {
		loop_unwatch(j->source.loop, j->fd);
		sd_journal_close(old);
		result = begin(j, &start, err);
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
	j->again = timer_new(loop, read_round, j);
	j->since = start->since;
	if (open_spec(j, spec, err) != 0 || begin(j, start, err) != 0) {
		close_journal(&j->source);
		return NULL;
	}
	if (!start->once && spec[strlen(SPEC)] != '/')
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
