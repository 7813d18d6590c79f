/*
 * The archived files of a journal, read without libsystemd: what comes of them
 * is what libsystemd makes of the same files, whatever their format, from any
 * place on, and however the clocks went; and a damaged file is read as far as
 * libsystemd reads it. So does a start that opens only some of the files. The
 * journals are systemd-journal-remote's.
 */
#ifdef WITHOUT_JOURNAL
#include "tests/tap.h"

int
main(void)
{
	tap_skip("journal_history", "built without libsystemd");
	return tap_done();
}
#else
#include "daemon/journal/journal_history.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/journal/journal_ahead.h"
#include "daemon/journal/journal_archive.h"
#include "daemon/journal/journal_entry.h"
#include "daemon/journal/journal_header.h"
#include "daemon/journal/journal_open.h"
#include "daemon/journal/journal_reader.h"
#include "daemon/journal/journal_window.h"
#include "tests/tap.h"

/* STEP: every so many bytes of a file are damaged. */
enum { DIR_LEN = 256, LONG_LINE = 700, STEP = 17 };
static const uint64_t BEGIN = 1800000000000000, SECOND = 1000000;

static const char *remote;

/* ---- writing journals ---- */

static void
find_remote(void)
{
	static const char *const places[] = {
	    "/usr/lib/systemd/systemd-journal-remote",
	    "/lib/systemd/systemd-journal-remote",
	    "/usr/libexec/systemd/systemd-journal-remote"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (access(places[i], X_OK) == 0)
			remote = places[i];
}

/* A journal file to be, as a stream in the format of journalctl -o export. */
struct writer {
	FILE *out;
	char *path;
};

/* format: what comes before and after the program's name. */
static void
begin_file(struct writer *w, const char *dir, const char *name,
	   const char *format)
{
	char *command;

	w->path = alloc_format("%s/%s.journal", dir, name);
	command = alloc_format("%.*s %s %s --output=%s --split-mode=none - "
			       "2>/dev/null",
			       (int)strcspn(format, "-"), format, remote,
			       format + strcspn(format, "-"), w->path);
	w->out = popen(command, "w");
	free(command);
}

__attribute__((format(printf, 4, 5))) static void
entry(struct writer *w, uint64_t usec, char boot, const char *fmt, ...)
{
	va_list ap;

	fprintf(w->out, "__REALTIME_TIMESTAMP=%" PRIu64 "\n", usec);
	fprintf(w->out, "__MONOTONIC_TIMESTAMP=%" PRIu64 "\n",
		usec - BEGIN / 2);
	fprintf(w->out, "_BOOT_ID=0000000000000000000000000000000%c\n", boot);
	fprintf(w->out, "_HOSTNAME=mx\n");
	va_start(ap, fmt);
	vfprintf(w->out, fmt, ap);
	va_end(ap);
	fprintf(w->out, "\n\n");
}

/* One of each kind; n: which. */
static void
some_entry(struct writer *w, int n, uint64_t usec, char boot)
{
	static const char server[] =
	    "SYSLOG_IDENTIFIER=dovecot\n_PID=7\n_UID=0";

	switch (n % 12) {
	case 0:
		entry(w, usec, boot, "%s\nMESSAGE=%0*d", server, LONG_LINE, n);
		return;
	case 1:
		entry(w, usec, boot, "_COMM=app\n_UID=0\nMESSAGE=no tag %d", n);
		return;
	case 2:
		entry(w, usec, boot,
		      "SYSLOG_IDENTIFIER=cron\nSYSLOG_IDENTIFIER=dovecot\n"
		      "_UID=0\nMESSAGE=two tags %d",
		      n);
		return;
	case 3:
		entry(w, usec, boot,
		      "%s\n_STREAM_ID=%032d\n_LINE_BREAK=line-max\n"
		      "MESSAGE=cut %d",
		      server, n, n);
		return;
	case 4:
		entry(w, usec, boot,
		      "SYSLOG_IDENTIFIER=dovecot\n_UID=1000\nMESSAGE=user %d",
		      n);
		return;
	case 5:
		entry(w, usec, boot,
		      "SYSLOG_IDENTIFIER=cron\n_UID=0\nMESSAGE=%0*d", LONG_LINE,
		      n);
		return;
	case 6:
		entry(w, usec, boot, "%s\n_CMDLINE=%0*d\nMESSAGE=args %d",
		      server, LONG_LINE, n, n);
		return;
	case 7:
		entry(w, usec, boot, "%s\nMESSAGE=\r", server);
		return;
	default:
		if (n % 3 > 0)
			entry(w, usec, boot,
			      "SYSLOG_IDENTIFIER=cron\n_UID=0\nMESSAGE=%d", n);
		else
			entry(w, usec, boot, "%s\nMESSAGE=line %d", server, n);
		return;
	}
}

static void
some_entries(struct writer *w, int count, uint64_t usec, uint64_t step,
	     char boot)
{
	for (int n = 0; n < count; n++)
		some_entry(w, n, usec + (uint64_t)n * step, boot);
}

static void
put_u64(unsigned char *at, uint64_t n)
{
	for (int i = 0; i < 8; i++)
		at[i] = (unsigned char)(n >> 8 * i);
}

enum { SCALE = 3 };

static void
scale(unsigned char *number, uint64_t more)
{
	put_u64(number, journal_u64(number) * SCALE + more);
}

/* Gives all entries other numbers, of a sequence of that name. */
static void
renumber(unsigned char *file, uint64_t more, char sequence)
{
	uint64_t at = journal_u64(file + 88), tail = journal_u64(file + 136);

	memset(file + 72, sequence, JOURNAL_ID_BYTES);
	scale(file + 160, more);
	scale(file + 168, more);
	for (; at <= tail; at += (journal_u64(file + at + 8) + 7) / 8 * 8)
		if (file[at] == 3)
			scale(file + at + 16, more);
}

static unsigned char *
map_file(const char *path, size_t *len)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st = {0};
	void *file;

	fstat(fd, &st);
	*len = (size_t)st.st_size;
	file = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return file;
}

/* sequence: of the numbers, which become SCALE times as high, and higher by
 * more; 0: they stay as they are. */
static void
end_file(struct writer *w, bool archived, uint64_t more, char sequence)
{
	unsigned char *file;
	size_t len;

	ok(pclose(w->out) == 0, "%s is written", w->path);
	file = map_file(w->path, &len);
	if (sequence != 0)
		renumber(file, more, sequence);
	file[16] = archived ? 2 : 0;
	munmap(file, len);
	free(w->path);
}

/* ---- reading ---- */

struct got {
	char *text; /* lines and marks */
	size_t len;
	uint64_t entries, left_out, by_history;
	char *cursor;
};

static void
got_clear(struct got *g)
{
	free(g->text);
	free(g->cursor);
	*g = (struct got){0};
}

static void
put_text(struct got *g, const char *text, size_t len)
{
	g->text = alloc_resize(g->text, g->len + len + 1, 1);
	for (; len > 0; len--, text++)
		g->text[g->len++] = *text != '\0' ? *text : '0';
	g->text[g->len] = '\0';
}

/* Lines in their order, each with what was noted of it. */
static void
put_batch(struct got *g, const struct journal_batch *b)
{
	size_t at = 0;
	char note[256];

	for (size_t i = 0; i < b->nmarks; i++) {
		const struct journal_mark *mark = &b->marks[i];

		put_text(g, b->lines + at, mark->at - at);
		snprintf(note, sizeof(note), "<%d %d %d %zu %s>\n",
			 mark->has_line, mark->single, mark->is_cut, mark->len,
			 mark->stream);
		put_text(g, note, strlen(note));
		at = mark->at;
	}
	put_text(g, b->lines + at, b->len - at);
	g->entries += b->entries;
	g->left_out += b->left_out;
	if (b->cursor != NULL) {
		free(g->cursor);
		g->cursor = alloc_string(b->cursor);
	}
}

static bool
is_cron(void *arg, const char *tag, size_t len)
{
	(void)arg;
	return len == 4 && memcmp(tag, "cron", len) == 0;
}

struct reading {
	struct journal_spec spec;
	struct journal_reader reader;
};

static void
reading_init(struct reading *r, const char *dir)
{
	char *spec = alloc_format("journal:%s", dir);
	struct err err;

	journal_spec_parse(&r->spec, spec, &err);
	journal_reader_init(&r->reader, &r->spec);
	journal_tags_ignored(&r->reader.tags, "cron", 4);
	journal_tags_ask(&r->reader.tags, is_cron, NULL);
	free(spec);
}

static void
reading_clear(struct reading *r)
{
	journal_reader_clear(&r->reader);
	journal_spec_clear(&r->spec);
}

static void
seek_to(sd_journal *journal, const struct journal_begin *begin)
{
	if (begin->cursor == NULL) {
		if (begin->usec > 0)
			sd_journal_seek_realtime_usec(journal, begin->usec);
		else
			sd_journal_seek_head(journal);
		return;
	}
	sd_journal_seek_cursor(journal, begin->cursor);
	if (sd_journal_next(journal) > 0 &&
	    sd_journal_test_cursor(journal, begin->cursor) <= 0)
		sd_journal_seek_cursor(journal, begin->cursor);
}

/* And closes it. */
static void
read_on(struct reading *r, sd_journal *journal,
	const struct journal_begin *begin, struct got *g)
{
	struct journal_batch *batch = journal_batch_new();
	uint64_t usec;

	seek_to(journal, begin);
	while (sd_journal_next(journal) > 0) {
		if (sd_journal_get_realtime_usec(journal, &usec) < 0)
			continue;
		journal_batch_reset(batch);
		journal_reader_take(&r->reader, journal, usec, batch);
		sd_journal_get_cursor(journal, &batch->cursor);
		put_batch(g, batch);
	}
	sd_journal_close(journal);
	journal_batch_free(&batch);
}

/* The judge. */
static void
by_libsystemd(struct reading *r, const struct journal_begin *begin,
	      struct got *g)
{
	sd_journal *journal;
	struct err err;

	if (journal_open_matching(&r->spec, &journal, &err) == 0)
		read_on(r, journal, begin, g);
	else
		sd_journal_close(journal);
}

/* With the files alone that a start opens. Returns whether those are all. */
static bool
by_window(struct reading *r, const struct journal_begin *begin, struct got *g)
{
	sd_journal *journal, *whole = NULL;
	struct err err;

	put_text(g, "", 0);
	if (journal_window_open(&r->spec, begin, &journal, &whole, &err) == 0)
		read_on(r, journal, begin, g);
	else
		sd_journal_close(journal);
	sd_journal_close(whole);
	return whole == NULL;
}

static void
by_history(struct reading *r, const struct journal_begin *begin, struct got *g)
{
	struct journal_history *h = journal_history_new(&r->reader, begin);
	struct journal_begin on = *begin;
	const struct journal_batch *batch;

	while (h != NULL && (batch = journal_history_next(h)) != NULL)
		put_batch(g, batch);
	journal_history_free(&h);
	g->by_history = g->entries;
	if (g->cursor != NULL)
		on.cursor = g->cursor;
	by_libsystemd(r, &on, g);
}

static bool
is_same(const struct got *a, const struct got *b)
{
	return a->entries == b->entries && a->left_out == b->left_out &&
	       a->len == b->len && memcmp(a->text, b->text, a->len) == 0 &&
	       (a->cursor == NULL || strcmp(a->cursor, b->cursor) == 0);
}

static bool
begins_with(const struct got *longer, const struct got *shorter)
{
	return longer->entries > shorter->entries &&
	       longer->len >= shorter->len &&
	       memcmp(longer->text, shorter->text, shorter->len) == 0;
}

/* All read from there on. Returns how many entries libsystemd was not needed
 * for, or -1: they differ. more: whether ours may go on. */
static int64_t
both(const char *dir, const struct journal_begin *begin, bool more)
{
	struct got judge = {0}, own = {0}, window = {0};
	struct reading r;
	int64_t result = -1;

	reading_init(&r, dir);
	put_text(&judge, "", 0);
	put_text(&own, "", 0);
	by_libsystemd(&r, begin, &judge);
	by_history(&r, begin, &own);
	by_window(&r, begin, &window);
	if ((is_same(&judge, &own) || (more && begins_with(&own, &judge))) &&
	    is_same(&judge, &window))
		result = (int64_t)own.by_history;
	got_clear(&window);
	got_clear(&judge);
	got_clear(&own);
	reading_clear(&r);
	return result;
}

static void
check_all(const char *dir, uint64_t archived, const char *name)
{
	const struct journal_begin begin = {0};

	is_int(both(dir, &begin, false), (long long)archived, "%s: all of it",
	       name);
}

/* ---- directories ---- */

static void
make_dir(char dir[DIR_LEN])
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, DIR_LEN, "%s/pbs-history-XXXXXX",
		 tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(dir) == NULL)
		abort();
}

static void
remove_dir(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(dir);
}

/* ---- tests ---- */

enum { COUNT = 60 };

static void
formats(void)
{
	static const char *const rows[] = {
	    "env SYSTEMD_JOURNAL_COMPACT=1 SYSTEMD_JOURNAL_KEYED_HASH=1",
	    "env SYSTEMD_JOURNAL_COMPACT=0 SYSTEMD_JOURNAL_KEYED_HASH=1",
	    "env SYSTEMD_JOURNAL_COMPACT=1 --compress=no",
	    ("env SYSTEMD_JOURNAL_COMPACT=0 SYSTEMD_JOURNAL_KEYED_HASH=0 "
	     "--compress=no"),
	};
	struct writer w;
	char dir[DIR_LEN];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_dir(dir);
		begin_file(&w, dir, "system@1", rows[i]);
		some_entries(&w, COUNT, BEGIN, SECOND, 'a');
		end_file(&w, true, 0, 0);
		check_all(dir, COUNT, rows[i]);
		remove_dir(dir);
	}
}

/* The clock was set back in the first of two files, and after it. */
static void
write_clocks(const char *dir)
{
	struct writer w;

	begin_file(&w, dir, "system@1", "env");
	some_entries(&w, COUNT, BEGIN, SECOND, 'a');
	some_entries(&w, COUNT, BEGIN + 20 * SECOND, SECOND, 'a');
	end_file(&w, true, 0, 's');
	begin_file(&w, dir, "system@2", "env");
	some_entries(&w, COUNT, BEGIN + 10 * SECOND, SECOND, 'a');
	end_file(&w, true, 2 * COUNT * SCALE, 's');
}

/* One file for two boots, then one of a third, then what is still written. */
static void
write_boots(const char *dir)
{
	struct writer w;

	begin_file(&w, dir, "system@1", "env");
	some_entries(&w, COUNT, BEGIN, SECOND, 'a');
	some_entries(&w, COUNT, BEGIN + COUNT * SECOND, SECOND, 'b');
	end_file(&w, true, 0, 's');
	begin_file(&w, dir, "system@2", "env SYSTEMD_JOURNAL_COMPACT=0");
	some_entries(&w, COUNT, BEGIN + 2 * COUNT * SECOND, SECOND, 'c');
	end_file(&w, true, 2 * COUNT * SCALE, 's');
	begin_file(&w, dir, "system", "env");
	some_entries(&w, COUNT, BEGIN + 3 * COUNT * SECOND, SECOND, 'c');
	end_file(&w, false, 3 * COUNT * SCALE, 's');
}

/* Users' files beside the system's, one of them still open; their numbers come
 * between. */
static void
write_users(const char *dir)
{
	struct writer w;

	begin_file(&w, dir, "system@1", "env");
	some_entries(&w, COUNT, BEGIN, SECOND, 'a');
	end_file(&w, true, 0, 's');
	begin_file(&w, dir, "user-1000@1", "env");
	some_entries(&w, COUNT, BEGIN + SECOND / 3, SECOND, 'a');
	end_file(&w, true, 1, 's');
	begin_file(&w, dir, "user-1001", "env");
	some_entries(&w, COUNT, BEGIN + SECOND / 2, SECOND, 'a');
	end_file(&w, false, 2, 's');
}

/* Two machines, each with numbers of its own, at the same time. */
static void
write_machines(const char *dir)
{
	struct writer w;

	begin_file(&w, dir, "remote-a@1", "env");
	some_entries(&w, COUNT, BEGIN, SECOND, 'a');
	end_file(&w, true, 0, 's');
	begin_file(&w, dir, "remote-b@1", "env");
	some_entries(&w, COUNT, BEGIN + SECOND / 3, SECOND, 'b');
	end_file(&w, true, 5, 't');
}

static void
copy(const char *dir, const char *from, const char *to)
{
	char *command = alloc_format("cp '%s/%s.journal' '%s/%s.journal'", dir,
				     from, dir, to);

	ok(system(command) == 0, "%s is copied", from);
	free(command);
}

/* The same file under two names. */
static void
write_copies(const char *dir)
{
	struct writer w;

	begin_file(&w, dir, "system@1", "env");
	some_entries(&w, COUNT, BEGIN, SECOND, 'a');
	end_file(&w, true, 0, 's');
	copy(dir, "system@1", "system@2");
}

/* Where each entry is. */
struct places {
	char *cursors[6 * COUNT];
	uint64_t usecs[6 * COUNT];
	size_t count;
};

static void
places_clear(struct places *p)
{
	while (p->count > 0)
		free(p->cursors[--p->count]);
}

static void
find_places(const char *dir, struct places *p)
{
	sd_journal *journal;

	*p = (struct places){0};
	sd_journal_open_directory(&journal, dir, 0);
	sd_journal_seek_head(journal);
	while (sd_journal_next(journal) > 0) {
		sd_journal_get_cursor(journal, &p->cursors[p->count]);
		sd_journal_get_realtime_usec(journal, &p->usecs[p->count++]);
	}
	sd_journal_close(journal);
}

/* more: by time, libsystemd leaves out what came after a clock was set back to
 * before the beginning. */
static void
check_places(const char *dir, const char *name, bool more)
{
	struct places p;
	int by_cursor = 0, by_time = 0;

	find_places(dir, &p);
	for (size_t i = 0; i < p.count; i += 11) {
		struct journal_begin after = {.cursor = p.cursors[i]};
		struct journal_begin since = {.usec = p.usecs[i]};

		by_cursor += both(dir, &after, false) < 0;
		by_time += both(dir, &since, more) < 0;
	}
	is_int(by_cursor, 0, "%s: after any entry", name);
	is_int(by_time, 0, "%s: from any time on", name);
	places_clear(&p);
}

static void
several_files(void)
{
	static const struct {
		const char *name;
		void (*write)(const char *dir);
		uint64_t archived; /* entries until the last in such a file */
		bool more;
	} rows[] = {
	    {"clocks", write_clocks, 3 * COUNT, true},
	    {"boots", write_boots, 3 * COUNT, false},
	    {"users", write_users, 3 * COUNT - 1, false},
	    {"machines", write_machines, 2 * COUNT, false},
	    {"copies", write_copies, COUNT, false},
	};
	char dir[DIR_LEN];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_dir(dir);
		rows[i].write(dir);
		check_all(dir, rows[i].archived, rows[i].name);
		check_places(dir, rows[i].name, rows[i].more);
		remove_dir(dir);
	}
}

/* Two files of one sequence, between which the clock was set back. */
static void
write_slices(const char *dir)
{
	struct writer w;

	begin_file(&w, dir, "system@1", "env");
	some_entry(&w, 9, BEGIN, 'a');
	some_entry(&w, 9, BEGIN + 10 * SECOND, 'a');
	end_file(&w, true, 0, 's');
	begin_file(&w, dir, "system", "env");
	some_entry(&w, 9, BEGIN - 10 * SECOND, 'a');
	some_entry(&w, 9, BEGIN - 5 * SECOND, 'a');
	some_entry(&w, 9, BEGIN + 20 * SECOND, 'a');
	end_file(&w, false, 10, 's');
}

/* By threads after the first entry, and by libsystemd alone where they end. */
static void
by_slices(struct reading *r, const char *first, struct got *g)
{
	struct journal_pace pace = {.cursor = first,
				    .usec = BEGIN,
				    .entries = JOURNAL_BATCH_ENTRIES,
				    .took_usec = 5 * SECOND};
	struct journal_ahead *ahead =
	    journal_ahead_new(&r->spec, &r->reader.tags, &pace);
	struct journal_begin on = {.cursor = first};
	const struct journal_batch *batch;

	while (ahead != NULL && (batch = journal_ahead_next(ahead)) != NULL)
		put_batch(g, batch);
	journal_ahead_free(&ahead);
	if (g->cursor != NULL)
		on.cursor = g->cursor;
	by_libsystemd(r, &on, g);
}

/* Several threads lose no entry where a clock was set back. */
static void
slices(void)
{
	struct got got = {0};
	struct reading r;
	struct places p;
	char dir[DIR_LEN];

	make_dir(dir);
	write_slices(dir);
	find_places(dir, &p);
	reading_init(&r, dir);
	by_slices(&r, p.cursors[0], &got);
	is_int((long long)got.entries, 4, "slices: every entry is read once");
	got_clear(&got);
	reading_clear(&r);
	places_clear(&p);
	remove_dir(dir);
}

/* ---- what a start opens ---- */

/* An old file with this field, and one that is still written. */
static void
write_break(const char *dir, const char *field)
{
	struct writer w;

	begin_file(&w, dir, "system@1", "env");
	entry(&w, BEGIN, 'a', "_PID=7\n_STREAM_ID=%032d\n%s\nMESSAGE=old", 7,
	      field);
	end_file(&w, true, 0, 's');
	begin_file(&w, dir, "system", "env");
	some_entries(&w, COUNT, BEGIN + COUNT * SECOND, SECOND, 'a');
	end_file(&w, false, COUNT * SCALE, 's');
}

/* Files without anything that a start needs stay closed; a line that was cut is
 * needed, however old it is. */
static void
windows(void)
{
	static const struct {
		const char *name, *field;
		bool all;
	} rows[] = {
	    {"no break", "SYSLOG_IDENTIFIER=x", false},
	    {"the end", "_LINE_BREAK=eof", false},
	    {"a cut", "_LINE_BREAK=nul", true},
	    {"the end, a cut", "_LINE_BREAK=eof\n_LINE_BREAK=line-max", true},
	    {"a cut, the end", "_LINE_BREAK=nul\n_LINE_BREAK=eof", true},
	    {"a container's part", "CONTAINER_PARTIAL_MESSAGE=true", true},
	};
	struct places p;
	char dir[DIR_LEN];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct journal_begin since = {.usec = BEGIN + SECOND}, after;
		struct got got = {0};
		struct reading r;

		make_dir(dir);
		write_break(dir, rows[i].field);
		reading_init(&r, dir);
		is_int(by_window(&r, &since, &got), rows[i].all,
		       "%s, since a time: all are opened", rows[i].name);
		find_places(dir, &p);
		after = (struct journal_begin){.cursor = p.cursors[1]};
		is_int(by_window(&r, &after, &got), rows[i].all,
		       "%s, after an entry: all", rows[i].name);
		after.cursor = p.cursors[0];
		ok(by_window(&r, &after, &got), "after one of the old file");
		is_int((long long)got.entries, 3 * COUNT - 1, "what is there");
		got_clear(&got);
		places_clear(&p);
		reading_clear(&r);
		remove_dir(dir);
	}
}

/* The rest of a container's line is in the next file, which has no cut one. */
static void
container_cut_at_the_end(void)
{
	static const char container[] = "SYSLOG_IDENTIFIER=dovecot\n_UID=0\n"
					"CONTAINER_NAME=a\n"
					"CONTAINER_ID_FULL=0123\nPRIORITY=6";
	struct journal_begin begin = {.usec = BEGIN};
	struct got fast = {0}, slow = {0};
	struct reading r;
	struct writer w;
	char dir[DIR_LEN];

	make_dir(dir);
	begin_file(&w, dir, "system@1", "env");
	entry(&w, BEGIN, 'a', "%s\nCONTAINER_PARTIAL_MESSAGE=true\nMESSAGE=x",
	      container);
	end_file(&w, true, 0, 's');
	begin_file(&w, dir, "system@2", "env");
	entry(&w, BEGIN + SECOND, 'a', "%s\nMESSAGE=rest", container);
	entry(&w, BEGIN + 2 * SECOND, 'a', "%s\nMESSAGE=whole", container);
	end_file(&w, true, 2 * SCALE, 's');
	reading_init(&r, dir);
	by_history(&r, &begin, &fast);
	by_libsystemd(&r, &begin, &slow);
	is_int((long long)fast.by_history, 3, "the second file is read fast");
	ok(is_same(&fast, &slow), "its first entry is of the same stream");
	got_clear(&fast);
	got_clear(&slow);
	reading_clear(&r);
	remove_dir(dir);
}

/* Where the driver of a container has cut a line, libsystemd reads all fields:
 * the standard output and error of a container differ in one that we skip. */
static void
container_cuts(void)
{
	static const char *const fields[] = {
	    "CONTAINER_NAME=a\nPRIORITY=6",
	    "CONTAINER_NAME=a\nPRIORITY=6\nCONTAINER_PARTIAL_MESSAGE=true"};
	struct journal_begin begin = {.usec = BEGIN};
	struct journal_history *h;
	struct reading r;
	char dir[DIR_LEN];

	for (int cut = 0; cut < 2; cut++) {
		make_dir(dir);
		write_break(dir, fields[cut]);
		reading_init(&r, dir);
		h = journal_history_new(&r.reader, &begin);
		is_int(h == NULL, cut, "%s is read by libsystemd",
		       cut ? "a line of a container that was cut"
			   : "no whole line of a container");
		journal_history_free(&h);
		reading_clear(&r);
		remove_dir(dir);
	}
}

/* ---- damage ---- */

/* Whether each line of the text is one of the others'. */
static bool
are_lines_of(const char *text, const char *a, const char *b)
{
	bool found = true;
	char *line;

	for (; found && *text != '\0'; text += strcspn(text, "\n") + 1) {
		line = alloc_bytes(text, strcspn(text, "\n") + 1);
		found = strstr(a, line) != NULL || strstr(b, line) != NULL;
		free(line);
	}
	return found;
}

/* Whether nothing is lost that libsystemd finds in a damaged file, and nothing
 * made up. whole: what is in it without the damage. */
static bool
survives(struct reading *r, const char *whole)
{
	const struct journal_begin begin = {0};
	struct got judge = {0}, own = {0};
	bool survived;

	put_text(&judge, "", 0);
	put_text(&own, "", 0);
	by_libsystemd(r, &begin, &judge);
	by_history(r, &begin, &own);
	survived = are_lines_of(judge.text, own.text, "") &&
		   are_lines_of(own.text, judge.text, whole);
	got_clear(&judge);
	got_clear(&own);
	return survived;
}

/* The objects after the hash tables, which are not read. */
static size_t
first_field(const unsigned char *file)
{
	uint64_t at = journal_u64(file + 88);

	while (file[at] == 4 || file[at] == 5)
		at += (journal_u64(file + at + 8) + 7) / 8 * 8;
	return at;
}

static int
flip_bytes(struct reading *r, const char *whole, unsigned char *file,
	   size_t from, size_t to, size_t step)
{
	unsigned char bits;
	int bad = 0;

	for (size_t at = from; at < to; at += step) {
		bits = at % 3 == 0 ? 0xff : (unsigned char)(1 << at % 8);
		file[at] ^= bits;
		if (!survives(r, whole)) {
			printf("# byte %zu, bits %02x\n", at, bits);
			bad++;
		}
		file[at] ^= bits;
	}
	return bad;
}

static void
damage_file(const char *dir, const char *path, const char *name)
{
	const struct journal_begin begin = {0};
	struct got whole = {0};
	struct reading r;
	size_t len;
	unsigned char *file = map_file(path, &len);
	uint64_t tail = journal_u64(file + 136);

	reading_init(&r, dir);
	by_libsystemd(&r, &begin, &whole);
	is_int(flip_bytes(&r, whole.text, file, 0, 208, 1), 0,
	       "%s: damaged header", name);
	is_int(flip_bytes(&r, whole.text, file, first_field(file), tail + 64,
			  STEP),
	       0, "%s: damaged objects", name);
	reading_clear(&r);
	got_clear(&whole);
	munmap(file, len);
}

static bool
has_doubt(struct journal_archive *archive)
{
	enum journal_field kind;
	const char *text;
	size_t n = 0, len;

	do
		kind = journal_archive_field(archive, n++, &text, &len);
	while (kind < JOURNAL_FIELD_DOUBT);
	return kind == JOURNAL_FIELD_DOUBT;
}

/* How many entries of a file are read before the first that is in doubt; -1:
 * none is. */
static int
sound_entries(const char *path)
{
	struct journal_archive_memory *memory =
	    journal_archive_memory_new(journal_entry_needs);
	int fd = open(path, O_RDONLY | O_CLOEXEC), sound = 0, result = -1;
	struct journal_archive *archive = NULL;
	struct journal_header header;
	struct journal_place place;

	if (journal_header_read(&header, fd) == 0)
		archive = journal_archive_open(fd, &header, memory);
	while (archive != NULL &&
	       (result = journal_archive_next(archive, &place)) > 0 &&
	       !has_doubt(archive))
		sound++;
	journal_archive_close(&archive);
	journal_archive_memory_free(&memory);
	return result == 0 ? -1 : sound;
}

static unsigned char *
nth_entry(unsigned char *file, int n)
{
	uint64_t at = journal_u64(file + 88);

	while (file[at] != 3 || n-- > 0)
		at += (journal_u64(file + at + 8) + 7) / 8 * 8;
	return file + at;
}

/* The first of the lists of all entries. */
static unsigned char *
first_list(unsigned char *file)
{
	return file + journal_u64(file + 176);
}

static void
swap_u64(unsigned char *a, unsigned char *b)
{
	uint64_t n = journal_u64(a);

	put_u64(a, journal_u64(b));
	put_u64(b, n);
}

static void
no_fault(unsigned char *file)
{
	(void)file;
}

/* A field of another entry would have that one's hash. */
static void
other_hash(unsigned char *file)
{
	nth_entry(file, 2)[64 + 8] ^= 1;
}

static void
same_number(unsigned char *file)
{
	memcpy(nth_entry(file, 5) + 16, nth_entry(file, 4) + 16, 8);
}

/* Their numbers, too, so that only the places of the entries go back. */
static void
back_in_file(unsigned char *file)
{
	unsigned char *list = first_list(file) + 24;

	swap_u64(list + 2 * 8, list + 3 * 8);
	swap_u64(nth_entry(file, 2) + 16, nth_entry(file, 3) + 16);
}

static void
circle_of_lists(unsigned char *file)
{
	unsigned char *first = first_list(file);

	put_u64(file + journal_u64(first + 16) + 16, (uint64_t)(first - file));
}

/* What does not fit together is left to libsystemd, before the entry. */
static void
doubts(void)
{
	static const struct {
		const char *name;
		void (*put)(unsigned char *file);
		int sound;
	} rows[] = {
	    {"none", no_fault, -1},
	    {"the hash of a field", other_hash, 2},
	    {"a number twice", same_number, 5},
	    {"an entry before the one before it", back_in_file, 3},
	    {"lists in a circle", circle_of_lists, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct writer w;
		char dir[DIR_LEN], *path;
		unsigned char *file;
		size_t len;

		make_dir(dir);
		begin_file(&w, dir, "system@1",
			   "env SYSTEMD_JOURNAL_COMPACT=0 --compress=no");
		some_entries(&w, COUNT, BEGIN, SECOND, 'a');
		end_file(&w, true, 0, 's');
		path = alloc_format("%s/system@1.journal", dir);
		file = map_file(path, &len);
		rows[i].put(file);
		munmap(file, len);
		is_int(sound_entries(path), rows[i].sound, "fault: %s",
		       rows[i].name);
		free(path);
		remove_dir(dir);
	}
}

/* A file that becomes shorter while it is read: what is left of it is read, and
 * the process lives. */
static void
truncated(void)
{
	enum { MANY = 600 };
	const struct journal_begin begin = {0};
	struct journal_history *h;
	struct got got = {0};
	struct reading r;
	struct writer w;
	char dir[DIR_LEN], *path;
	const struct journal_batch *batch;
	unsigned char *file;
	uint64_t half;
	size_t len;

	make_dir(dir);
	begin_file(&w, dir, "system@1", "env --compress=no");
	some_entries(&w, MANY, BEGIN, SECOND, 'a');
	end_file(&w, true, 0, 's');
	path = alloc_format("%s/system@1.journal", dir);
	file = map_file(path, &len);
	half = (first_field(file) + journal_u64(file + 136)) / 2;
	munmap(file, len);
	reading_init(&r, dir);
	h = journal_history_new(&r.reader, &begin);
	ok(h != NULL && truncate(path, (off_t)half) == 0, "it is cut");
	while (h != NULL && (batch = journal_history_next(h)) != NULL)
		put_batch(&got, batch);
	ok(got.entries > 0 && got.entries < MANY, "%d entries of %d",
	   (int)got.entries, MANY);
	journal_history_free(&h);
	reading_clear(&r);
	got_clear(&got);
	free(path);
	remove_dir(dir);
}

/* Not what is compressed: only libsystemd reads that. */
static void
damage(void)
{
	static const char *const rows[] = {
	    "env SYSTEMD_JOURNAL_COMPACT=1 --compress=no",
	    "env SYSTEMD_JOURNAL_COMPACT=0 --compress=no",
	};
	struct writer w;
	char dir[DIR_LEN], *path;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		make_dir(dir);
		begin_file(&w, dir, "system@1", rows[i]);
		some_entries(&w, 16, BEGIN, SECOND, 'a');
		end_file(&w, true, 0, 's');
		path = alloc_format("%s/system@1.journal", dir);
		damage_file(dir, path, rows[i]);
		free(path);
		remove_dir(dir);
	}
}

int
main(void)
{
	find_remote();
	if (remote == NULL) {
		tap_skip("journal_history", "no systemd-journal-remote here");
		return tap_done();
	}
	formats();
	several_files();
	slices();
	windows();
	container_cuts();
	container_cut_at_the_end();
	doubts();
	truncated();
	damage();
	return tap_done();
}
#endif
