/*
 * Whatever is done to a log, each line in it is delivered: every fault by its
 * name, in a real loop.
 *
 * It takes all inotify instances there are, which others would miss:
 * tests/run: exclusive
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/readahead.h"
#include "daemon/source/follow.h"
#include "daemon/unpack/unpack.h"
#include "tests/tap.h"
#include "tests/unit/follow_site.h"
#include "tests/unit/follower.h"

/* ---- rotation ---- */

static void
renamed(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	is_int(count(site, "0000000001 a"), 1, "renamed: what was there");
	move(site, "log", "log.1");
	put(site, "log.1", "0000000002 b");
	arrives(site, "0000000002 b", "the writer goes on in the old file");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "the new file is found");
	put(site, "log.1", "0000000004 d");
	arrives(site, "0000000004 d", "and the old one not forgotten");
	is_int((long long)site->got.count, 4, "each line once");
	is_int(said(site, "rotated"), 1, "it is logged once");
	end(site);
}

static void
renamed_twice_unseen(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	put(site, "log", "0000000002 b");
	move(site, "log", "log.1");
	put(site, "log", "0000000003 c");
	move(site, "log.1", "log.2");
	move(site, "log", "log.1");
	put(site, "log", "0000000004 d");
	follower_settle(&site->follower);
	is_int(count(site, "0000000002 b"), 1,
	       "rotated twice at a time: the "
	       "rest of the oldest");
	is_int(count(site, "0000000003 c"), 1, "the one between");
	is_int(count(site, "0000000004 d"), 1, "the newest");
	is_str(nth(site, 2), "0000000003 c", "in their order");
	end(site);
}

static void
name_comes_back(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	move(site, "log", "kept");
	put(site, "log", "0000000002 b");
	arrives(site, "0000000002 b", "another file under the name");
	move(site, "kept", "log");
	follower_settle(&site->follower);
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "the old file has its name back");
	is_int(count(site, "0000000001 a"), 1, "and is not read twice");
	end(site);
}

static void
many_rotations(void)
{
	struct site *site = begin();
	char name[32], line[32];
	int before = descriptors();

	put(site, "log", "0000000000 first");
	start(site, "log");
	for (int i = 0; i < 100; i++) {
		sprintf(name, "log-%d", 20260101 + i);
		sprintf(line, "%010d n", i);
		move(site, "log", name);
		put(site, "log", line);
		follower_settle(&site->follower);
	}
	is_int((long long)site->got.count, 101, "a hundred rotations");
	ok(descriptors() - before < 40, "not all files stay open");
	end(site);
}

static void
quiet_files_close(void)
{
	struct site *site = begin();
	struct source_start how = {.since = 0};
	struct follow *f = by_hand(site, "log");
	struct err err;

	put(site, "log", "0000000001 a");
	is_int(follow_start(f, &how, 0, &err), 0, "started");
	follow_read(f, 1 << 20, 0);
	is_int(follow_tend(f, 0), -1, "an only file waits for nothing");
	move(site, "log", "log.1");
	follow_look(f, 100);
	is_int((long long)follow_count(f), 1, "kept while there is no other");
	follow_tend(f, 10 * FOLLOW_QUIET_MS);
	is_int((long long)follow_count(f), 1, "however quiet");
	put(site, "log", "0000000002 b");
	put(site, "log.1", "0000000003 c");
	follow_look(f, 10 * FOLLOW_QUIET_MS);
	follow_read(f, 1 << 20, 10 * FOLLOW_QUIET_MS);
	is_int((long long)site->got.count, 3, "both are read");
	is_int((long long)follow_count(f), 2, "kept while it may grow");
	is_int(follow_tend(f, 11 * FOLLOW_QUIET_MS), -1,
	       "quiet for long: nothing to wait for");
	is_int((long long)follow_count(f), 1, "as it is closed");
	follow_free(&f);
	end(site);
}

/* The writer of a quiet log notices the rotation a moment later. */
static void
quiet_before_rotation(void)
{
	struct site *site = begin();
	struct source_start how = {.since = 0};
	struct follow *f = by_hand(site, "log");
	const int64_t late = 2 * FOLLOW_QUIET_MS;
	struct err err;

	put(site, "log", "0000000001 a");
	follow_start(f, &how, 0, &err);
	follow_read(f, 1 << 20, 0);
	move(site, "log", "log.1");
	put_raw(site, "log", "", 0);
	follow_look(f, late);
	follow_read(f, 1 << 20, late);
	is_int(follow_tend(f, late), FOLLOW_QUIET_MS,
	       "a quiet log is kept open after its rotation");
	put(site, "log.1", "0000000002 b");
	follow_read(f, 1 << 20, late);
	is_int(count(site, "0000000002 b"), 1, "for a late line");
	follow_free(&f);
	end(site);
}

/* A copy of an old file is the newest by its time of change. */
static void
copy_beside_starred(void)
{
	struct site *site = begin();
	struct source_start how = {.since = 0};
	struct follow *f = by_hand(site, "log-*");
	int64_t late = 2 * FOLLOW_QUIET_MS;
	struct err err;

	put(site, "log-20260102", "0000000001 a");
	follow_start(f, &how, 0, &err);
	follow_read(f, 1 << 20, 0);
	put(site, "log-copy", "0000000000 of an old one");
	follow_look(f, 0);
	follow_read(f, 1 << 20, 0);
	is_int(follow_tend(f, late), -1, "nothing to wait for");
	is_int((long long)follow_count(f), 2, "the log is not closed for that");
	put(site, "log-20260103", "0000000003 c");
	follow_look(f, late);
	follow_read(f, 1 << 20, late);
	put(site, "log-20260103", "0000000004 d");
	follow_read(f, 1 << 20, late);
	follow_tend(f, 2 * late);
	is_int((long long)follow_count(f), 1,
	       "but when another is written to instead");
	follow_free(&f);
	end(site);
}

enum { LINES = 400 * 1000 };

static void
write_lines(const char *path, const char *before, int digits)
{
	FILE *log = fopen(path, "w"); /* truncates it */

	for (unsigned int i = 0; i < LINES; i++)
		fprintf(log, "%s%0*u n\n", before, digits, i);
	fclose(log);
}

/* A sink that looks at blocks only when it must settle. */
struct borrower {
	const char *lines; /* not settled yet; or NULL */
	size_t len;
	char *copy; /* as they were */
	unsigned int next, blocks, anew;
	bool as_written; /* all came, in order, and as they were written */
};

static void
see_line(void *arg, const char *line, size_t len)
{
	struct borrower *b = arg;
	bool anew = len == 12 && strncmp(line, "new ", 4) == 0;
	unsigned int *next = anew ? &b->anew : &b->next;

	b->as_written = b->as_written && b->lines == NULL && len == 12 &&
			strtoul(line + (anew ? 4 : 0), NULL, 10) == *next;
	++*next;
}

static void
borrow(void *arg, const char *lines, size_t len)
{
	struct borrower *b = arg;

	b->as_written = b->as_written && b->lines == NULL;
	b->lines = lines;
	b->len = len;
	b->copy = alloc_bytes(lines, len);
	b->blocks++;
}

static void
give_back(void *arg)
{
	struct borrower *b = arg;
	const char *lines = b->lines;

	if (lines == NULL)
		return;
	b->as_written = b->as_written && memcmp(lines, b->copy, b->len) == 0;
	b->lines = NULL;
	for (size_t at = 0; at < b->len; at += 13)
		see_line(b, lines + at, 12);
	free(b->copy);
}

static void
blocks_last_until_settled(void)
{
	struct site *site = begin();
	struct borrower b = {.as_written = true};
	struct source_start how = {.beginning = true};
	struct source_sink sink = {.line = see_line,
				   .lines = borrow,
				   .settle = give_back,
				   .stamp = follower_stamp,
				   .arg = &b};
	struct follow *f = follow_new(in(site, "log"), &sink);
	struct err err;

	write_lines(in(site, "log"), "", 10);
	follow_start(f, &how, 0, &err);
	follow_read(f, 2 << 20, 0);
	ok(b.lines == NULL, "nothing stays borrowed while nothing is read");
	follow_read(f, 64 << 20, 0);
	ok(b.lines == NULL && b.next == LINES && b.blocks > 4,
	   "%u lines in %u blocks", b.next, b.blocks);
	ok(b.as_written, "each of which is as it was until it is settled");
	follow_free(&f);
	end(site);
}

/* A sink that reads four blocks at a time. */
struct reader {
	struct borrower b; /* the first member: whose lines they are */
	char *blocks;
	uint64_t offset; /* of the next of them */
	size_t count, next;
	unsigned int reads, rewritten; /* after so many reads */
	const char *log;
	bool reading;
};

static void
read_four(struct reader *r, const struct readahead *ahead)
{
	uint64_t at = r->offset = ahead->offset;

	for (r->count = r->next = 0;
	     r->count < 4 && at + READAHEAD_BLOCK <= ahead->until; r->count++) {
		ahead->fn(ahead->file, r->blocks + r->count * READAHEAD_BLOCK,
			  READAHEAD_BLOCK, at);
		at += READAHEAD_BLOCK - READAHEAD_AGAIN;
	}
}

static bool
read_ahead(void *arg, const struct readahead *ahead, const char **bytes)
{
	struct reader *r = arg;

	r->reading = true;
	if (r->next == r->count || r->offset != ahead->offset)
		read_four(r, ahead);
	if (r->next == r->count)
		return false;
	*bytes = r->blocks + r->next++ * READAHEAD_BLOCK;
	r->offset += READAHEAD_BLOCK - READAHEAD_AGAIN;
	if (++r->reads == r->rewritten)
		write_lines(r->log, "new ", 6);
	return true;
}

static void
end_reading(void *arg)
{
	struct reader *r = arg;

	r->count = r->next = 0;
	r->reading = false;
}

static void
read_by_reader(struct reader *r, struct site *site)
{
	struct source_start how = {.beginning = true};
	struct source_sink sink = {.line = see_line,
				   .lines = borrow,
				   .settle = give_back,
				   .read = read_ahead,
				   .read_end = end_reading,
				   .stamp = follower_stamp,
				   .arg = r};
	struct follow *f;
	struct err err;

	r->b.as_written = true;
	r->blocks = alloc_zero(4, READAHEAD_BLOCK);
	r->log = in(site, "log");
	f = follow_new(r->log, &sink);
	write_lines(r->log, "", 10);
	follow_start(f, &how, 0, &err);
	follow_read(f, 2 << 20, 0);
	ok(!r->reading, "nothing is read while nobody asks for it");
	follow_read(f, 64 << 20, 0);
	follow_free(&f);
	free(r->blocks);
}

static void
sink_reads_ahead(void)
{
	struct site *site = begin();
	struct reader r = {0}, other = {.rewritten = 6};

	read_by_reader(&r, site);
	ok(r.b.as_written && r.b.next == LINES && r.reads > 20,
	   "%u lines in %u blocks that were read ahead", r.b.next, r.reads);
	other.b.anew = 1; /* the first is lost with half an old one */
	read_by_reader(&other, site);
	ok(other.b.as_written && other.b.next > 0 && other.b.next < LINES &&
	       other.b.anew == LINES,
	   "%u lines of a log, and %u after it was written again", other.b.next,
	   other.b.anew);
	end(site);
}

/* Being the oldest that is open, it would be closed when it is quiet. */
static void
name_comes_back_to_stay(void)
{
	struct site *site = begin();
	struct source_start how = {.since = 0};
	struct follow *f = by_hand(site, "log");
	const int64_t late = 2 * FOLLOW_QUIET_MS;
	struct err err;

	put(site, "log", "0000000001 a");
	follow_start(f, &how, 0, &err);
	move(site, "log", "kept");
	put(site, "log", "0000000002 b");
	follow_look(f, 0);
	follow_read(f, 1 << 20, 0);
	move(site, "kept", "log");
	follow_look(f, 0);
	follow_tend(f, late);
	put(site, "log", "0000000003 c");
	follow_read(f, 1 << 20, late);
	is_int(count(site, "0000000003 c"), 1, "who has the name is kept open");
	follow_free(&f);
	end(site);
}

/* Others are written to for so long that the file is closed. */
static void
change_places(struct site *site, struct follow *f, int64_t now)
{
	move(site, "log", "log.1");
	move(site, "kept", "log");
	move(site, "log.1", "kept");
	follow_look(f, now);
	follow_read(f, 1 << 20, now);
	follow_tend(f, now + 2 * FOLLOW_QUIET_MS);
}

static void
closed_file_comes_back(void)
{
	struct site *site = begin();
	struct source_start how = {.since = 0};
	struct follow *f = by_hand(site, "log");
	struct err err;

	put(site, "log", "0000000001 a");
	put(site, "kept", "0000000002 b");
	follow_start(f, &how, 0, &err);
	follow_read(f, 1 << 20, 0);
	change_places(site, f, 0);
	is_int((long long)follow_count(f), 1, "the first file is closed");
	put(site, "kept", "0000000003 c");
	change_places(site, f, 1000000);
	is_int(count(site, "0000000003 c"), 1, "it comes back and is read on");
	is_int(count(site, "0000000001 a"), 1, "from where it was left");
	change_places(site, f, 2000000);
	change_places(site, f, 3000000);
	is_int((long long)site->got.count, 3, "and again: nothing twice");
	follow_free(&f);
	end(site);
}

/* ---- truncation ---- */

static void
copy(struct site *site, const char *from, const char *to)
{
	char buffer[65536];
	int fd = open(in(site, from), O_RDONLY);
	ssize_t len = read(fd, buffer, sizeof(buffer));

	close(fd);
	put_raw(site, to, buffer, len > 0 ? (size_t)len : 0);
}

static void
copytruncated(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	put(site, "log", "0000000002 unread");
	copy(site, "log", "log.1");
	cut(site, "log");
	put(site, "log", "0000000003 new");
	arrives(site, "0000000003 new", "copytruncate: the new lines");
	is_int(count(site, "0000000002 unread"), 1, "the rest, from the copy");
	is_int(count(site, "0000000001 a"), 1, "nothing twice");
	ok(said(site, "truncated ") == 1 && said(site, "log.1") == 1,
	   "it is logged where it was found");
	end(site);
}

/* The new file begins with the same bytes as the torn line did. */
static void
torn_first_line(void)
{
	struct site *site = begin();

	put_raw(site, "log", "00000000", 8);
	start(site, "log");
	put_raw(site, "log", "01 unread\n", 10);
	copy(site, "log", "log.1");
	cut(site, "log");
	put(site, "log", "0000000002 new");
	arrives(site, "0000000002 new", "copytruncate at a torn first line");
	is_int(count(site, "0000000001 unread"), 1, "its line, from the copy");
	end(site);
}

/* The copy has its beginning, and the log its end. But nothing of it was read
 * before, so that it is not sure that this is the copy. */
static void
torn_first_line_goes_on(void)
{
	struct site *site = begin();

	put_raw(site, "log", "00000000", 8);
	start(site, "log");
	copy(site, "log", "log.1");
	cut(site, "log");
	put(site, "log", "01 torn");
	put(site, "log", "0000000002 new");
	arrives(site, "0000000002 new", "copytruncate within a first line");
	is_int((long long)site->got.count, 1, "its rest begins no line");
	is_int(said(site, "lost a line"), 1, "and the loss is logged");
	end(site);
}

/* There is no copy, and what was read is too short to tell the place by. */
static void
torn_first_line_emptied(void)
{
	struct site *site = begin();

	put_raw(site, "log", "0000000001 to", 13);
	start(site, "log");
	cut(site, "log");
	put(site, "log", "0000000009 text of a stranger");
	put(site, "log", "0000000002 new");
	arrives(site, "0000000002 new", "emptied within a first line");
	is_int((long long)site->got.count, 1, "what may be its rest is no line");
	is_int(said(site, "lost a line"), 1, "and the loss is logged");
	end(site);
}

/* Nothing of it was read yet. */
static void
emptied_unread(void)
{
	struct site *site = begin();

	put_raw(site, "log", "", 0);
	start(site, "log");
	put(site, "log", "0000000001 unread");
	copy(site, "log", "log.1");
	cut(site, "log");
	put(site, "log", "0000000002 new");
	arrives(site, "0000000002 new", "copytruncate before the first line");
	is_int(count(site, "0000000001 unread"), 1, "is read, from the copy");
	end(site);
}

/* Whether the line that has come was seen to be written: 1 or 0; -1: it has not
 * come. */
static int
is_seen(struct site *site, struct follow *f, const char *line, int64_t now)
{
	follow_look(f, now);
	follow_read(f, 1 << 20, now);
	if (strcmp(nth(site, site->got.count - 1), line) != 0)
		return -1;
	return !site->unseen;
}

static void
seen_to_be_written(void)
{
	struct site *site = begin();
	struct source_start how = {.since = 0};
	struct follow *f = by_hand(site, "log");
	const int64_t late = FOLLOW_QUIET_MS;
	struct err err;

	put(site, "log", "0000000001 a");
	follow_start(f, &how, 0, &err);
	is_int(is_seen(site, f, "0000000001 a", 0), 0,
	       "what was there at the start was not seen to be written");
	put(site, "log", "0000000002 b");
	is_int(is_seen(site, f, "0000000002 b", 0), 1,
	       "what comes after that was");
	move(site, "log", "log.1");
	put(site, "log", "0000000003 c");
	is_int(is_seen(site, f, "0000000003 c", 0), 0,
	       "nor was what is in a file that comes");
	put(site, "log", "0000000004 d");
	is_int(is_seen(site, f, "0000000004 d", late - 1), 0,
	       "what comes soon after it may be copied");
	put(site, "log.1", "0000000005 e");
	is_int(is_seen(site, f, "0000000005 e", late - 1), 1,
	       "but not what an old writer adds to the one before");
	put(site, "log", "0000000006 f");
	is_int(is_seen(site, f, "0000000006 f", late), 1,
	       "a minute later it is new");
	cut(site, "log");
	put(site, "log", "0000000007 g");
	is_int(is_seen(site, f, "0000000007 g", late), 0,
	       "the same if the file was emptied");
	put(site, "log", "0000000008 h");
	is_int(is_seen(site, f, "0000000008 h", 2 * late), 1,
	       "and a minute later");
	follow_free(&f);
	end(site);
}

/* An hour before or after now. */
static void
set_hour(const struct site *site, const char *name, int hours)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec += hours * 3600;
	times[1] = times[0];
	utimensat(AT_FDCWD, in(site, name), times, 0);
}

static void
truncated_and_longer(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	cut(site, "log");
	put(site, "log", "0000000002 b");
	put(site, "log", "0000000003 c, beyond the old end");
	arrives(site, "0000000003 c, beyond the old end",
		"truncated and grown past the place");
	is_int(count(site, "0000000002 b"), 1, "from its first line");
	end(site);
}

static void
copy_takes_the_name(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	copy(site, "log", "copy");
	move(site, "copy", "log");
	put(site, "log", "0000000002 b");
	arrives(site, "0000000002 b", "a copy in the place of the log");
	is_int(count(site, "0000000001 a"), 1, "is read on, not again");
	end(site);
}

/* Gives a file the time that all files have which get it so. */
static void
age(struct site *site, const char *name)
{
	static const struct timespec times[2] = {{.tv_sec = 1700000000},
						 {.tv_sec = 1700000000}};

	utimensat(AT_FDCWD, in(site, name), times, 0);
}

/* rsync(1) and `cp -p' keep the time of change. */
static void
copy_of_same_time(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	age(site, "log");
	start(site, "log");
	copy(site, "log", "copy");
	age(site, "copy");
	move(site, "copy", "log");
	follower_settle(&site->follower);
	put(site, "log", "0000000002 b");
	arrives(site, "0000000002 b", "a copy of the same time");
	is_int(count(site, "0000000001 a"), 1, "is read on, too");
	end(site);
}

/* An older file that was changed is opened before it. */
static void
copy_after_another(void)
{
	struct site *site = begin();

	put(site, "log-20260101", "0000000001 a");
	set_hour(site, "log-20260101", -1);
	put(site, "log-20260102", "0000000002 b");
	put(site, "log-20260102", "0000000003 c");
	start_with(site, "log-*", (struct source_start){.since = 3});
	follower_settle(&site->follower);
	set_hour(site, "log-20260101", 1);
	copy(site, "log-20260102", "copy");
	move(site, "copy", "log-20260102");
	follower_settle(&site->follower);
	put(site, "log-20260102", "0000000004 d");
	arrives(site, "0000000004 d", "a copy of a log with a date");
	is_int(count(site, "0000000003 c"), 1, "is read on, not again");
	end(site);
}

/* The hidden log stays where it was, as below a mount. */
static void
copy_is_rotated(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	copy(site, "log", "log.1");
	put(site, "log.1", "0000000002 b");
	move(site, "log", "hidden");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "a copy that was rotated at once");
	is_int(count(site, "0000000002 b"), 1, "its later line is not lost");
	is_int(count(site, "0000000001 a"), 1,
	       "the earlier one not read again");
	end(site);
}

static void
hole(void)
{
	struct site *site = begin();
	int fd = open(in(site, "log"), O_WRONLY | O_CREAT, 0644);
	static const char text[] = "0000000001 a\n", more[] = "0000000002 b\n";

	ok(write(fd, text, 13) == 13 && lseek(fd, 5LL << 30, SEEK_CUR) > 0,
	   "a writer without O_APPEND, 5 GB on");
	start(site, "log");
	ok(ftruncate(fd, 0) == 0 && write(fd, more, 13) == 13,
	   "writes after the hole");
	arrives(site, "0000000002 b", "a hole of 5 GB is leapt over");
	close(fd);
	end(site);
}

/* Of a writer that keeps its offset, while another one writes, too. */
static void
hole_within(void)
{
	static const char text[] = "0000000002 b\n0000000003 c\n";
	struct site *site = begin();
	int fd;

	put(site, "log", "0000000001 a");
	fd = open(in(site, "log"), O_WRONLY);
	start(site, "log");
	for (int i = 0; i < 2; i++) {
		ok(lseek(fd, 1LL << 40, SEEK_END) > 0 &&
		       write(fd, text, sizeof(text) - 1) > 0,
		   "a log grows by a hole of 1 TB");
		arrives(site, "0000000003 c", "which is leapt over");
		is_int(count(site, "0000000002 b"), 0,
		       "what comes after it may be the rest of a line");
		stop(site);
		site->awaited = NULL;
		put(site, "log", "0000000004 d");
		start(site, "log");
		arrives(site, "0000000004 d", "the place after it is known");
		is_int(count(site, "0000000003 c"), 0, "exactly");
	}
	close(fd);
	end(site);
}

/* ---- coming and going ---- */

static void
deleted(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	unlink(in(site, "log"));
	follower_settle(&site->follower);
	put(site, "log", "0000000002 b");
	arrives(site, "0000000002 b", "deleted, and created again");
	end(site);
}

static void
not_there_yet(void)
{
	struct site *site = begin();

	start(site, "a/b/log");
	ok(site->follower.idle, "no such file: the start does not wait for it");
	is_int(said(site, "a/b/log: No such file or directory"), 1,
	       "but it is logged");
	mkdir(in(site, "a"), 0755);
	follower_settle(&site->follower);
	mkdir(in(site, "a/b"), 0755);
	follower_settle(&site->follower);
	is_int(said(site, "waiting for"), 1, "once");
	put(site, "a/b/log", "0000000001 a");
	arrives(site, "0000000001 a", "directory by directory, it comes");
	is_int(said(site, "following"), 1, "and that is logged");
	move(site, "a", "old");
	follower_settle(&site->follower);
	put(site, "old/b/log", "0000000002 b");
	arrives(site, "0000000002 b", "moved with its directory");
	mkdir(in(site, "a"), 0755);
	mkdir(in(site, "a/b"), 0755);
	put(site, "a/b/log", "0000000003 c");
	arrives(site, "0000000003 c", "and created again there");
	end(site);
}

static void
link_to(struct site *site, const char *target)
{
	ok(symlink(target, in(site, "next")) == 0, "switched to %s", target);
	move(site, "next", "log");
}

static void
link_switched(void)
{
	struct site *site = begin();

	mkdir(in(site, "x"), 0755);
	mkdir(in(site, "y"), 0755);
	put(site, "x/log", "0000000001 a");
	link_to(site, "x/log");
	start(site, "log");
	put(site, "x/log", "0000000002 b");
	arrives(site, "0000000002 b", "through a symbolic link");
	link_to(site, "y/log");
	follower_settle(&site->follower);
	put(site, "y/log", "0000000003 c");
	arrives(site, "0000000003 c", "switched before its target is there");
	link_to(site, "x/log");
	follower_settle(&site->follower);
	put(site, "x/log", "0000000004 d");
	arrives(site, "0000000004 d", "and back");
	move(site, "x/log", "x/log.1");
	follower_settle(&site->follower);
	put(site, "x/log", "0000000005 e");
	arrives(site, "0000000005 e", "its target is rotated");
	is_int((long long)site->got.count, 5, "each line once");
	end(site);
}

/* The path of a new directory on another device than the site's; or NULL. */
static char *
directory_elsewhere(const struct site *site)
{
	static const char *const places[] = {"/dev/shm", "/tmp", "/var/tmp"};
	struct stat here, there;
	char *path;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (stat(site->top, &here) != 0 || stat(places[i], &there) != 0 ||
		    here.st_dev == there.st_dev)
			continue;
		path = alloc_format("%s/follow.XXXXXX", places[i]);
		if (mkdtemp(path) != NULL)
			return path;
		free(path);
	}
	return NULL;
}

/* Half a line in a file that has another one after it on its device. */
static void
torn_before_another_device(void)
{
	struct site *site = begin();
	char *other = directory_elsewhere(site);
	char *log = alloc_format("%s/log", other != NULL ? other : site->top);

	if (other == NULL) {
		tap_skip("another device", "all directories are on one");
		goto out;
	}
	mkdir(in(site, "x"), 0755);
	put(site, "x/log", "0000000001 a");
	link_to(site, "x/log");
	start(site, "log");
	move(site, "x/log", "x/log.1");
	put(site, "x/log", "0000000002 b");
	arrives(site, "0000000002 b", "the target of a link is rotated");
	put_raw(site, "x/log.1", "0000000003 ", 11);
	follower_settle(&site->follower);
	link_to(site, log);
	put(site, "log", "0000000004 c");
	put(site, "log", "0000000005 d");
	arrives(site, "0000000005 d", "a log on another device");
	is_int(count(site, "0000000004 c"), 1,
	       "is not the one after a file that has such already");
	follower_remove_all(other);
out:
	free(log);
	free(other);
	end(site);
}

static void
permission(void)
{
	struct site *site = begin();
	bool root = geteuid() == 0;

	if (root && (chown(site->top, 65534, 65534) != 0 ||
		     chown(in(site, "messages"), 65534, 65534) != 0 ||
		     seteuid(65534) != 0)) {
		tap_skip("permission", "cannot become another user");
		end(site);
		return;
	}
	put(site, "log", "0000000001 a");
	chmod(in(site, "log"), 0);
	start(site, "log");
	is_int(said(site, "log: Permission denied"), 1, "not permitted");
	chmod(in(site, "log"), 0644);
	arrives(site, "0000000001 a", "permitted: all of it is read");
	move(site, "log", "log.1");
	put(site, "log", "0000000002 b");
	chmod(in(site, "log"), 0);
	follower_settle(&site->follower);
	chmod(in(site, "log"), 0644);
	arrives(site, "0000000002 b", "the next one, permitted late");
	chmod(site->top, 0);
	follower_settle(&site->follower);
	chmod(site->top, 0755);
	move(site, "log", "log.1");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "the directory, too");
	if (root && seteuid(0) != 0)
		abort();
	end(site);
}

static void
overflown(void)
{
	struct site *site = begin();
	int events = 16384;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");

	if (file == NULL || fscanf(file, "%d", &events) != 1)
		events = 16384;
	if (file != NULL)
		fclose(file);
	put(site, "log", "0000000001 a");
	start(site, "log");
	put(site, "noise", "");
	put(site, "sound", "");
	for (int i = 0; i < events / 2 + 10; i++) {
		chmod(in(site, "noise"), 0644);
		chmod(in(site, "sound"), 0644);
	}
	put(site, "log", "0000000002 b");
	move(site, "log", "log.1");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "events lost across a rotation");
	is_int(count(site, "0000000002 b"), 1, "no line is");
	is_int(said(site, "overflowed"), 1, "and it is logged");
	end(site);
}

/* The instances of a user who has nothing else to do. */
static void
no_inotify(void)
{
	enum { NOBODY_ELSE = 61987 };
	struct site *site = begin();
	int taken[1024], n = 0;

	if (geteuid() != 0 || chown(site->top, NOBODY_ELSE, 0) != 0 ||
	    chown(in(site, "messages"), NOBODY_ELSE, 0) != 0 ||
	    seteuid(NOBODY_ELSE) != 0) {
		tap_skip("polling", "needs root");
		end(site);
		return;
	}
	while (n < 1024 && (taken[n] = inotify_init1(IN_CLOEXEC)) >= 0)
		n++;
	put(site, "log", "0000000001 a");
	start(site, "log");
	is_int(said(site, "every second: no inotify"), 1,
	       "no inotify instance left: that is logged");
	move(site, "log", "log.1");
	put(site, "log", "0000000002 b");
	arrives(site, "0000000002 b", "and it looks by itself");
	is_int(said(site, "every second"), 1, "logged once");
	while (n > 0)
		close(taken[--n]);
	if (seteuid(0) != 0)
		abort();
	end(site);
}

/* ---- lines ---- */

static void
odd_lines(void)
{
	struct site *site = begin();
	char *big = alloc_zero(1, 200001);

	memset(big, 'x', 200000);
	big[200000] = '\n';
	start(site, "log");
	put_raw(site, "log", "0000000001 to", 13);
	follower_settle(&site->follower);
	is_int((long long)site->got.count, 0, "a torn line is not read");
	put_raw(site, "log", "rn\r\n", 4);
	arrives(site, "0000000001 torn", "until its end comes; without its CR");
	put_raw(site, "log", big, 100000);
	follower_settle(&site->follower);
	put_raw(site, "log", big + 100000, 100001);
	put(site, "log", "0000000002 b");
	arrives(site, "0000000002 b", "the neighbour of an over-long line");
	is_int((long long)site->got.count, 2, "which is not a line");
	free(big);
	end(site);
}

/* ---- stopped and started ---- */

struct compressor {
	const char *program, *suffix;
};
static const struct compressor none = {"", ""}, gzip = {"gzip", ".gz"},
			       others[] = {{"bzip2", ".bz2"},
					   {"xz", ".xz"},
					   {"zstd -q --rm", ".zst"}};

/* False: there is no such program, or we are built without its library. */
static bool
compress_file(struct site *site, const struct compressor *with,
	      const char *name)
{
	char command[512], named[64];
	bool readable;

	snprintf(command, sizeof(command), "%s %s 2>/dev/null", with->program,
		 in(site, name));
	snprintf(named, sizeof(named), "%s%s", name, with->suffix);
	return unpack_suffix(named, &readable) != NULL && readable &&
	       system(command) == 0;
}

/* ---- a line cut in two by a rotation ---- */

/* Whoever rotates by size may write the rest of a line to the next file. */
static void
cut_by_rotation(bool looked)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	put_raw(site, "log", "0000000002 to", 13);
	if (looked)
		follower_settle(&site->follower);
	move(site, "log", "log.1");
	put_raw(site, "log", "", 0);
	follower_settle(&site->follower);
	put(site, "log", "0000000009 text of a stranger");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "after a line cut by a rotation");
	is_int((long long)site->got.count, 2, "its rest is no line");
	is_int(said(site, "lost a line"), 1, "which is logged");
	end(site);
}

/* Its end came before the next file: that must be read first. */
static void
whole_after_all(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	put_raw(site, "log", "0000000002 ", 11);
	move(site, "log", "log.1");
	put_raw(site, "log", "", 0);
	follower_settle(&site->follower);
	put(site, "log.1", "b");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "rotated within a line");
	is_int(count(site, "0000000002 b"), 1, "which has its end");
	is_int(said(site, "lost a line"), 0, "and nothing is lost");
	end(site);
}

static void
cut_before_an_empty_file(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	stop(site);
	put_raw(site, "log", "0000000002 to", 13);
	copy(site, "log", "log.2");
	cut(site, "log");
	copy(site, "log", "log.1");
	put(site, "log", "0000000009 text of a stranger");
	put(site, "log", "0000000003 c");
	restart(site, "log");
	is_int(count(site, "0000000003 c"), 1, "copied twice within a line");
	is_int((long long)site->got.count, 1, "the rest is no line");
	end(site);
}

/* The writer of a log that was emptied has kept its offset. */
static void
cut_after_a_hole(void)
{
	struct site *site = begin();

	put_raw(site, "log", "\0\0\0\0\0\0\0\0000000000002 to", 21);
	start(site, "log");
	move(site, "log", "log.1");
	put(site, "log", "0000000009 text of a stranger");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "cut in the first line after a hole");
	is_int((long long)site->got.count, 1, "the rest is no line");
	end(site);
}

/* No time tells that the older file is to be read. */
static void
cut_before_the_start(void)
{
	struct site *site = begin();

	put(site, "log.1", "without a time");
	put_raw(site, "log.1", "0000000002 to", 13);
	put(site, "log", "0000000009 text of a stranger");
	put(site, "log", "0000000003 c");
	start_with(site, "log", (struct source_start){.since = 2});
	follower_settle(&site->follower);
	is_int(count(site, "0000000003 c"), 1, "cut before the start");
	is_int((long long)site->got.count, 1, "the rest is no line");
	end(site);
}

/* The end of a compressed file is not looked at. */
static void
cut_and_compressed(void)
{
	struct site *site = begin();

	put(site, "log.2", "0000000001 a");
	put_raw(site, "log.2", "0000000002 to", 13);
	put(site, "log.1", "text of a stranger");
	put(site, "log.1", "0000000003 old");
	put(site, "log.1", "0000000005 b");
	put(site, "log", "0000000006 c");
	if (compress_file(site, &gzip, "log.2") &&
	    compress_file(site, &gzip, "log.1"))
		start_with(site, "log", (struct source_start){.since = 4});
	follower_settle(&site->follower);
	is_int(count(site, "0000000005 b"), 1, "cut, and both compressed");
	is_int(count(site, "text of a stranger"), 0, "the rest is no line");
	end(site);
}

/* ---- more than one change unseen ---- */

/* The torn end of a file that was only compressed is nobody's beginning. */
static void
compressed_while_open(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	put_raw(site, "log", "0000000002 to", 13);
	start(site, "log");
	move(site, "log", "log.1");
	put(site, "log", "0000000009 text of a stranger");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "rotated with a torn end");
	is_int((long long)site->got.count, 2, "which may go on in the log");
	set_hour(site, "log.1", 1);
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	move(site, "log.1.gz", "log.2.gz");
	move(site, "log", "log.1");
	put_raw(site, "log", "000", 3);
	follower_settle(&site->follower);
	put(site, "log", "0000004 d");
	arrives(site, "0000000004 d", "that end is not joined to another line");
	is_int(count(site, "0000000001 a"), 1, "what is compressed was read");
	end(site);
}

static void
compressed_nuls(void)
{
	struct site *site = begin();

	put_raw(site, "log.1", "\0\0\0", 3);
	if (!compress_file(site, &gzip, "log.1"))
		return end(site);
	put(site, "log", "0000000001 a");
	start(site, "log");
	arrives(site, "0000000001 a", "after a compressed file of a few NULs");
	end(site);
}

static void
truncated_and_compressed(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	cut(site, "log");
	put(site, "log", "0000000002 b");
	move(site, "log", "log.1");
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "truncated, rotated, compressed");
	is_int(count(site, "0000000002 b"), 1, "read once, as it is open");
	end(site);
}

/*
 * Half a line was read, and no copy has its end. The writer may have gone on
 * with it in the next file, whose first line would then be text of a stranger.
 */
static void
copy_gone(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	put_raw(site, "log", "0000000002 to", 13);
	start(site, "log");
	cut(site, "log");
	put(site, "log", "0000000009 text of a stranger");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "truncated within a line, no copy");
	is_int((long long)site->got.count, 2, "up to the newline all is left");
	is_int(said(site, "lost a line"), 1, "and said to be lost");
	put(site, "log", "0000000004 d");
	arrives(site, "0000000004 d", "nothing after that");
	end(site);
}

/* It comes in pieces; the first is too short to tell anything of the file. */
static void
copy_gone_in_pieces(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	put_raw(site, "log", "0000000002 to", 13);
	start(site, "log");
	cut(site, "log");
	put_raw(site, "log", "0000", 4);
	follower_settle(&site->follower);
	put_raw(site, "log", "000009 text of a stranger", 25);
	follower_settle(&site->follower);
	put(site, "log", ", and its end\n0000000003 c");
	arrives(site, "0000000003 c", "the rest of a line in pieces");
	is_int((long long)site->got.count, 2, "no piece of it is read");
	end(site);
}

static void
copy_gone_before_rotated(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	put_raw(site, "log", "0000000002 to", 13);
	start(site, "log");
	cut(site, "log");
	put(site, "log.1", "0000000009 text of a stranger\n0000000003 c");
	set_hour(site, "log.1", 1);
	put(site, "log", "0000000004 d");
	arrives(site, "0000000004 d", "truncated, and the copy is gone");
	is_int(count(site, "0000000003 c"), 1, "nothing joined across the gap");
	is_int((long long)site->got.count, 3, "nor the rest taken for a line");
	end(site);
}

/* The copy was made within a line. Then more was written, and read. */
static void
copy_is_older(void)
{
	struct site *site = begin();

	put(site, "log.1", "0000000001 a");
	put_raw(site, "log", "0000000002 b\n0000000003 to", 26);
	start(site, "log");
	move(site, "log.1", "log.2");
	copy(site, "log", "log.1");
	put(site, "log", "rn");
	arrives(site, "0000000003 torn", "written after the copy was made");
	cut(site, "log");
	put(site, "log", "0000000004 d");
	arrives(site, "0000000004 d", "truncated between two lines");
	is_int((long long)site->got.count, 4, "the copy has nothing new");
	is_int(said(site, "lost a line"), 0, "and no line is lost");
	end(site);
}

/* The same, where a file before the gap is known. */
static void
copy_gone_after_known(void)
{
	struct site *site = begin();

	put(site, "log.1", "0000000001 a");
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	put_raw(site, "log", "0000000002 b\n0000000003 to", 26);
	start(site, "log");
	cut(site, "log");
	move(site, "log.1.gz", "log.2.gz");
	put(site, "log.1", "0000000009 text of a stranger\n0000000004 d");
	put(site, "log", "0000000005 e");
	arrives(site, "0000000005 e", "the copy is gone, what was before not");
	is_int(count(site, "0000000004 d"), 1, "nothing joined to half a line");
	is_int(said(site, "lost a line"), 1, "whose loss is logged");
	is_int((long long)site->got.count, 4, "and the only one");
	end(site);
}

/* A disk may give a new file the inode of one that was just deleted. */
static void
inode_used_again(void)
{
	struct timespec whole[2] = {{.tv_sec = 1700000000},
				    {.tv_sec = 1700000000}};
	struct timespec later[2] = {{1700000000, 5}, {1700000000, 5}};
	struct site *site = begin();

	put(site, "log.1", "0000000001 a");
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	utimensat(AT_FDCWD, in(site, "log.1.gz"), whole, 0);
	put(site, "log", "0000000002 b");
	start(site, "log");
	move(site, "log", "log.2");
	move(site, "log.1.gz", "log.1");
	cut(site, "log.1");
	put(site, "log.1", "0000000003 c");
	utimensat(AT_FDCWD, in(site, "log.1"), later, 0);
	put(site, "log", "0000000004 d");
	arrives(site, "0000000004 d", "the inode of a file that was read");
	is_int(count(site, "0000000003 c"), 1, "is now that of an unread one");
	end(site);
}

static void
copied_before_clock_was_set(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	copy(site, "log", "log.1");
	cut(site, "log");
	follower_settle(&site->follower);
	put(site, "log", "0000000002 b");
	move(site, "log.1", "log.2");
	copy(site, "log", "log.1");
	set_hour(site, "log.1", -1);
	cut(site, "log");
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "copied twice, the clock set back");
	is_int(count(site, "0000000002 b"), 1, "the number says it is newer");
	end(site);
}

/* The log was rotated and compressed when it had been emptied, so nothing tells
 * what became of it. An older file still tells that the copy came later. */
static void
emptied_and_compressed(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	copy(site, "log", "log.3");
	cut(site, "log");
	follower_settle(&site->follower);
	put(site, "log", "0000000002 b");
	copy(site, "log", "log.2");
	set_hour(site, "log.2", -1);
	cut(site, "log");
	move(site, "log", "log.1");
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "emptied, rotated, compressed");
	is_int(count(site, "0000000002 b"), 1, "the number says it is newer");
	end(site);
}

static void
dated_before_clock_was_set(void)
{
	struct site *site = begin();

	put(site, "log-20260101", "0000000001 a");
	start(site, "log");
	unlink(in(site, "log-20260101"));
	put(site, "log-20260102", "0000000002 b");
	set_hour(site, "log-20260102", -1);
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "the newest was deleted, the clock set");
	is_int(count(site, "0000000002 b"), 1, "the date says it is newer");
	end(site);
}

/* The newest file is empty, and older than the clock: the one before it, to which
 * its writer had gone on, is not. Both are in another directory now. */
static void
moved_before_clock_was_set(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	move(site, "log", "log.1");
	put_raw(site, "log", "", 0);
	put(site, "log.1", "0000000002 b");
	arrives(site, "0000000002 b", "a rotated log that is written to");
	move(site, "", "../moved");
	mkdir(site->top, 0700);
	put(site, "../moved/log.1", "0000000003 c");
	set_hour(site, "../moved/log.1", -1);
	arrives(site, "0000000003 c", "moved, the clock set back");
	put(site, "log", "0000000004 d");
	copy(site, "log", "log.1");
	set_hour(site, "log.1", -1);
	cut(site, "log");
	arrives(site, "0000000004 d", "a copy that is older than an empty log");
	end(site);
}

/* The copy has the same time as the file that was emptied and compressed. */
static void
copied_and_compressed(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	put(site, "log", "0000000002 b");
	copy(site, "log", "log.2");
	cut(site, "log");
	move(site, "log", "log.1");
	age(site, "log.1");
	age(site, "log.2");
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "copytruncate, then a rotation");
	is_int(count(site, "0000000002 b"), 1, "the rest is in the copy");
	end(site);
}

/* The copy has the end of one line, and what is compressed that of another. */
static void
torn_copied_and_compressed(void)
{
	struct site *site = begin();

	put_raw(site, "log", "0000000001 a\n0000000002 b", 25);
	start(site, "log");
	put_raw(site, "log", "b\n0000000003 c", 14);
	copy(site, "log", "log.2");
	cut(site, "log");
	put_raw(site, "log", "c\n", 2);
	move(site, "log", "log.1");
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	put(site, "log", "0000000004 d");
	arrives(site, "0000000004 d", "copied within a line, rotated");
	is_int(count(site, "0000000002 bb"), 1, "a line read in part");
	is_int(count(site, "0000000003 cc"), 1, "a line in two files");
	is_int((long long)site->got.count, 4, "nothing else for a line");
	end(site);
}

/* What was read is nowhere, so nothing tells which file its writer has now. */
static void
truncated_copied_and_compressed(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	cut(site, "log");
	put(site, "log", "0000000002 b");
	copy(site, "log", "log.3");
	cut(site, "log");
	move(site, "log", "log.2");
	if (!compress_file(site, &gzip, "log.2"))
		abort();
	put_raw(site, "log.1", "", 0);
	follower_settle(&site->follower);
	put(site, "log.1", "0000000003 c");
	arrives(site, "0000000003 c", "renamed before it was written to");
	is_int(count(site, "0000000002 b"), 1, "the copy is read");
	end(site);
}

/* The log was replaced by a copy, which begins like a third one and has the time
 * of that. */
static void
replaced_and_copied(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	age(site, "log");
	start(site, "log");
	copy(site, "log", "copy");
	move(site, "copy", "log");
	follower_settle(&site->follower);
	put(site, "log", "0000000002 b");
	copy(site, "log", "log.1");
	cut(site, "log");
	age(site, "log.1");
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	put(site, "log", "0000000003 c");
	arrives(site, "0000000003 c", "replaced, then copytruncate");
	is_int(count(site, "0000000002 b"), 1, "the copy is not the old log");
	end(site);
}

/* Nothing had been read of the log, and what it has later is compressed. */
static void
copied_then_compressed_unread(void)
{
	struct site *site = begin();

	put(site, "log.1", "0000000001 a");
	put_raw(site, "log", "", 0);
	start(site, "log");
	put(site, "log", "0000000002 b");
	move(site, "log.1", "log.2");
	copy(site, "log", "log.1");
	cut(site, "log");
	put(site, "log", "0000000003 c");
	move(site, "log.2", "log.3");
	move(site, "log.1", "log.2");
	move(site, "log", "log.1");
	if (!compress_file(site, &gzip, "log.1"))
		abort();
	put(site, "log", "0000000004 d");
	arrives(site, "0000000004 d", "copied, rotated and compressed unread");
	is_int(count(site, "0000000002 b"), 1, "the copy is read");
	is_int(count(site, "0000000003 c"), 1, "once what came after it");
	end(site);
}

/* ---- resumed ---- */

static void
rotate(struct site *site, bool copies, const char *from, const char *to)
{
	if (!copies) {
		move(site, from, to);
		return;
	}
	copy(site, from, to);
	cut(site, from);
}

static void
resumed(const char *first, const char *second, const struct compressor *with)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	start(site, "log");
	stop(site);
	put(site, "log", "0000000002 rest");
	move(site, "log", first);
	if (with != &none && !compress_file(site, with, first)) {
		tap_skip(with->program, "not here");
		end(site);
		return;
	}
	put(site, "log", "0000000003 between");
	move(site, "log", second);
	put(site, "log", "0000000004 new");
	restart(site, "log");
	is_int((long long)site->got.count, 3,
	       "stopped, then %s%s and %s: "
	       "three lines",
	       first, with->suffix, second);
	ok(site->got.count == 3 &&
	       strcmp(site->got.list[0], "0000000002 rest") == 0 &&
	       strcmp(site->got.list[1], "0000000003 between") == 0 &&
	       strcmp(site->got.list[2], "0000000004 new") == 0,
	   "in their order");
	ok(said(site, "resumed") == 1 && said(site, first) == 1,
	   "and it is logged where");
	put(site, "log", "0000000005 on");
	arrives(site, "0000000005 on", "going on");
	end(site);
}

/* logrotate's olddir, from a clean stop; name: in that directory. */
static void
resumed_beside(const char *olddir, const char *name,
	       const struct compressor *with)
{
	struct site *site = begin();
	char first[64], second[64];

	snprintf(first, sizeof(first), "%s/%s.2", olddir, name);
	snprintf(second, sizeof(second), "%s/%s.1", olddir, name);
	mkdir(in(site, "logs"), 0755);
	mkdir(in(site, olddir), 0755);
	mkdir(in(site, "logs/empty"), 0755);
	put(site, "logs/log", "0000000001 a");
	start(site, "logs/log");
	stop(site);
	put(site, "logs/log", "0000000002 rest");
	move(site, "logs/log", first);
	if (with != &none && !compress_file(site, with, first)) {
		tap_skip(with->program, "not here");
		end(site);
		return;
	}
	put(site, second, "0000000003 between");
	put(site, "logs/log", "0000000004 new");
	restart(site, "logs/log");
	ok(site->got.count == 3 &&
	       strcmp(site->got.list[0], "0000000002 rest") == 0 &&
	       strcmp(site->got.list[1], "0000000003 between") == 0 &&
	       strcmp(site->got.list[2], "0000000004 new") == 0,
	   "moved to %s%s, and once more: three lines", first, with->suffix);
	put(site, "logs/log", "0000000005 on");
	arrives(site, "0000000005 on", "going on");
	end(site);
}

/* The log has kept its name, as in a directory for each day. */
static void
resumed_under_its_name(const char *directory, bool copies,
		       const struct compressor *with)
{
	struct site *site = begin();
	char *name = alloc_format("%s/log", directory);

	mkdir(in(site, "logs"), 0755);
	mkdir(in(site, "other"), 0755);
	mkdir(in(site, directory), 0755);
	put(site, "other/log", "0000000002 another");
	put(site, "logs/log", "0000000001 a");
	start(site, "logs/log");
	stop(site);
	put(site, "logs/log", "0000000002 rest");
	rotate(site, copies, "logs/log", name);
	if (with == &none || compress_file(site, with, name)) {
		put(site, "logs/log", "0000000003 new");
		restart(site, "logs/log");
		ok(site->got.count == 2 &&
		       strcmp(site->got.list[0], "0000000002 rest") == 0 &&
		       strcmp(site->got.list[1], "0000000003 new") == 0,
		   "%s to %s%s: two lines", copies ? "copied" : "moved", name,
		   with->suffix);
	} else {
		tap_skip(with->program, "not here");
	}
	free(name);
	end(site);
}

/* The position is that of a rotated file, or of the log itself. */
static void
resumed_in_renamed_directory(bool rotated)
{
	struct site *site = begin();

	mkdir(in(site, "logs"), 0755);
	if (rotated)
		put(site, "logs/log.1", "0000000001 old");
	put(site, "logs/log", "0000000001 a");
	start(site, "logs/log");
	stop(site);
	put(site, "logs/log", "0000000002 rest");
	move(site, "logs", "logs.old");
	mkdir(in(site, "logs"), 0755);
	put(site, "logs/log", "0000000003 new");
	restart(site, "logs/log");
	is_int(count(site, "0000000002 rest"), 1,
	       "the directory was renamed and made again%s",
	       rotated ? ", soon after a rotation" : "");
	is_int(count(site, "0000000003 new"), 1, "the new log");
	end(site);
}

/* Of an empty log, the inode tells where it is. */
static void
resumed_empty_beside(void)
{
	struct source_start how = {.since = 2};
	struct site *site = begin();

	mkdir(in(site, "old"), 0755);
	mkdir(in(site, "other"), 0755);
	put_raw(site, "log", "", 0);
	start(site, "log");
	stop(site);
	put(site, "other/log", "0000000002 another");
	put(site, "other/log.1", "0000000002 another");
	put(site, "log", "0000000002 rest");
	move(site, "log", "old/log.2");
	put(site, "old/log.1", "0000000003 between");
	put(site, "log", "0000000004 new");
	start_with(site, "log", how);
	follower_settle(&site->follower);
	ok(site->got.count == 3 &&
	       strcmp(site->got.list[0], "0000000002 rest") == 0 &&
	       strcmp(site->got.list[1], "0000000003 between") == 0 &&
	       strcmp(site->got.list[2], "0000000004 new") == 0,
	   "an empty log, then moved to old/log.2, and once more");
	end(site);
}

/* Numbers of inodes are used again, so a number is not enough where another log
 * is written, or under another name. */
static void
not_beside_by_number(bool log_there)
{
	struct source_start how = {.since = 2};
	struct site *site = begin();

	mkdir(in(site, "other"), 0755);
	put_raw(site, "log", "", 0);
	start(site, "log");
	stop(site);
	put(site, "log", "0000000002 another");
	move(site, "log", log_there ? "other/log.1" : "other/mail");
	if (log_there)
		put(site, "other/log", "0000000002 another");
	put(site, "log", "0000000003 b");
	start_with(site, "log", how);
	follower_settle(&site->follower);
	is_int(count(site, "0000000002 another"), 0,
	       log_there ? "a rotated log beside another log"
			 : "the number of a file of another name");
	end(site);
}

/* Twice, before anything was read, while the daemon runs. */
static void
moved_beside_unread(const struct compressor *with)
{
	struct site *site = begin();

	mkdir(in(site, "old"), 0755);
	put_raw(site, "log", "", 0);
	start(site, "log");
	put(site, "log", "0000000002 rest");
	move(site, "log", "old/log.2");
	if (with != &none && !compress_file(site, with, "old/log.2"))
		abort();
	put(site, "old/log.1", "0000000003 between");
	put(site, "log", "0000000004 new");
	arrives(site, "0000000004 new", "moved twice before it was read");
	is_int(count(site, "0000000002 rest"), 1, "the first%s", with->suffix);
	is_int(count(site, "0000000003 between"), 1, "the second");
	end(site);
}

/* Another program's log of the same name is not taken for ours. */
static void
not_beside(void)
{
	struct site *site = begin();

	mkdir(in(site, "other"), 0755);
	put(site, "other/log.1", "0000000002 another");
	put(site, "log", "0000000001 a");
	start(site, "log");
	stop(site);
	unlink(in(site, "log"));
	put(site, "log", "0000000003 b");
	restart(site, "log");
	is_int(count(site, "0000000002 another"), 0, "a log beside");
	is_int(said(site, "cannot find the position"), 1,
	       "the position is lost");
	end(site);
}

static void
truncated_to_olddir(void)
{
	struct site *site = begin();

	mkdir(in(site, "old"), 0755);
	put(site, "log", "0000000001 a");
	start(site, "log");
	put(site, "log", "0000000002 b");
	copy(site, "log", "old/log.1");
	cut(site, "log");
	arrives(site, "0000000002 b", "copytruncate with olddir");
	end(site);
}

static void
resumed_where_it_was(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	put_raw(site, "log", "0000000002 ", 11);
	start(site, "log");
	stop(site);
	put_raw(site, "log", "torn\n", 5);
	restart(site, "log");
	is_int((long long)site->got.count, 1, "stopped: only the rest");
	is_str(nth(site, 0), "0000000002 torn",
	       "from the beginning of the torn line");
	end(site);
}

/* The inode is the same, the file is another. */
static void
not_fooled(void)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	put(site, "log", "0000000002 b");
	start(site, "log");
	stop(site);
	cut(site, "log");
	put(site, "log", "0000000003 c");
	put(site, "log", "0000000004 d");
	put(site, "log", "0000000005 e");
	start_with(site, "log", (struct source_start){.since = 3});
	follower_settle(&site->follower);
	is_int((long long)site->got.count, 3,
	       "another file in the same place "
	       "is begun by its time");
	is_int(said(site, "cannot find the position"), 1, "and that is logged");
	end(site);
}

static void
begins_in_time(void)
{
	struct site *site = begin();

	put(site, "log.2", "0000000010 a");
	put(site, "log.1", "0000001000 b");
	put(site, "log.1", "0000002000 c");
	put(site, "log", "0000003000 d");
	start_with(site, "log", (struct source_start){.since = 1500});
	follower_settle(&site->follower);
	is_int((long long)site->got.count, 2, "begins in the rotated file");
	is_str(nth(site, 0), "0000002000 c", "at the right line");
	source_close(&site->follower.source);
	strings_clear(&site->got);
	start_with(site, "log", (struct source_start){.beginning = true});
	follower_settle(&site->follower);
	is_int((long long)site->got.count, 1,
	       "or at the first line of the log itself");
	end(site);
}

/* Nothing tells how old that line is. */
static void
begins_with_half_a_line(void)
{
	struct site *site = begin();

	put_raw(site, "log.1", "0000000005 ", 11);
	put_raw(site, "log", "", 0);
	start_with(site, "log", (struct source_start){.since = 5});
	follower_settle(&site->follower);
	put(site, "log.1", "a");
	arrives(site, "0000000005 a", "begun before the start and a rotation");
	end(site);
}

/* The last run ended within a line. What has become of the log since then? */
static void
resumed_within_line(void (*became)(struct site *), int lines, const char *what)
{
	struct site *site = begin();

	put(site, "log", "0000000001 a");
	put_raw(site, "log", "0000000002 to", 13);
	start(site, "log");
	stop(site);
	became(site);
	put(site, "log", "0000000004 d");
	start_with(site, "log", (struct source_start){.since = 2});
	follower_settle(&site->follower);
	is_int(count(site, "0000000004 d"), 1, "resumed within a line");
	is_int((long long)site->got.count, lines, "%s", what);
	end(site);
}

static void
become_empty(struct site *site)
{
	cut(site, "log");
	put(site, "log", "0000000009 text of a stranger");
}

static void
become_copied(struct site *site)
{
	copy(site, "log", "log.1");
	become_empty(site);
}

static void
become_renamed(struct site *site)
{
	move(site, "log", "log.1");
	put(site, "log", "0000000009 text of a stranger");
	put(site, "log", "0000000003 c");
}

static void
once(void)
{
	struct site *site = begin();
	struct source_start how = {.once = true};
	struct err err;

	is_int(follower_open(&site->follower, in(site, "log"), &how, &err), -1,
	       "once: a missing file is an error");
	ok(strstr(err.text, "log: No such file or directory") != NULL,
	   "that says why: %s", err.text);
	put(site, "log", "0000000001 a");
	start_with(site, "log", how);
	follower_settle(&site->follower);
	ok(site->follower.idle && site->follower.ended, "once: it ends");
	is_int((long long)site->got.count, 1, "after the last line");
	end(site);
}

/* ---- others ---- */

static void
starred(void)
{
	struct site *site = begin();

	put(site, "pop3-202611190000", "0000000001 a");
	put(site, "pop3-202611200000", "0000000002 b");
	start_with(site, "pop3-*", (struct source_start){.since = 2});
	follower_settle(&site->follower);
	is_int(count(site, "0000000002 b"), 1, "*: the newest");
	is_int(count(site, "0000000001 a"), 0, "only");
	put(site, "pop3-202611200000", "0000000003 c");
	put(site, "pop3-202611210000", "0000000004 d");
	arrives(site, "0000000004 d", "its successor");
	is_int(count(site, "0000000003 c"), 1, "the rest of it before");
	put(site, "pop3-202611200000", "0000000005 e");
	arrives(site, "0000000005 e", "and a late line");
	stop(site);
	put(site, "pop3-202611210000", "0000000006 f");
	put(site, "pop3-202611220000", "0000000007 g");
	restart(site, "pop3-*");
	ok(count(site, "0000000006 f") == 1 && count(site, "0000000007 g") == 1,
	   "stopped while the successor came");
	end(site);
}

/* As Kubernetes: log-NAME.log is a link to pods/NAME/0.log. */
static void
make_pod(struct site *site, const char *name)
{
	char path[64], link[64];

	mkdir(in(site, "pods"), 0755);
	snprintf(path, sizeof(path), "pods/%s", name);
	mkdir(in(site, path), 0755);
	snprintf(path, sizeof(path), "pods/%s/0.log", name);
	snprintf(link, sizeof(link), "log-%s.log", name);
	if (symlink(path, in(site, link)) != 0)
		abort();
}

/* As kubelet, which gives a compressed file the time when that was done. */
static void
compress_now(struct site *site, const char *name, const char *compressed)
{
	if (!compress_file(site, &gzip, name) ||
	    utimensat(AT_FDCWD, in(site, compressed), NULL, 0) != 0)
		ok(false, "compressed %s", name);
}

static void
links_rotated(void)
{
	struct site *site = begin();

	make_pod(site, "a");
	make_pod(site, "b");
	put(site, "pods/a/0.log", "0000000001 a");
	put(site, "pods/b/0.log", "0000000002 b");
	start(site, "log-*.log");
	put(site, "pods/a/0.log", "0000000003 rest");
	move(site, "pods/a/0.log", "pods/a/0.log.20261129-170000");
	put(site, "pods/a/0.log.20261129-170000", "0000000004 late");
	put(site, "pods/a/0.log", "0000000005 new");
	arrives(site, "0000000005 new", "links: the target of one is rotated");
	is_int(count(site, "0000000003 rest"), 1, "its rest");
	is_int(count(site, "0000000004 late"), 1, "and a late line");
	compress_now(site, "pods/a/0.log.20261129-170000",
		     "pods/a/0.log.20261129-170000.gz");
	move(site, "pods/a/0.log", "pods/a/0.log.20261129-180000");
	put(site, "pods/a/0.log", "0000000006 between");
	move(site, "pods/a/0.log", "pods/a/0.log.20261129-190000");
	put(site, "pods/a/0.log", "0000000007 newer");
	arrives(site, "0000000007 newer", "twice at a time");
	is_int(count(site, "0000000006 between"), 1, "the file between");
	put(site, "pods/b/0.log", "0000000008 other");
	arrives(site, "0000000008 other", "the other goes on");
	is_int((long long)site->got.count, 8, "each line once");
	end(site);
}

static void
links_rotated_stopped(bool compressed)
{
	struct site *site = begin();

	make_pod(site, "a");
	put(site, "pods/a/0.log", "0000000001 a");
	start(site, "log-*.log");
	stop(site);
	put(site, "pods/a/0.log", "0000000002 rest");
	move(site, "pods/a/0.log", "pods/a/0.log.20261129-170000");
	put(site, "pods/a/0.log", "0000000003 between");
	if (compressed)
		compress_now(site, "pods/a/0.log.20261129-170000",
			     "pods/a/0.log.20261129-170000.gz");
	move(site, "pods/a/0.log", "pods/a/0.log.20261129-180000");
	put(site, "pods/a/0.log", "0000000004 new");
	restart(site, "log-*.log");
	is_int((long long)site->got.count, 3,
	       "links: rotated twice while stopped%s",
	       compressed ? ", and compressed" : "");
	is_str(nth(site, 0), "0000000002 rest", "the rest");
	is_str(nth(site, 1), "0000000003 between", "what came between");
	is_str(nth(site, 2), "0000000004 new", "and the new");
	end(site);
}

static void
links_compressed_late(void)
{
	struct site *site = begin();
	struct source_start how = {.since = 0};
	struct follow *f = by_hand(site, "log-*.log");
	char name[64], gz[72];
	struct err err;
	int64_t now = 0;

	make_pod(site, "a");
	put(site, "pods/a/0.log", "0000000001 a");
	is_int(follow_start(f, &how, now, &err), 0, "started");
	follow_read(f, 1 << 20, now);
	for (int i = 1; i < 4; i++) {
		sprintf(name, "pods/a/0.log.20261129-17000%d", i);
		sprintf(gz, "%s.gz", name);
		move(site, "pods/a/0.log", name);
		put(site, "pods/a/0.log", "0000000002 b");
		follow_look(f, now);
		follow_read(f, 1 << 20, now);
		put(site, "pods/a/0.log", "0000000003 c");
		follow_read(f, 1 << 20, now);
		now += 2 * FOLLOW_QUIET_MS;
		follow_tend(f, now);
		is_int((long long)follow_count(f), 1, "the rotated is closed");
		compress_now(site, name, gz);
	}
	is_int((long long)site->got.count, 7,
	       "links: compressed when the next one is rotated");
	follow_free(&f);
	end(site);
}

static void
set_link_time(struct site *site, const char *name, struct timespec made)
{
	const struct timespec times[2] = {made, made};

	utimensat(AT_FDCWD, in(site, name), times, AT_SYMLINK_NOFOLLOW);
}

static void
links_come_and_go(void)
{
	struct site *site = begin();
	char name[16];
	int before;
	struct timespec made = {.tv_sec = time(NULL)};

	start(site, "log-*.log");
	before = inotify_watches();
	make_pod(site, "a");
	follower_settle(&site->follower);
	ok(inotify_watches() > before, "a link to a file that is not there");
	put(site, "pods/a/0.log", "0000000001 a");
	arrives(site, "0000000001 a", "which comes later");
	move(site, "pods/a/0.log", "pods/a/0.log.20261129-170000");
	put(site, "pods/a/0.log", "0000000002 b");
	arrives(site, "0000000002 b", "and is rotated");
	unlink(in(site, "log-a.log"));
	for (int i = 0; i < 40; i++) {
		sprintf(name, "n%d", i);
		make_pod(site, name);
		made.tv_sec++;
		sprintf(name, "log-n%d.log", i);
		set_link_time(site, name, made);
	}
	follower_settle(&site->follower);
	ok(inotify_watches() < before + 25, "of many links not all");
	put(site, "pods/n39/0.log", "0000000003 c");
	arrives(site, "0000000003 c", "but the last");
	for (int i = 0; i < 40; i++) {
		sprintf(name, "log-n%d.log", i);
		unlink(in(site, name));
	}
	follower_settle(&site->follower);
	ok(inotify_watches() <= before + 3, "none, but of the open files");
	end(site);
}

/* A name with a date, which logrotate(8) numbers: twice while stopped. */
static void
starred_and_numbered(bool copies)
{
	static const char log[] = "mail-20261129.log";
	static const char first[] = "mail-20261129.log.1";
	struct site *site = begin();

	put(site, log, "0000000001 a");
	start(site, "mail-*");
	stop(site);
	put(site, log, "0000000002 b");
	rotate(site, copies, log, first);
	put(site, log, "0000000003 c");
	move(site, first, "mail-20261129.log.2");
	rotate(site, copies, log, first);
	put(site, log, "0000000004 d");
	restart(site, "mail-*");
	ok(site->got.count == 3 &&
	       strcmp(site->got.list[0], "0000000002 b") == 0 &&
	       strcmp(site->got.list[1], "0000000003 c") == 0 &&
	       strcmp(site->got.list[2], "0000000004 d") == 0,
	   "*: a date, %s to .1 and .2 while stopped",
	   copies ? "copied" : "renamed");
	end(site);
}

static void
standard_input(void)
{
	struct site *site = begin();
	struct source_start how = {0};
	int saved = dup(0), ends[2];
	struct logpos pos;
	struct err err;

	if (pipe2(ends, O_CLOEXEC) != 0 || dup2(ends[0], 0) != 0)
		abort();
	is_int(follower_open(&site->follower, "-", &how, &err), 0, "-");
	follower_settle(&site->follower);
	ok(site->follower.idle, "nothing there: the start is over");
	ok(write(ends[1], "one\ntwo\nthr", 11) == 11, "a pipe");
	site->awaited = "two";
	ok(follower_await(&site->follower, 5000), "its lines");
	site->awaited = NULL;
	close(ends[1]);
	follower_settle(&site->follower);
	ok(site->follower.ended, "its end");
	is_int((long long)site->got.count, 2, "without the torn line");
	is_int(source_position(site->follower.source, 0, &pos), -1,
	       "and no place in it");
	source_close(&site->follower.source);
	dup2(saved, 0);
	close(saved);
	close(ends[0]);
	end(site);
}

static int
write_to_fifo(struct site *site, const char *text)
{
	int fd = open(in(site, "log"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		ok(false, "wrote to a FIFO: %s", strerror(errno));
	return fd;
}

/* The process that read a part of a line is not there any more. */
static void
fifo_read_by_another(void)
{
	struct site *site = begin();
	struct source_start how = {0};
	int fd;

	mkfifo(in(site, "log"), 0600);
	start_with(site, "log", how);
	close(write_to_fifo(site, "0000000001 a\n"));
	follower_settle(&site->follower);
	ok(site->follower.idle, "its writer has gone: the start is over");
	is_int(count(site, "0000000001 a"), 1, "no writer: a line begins");
	fd = write_to_fifo(site, "0000000002 user=");
	follower_settle(&site->follower);
	source_close(&site->follower.source);
	start_with(site, "log", how);
	close(write_to_fifo(site, "0000000003 forged\n0000000004 b\n"));
	follower_settle(&site->follower);
	is_int(count(site, "0000000004 b"), 1, "a writer: the second line");
	close(fd);
	follower_settle(&site->follower);
	close(write_to_fifo(site, "0000000005 c\n"));
	arrives(site, "0000000005 c", "the next writer begins one");
	is_int((long long)site->got.count, 3, "no rest of a line");
	end(site);
}

/* Likewise; the first process that reads it is believed. What comes after the
 * first line is in the export format of journalctl, if export. */
static void
standard_input_again(bool export)
{
	static const char lines[] = "0000000001 rest\n0000000002 b\n";
	static const char entry[] =
	    "0000000001 rest\n\n__CURSOR=s=1\nMESSAGE\n\x18\0\0\0\0\0\0";
	static const char value[] = "two\n\n0000000003 forged\n";
	struct site *site = begin();
	int saved = dup(0), ends[2];
	ssize_t len = export ? sizeof(entry) : sizeof(lines) - 1;
	struct err err;

	if (pipe2(ends, O_CLOEXEC) != 0 || dup2(ends[0], 0) != 0)
		abort();
	follower_open(&site->follower, "-", &(struct source_start){.again = true},
		      &err);
	ok(write(ends[1], export ? entry : lines, len) == len, "-");
	follower_settle(&site->follower);
	if (export)
		ok(write(ends[1], value, sizeof(value) - 1) > 0, "a value");
	close(ends[1]);
	follower_settle(&site->follower);
	is_str(nth(site, 0), export ? "" : "0000000002 b",
	       "again: the second line");
	is_int((long long)site->got.count, 1,
	       "nothing of %s", export ? "an export" : "the rest of one");
	is_int(said(site, "the export format"), export, "and one warning");
	source_close(&site->follower.source);
	dup2(saved, 0);
	close(saved);
	close(ends[0]);
	end(site);
}

int
main(void)
{
	int before = descriptors();

	renamed();
	renamed_twice_unseen();
	name_comes_back();
	many_rotations();
	quiet_files_close();
	quiet_before_rotation();
	copy_beside_starred();
	blocks_last_until_settled();
	sink_reads_ahead();
	name_comes_back_to_stay();
	closed_file_comes_back();
	copy_takes_the_name();
	copy_of_same_time();
	copy_after_another();
	copy_is_rotated();
	copytruncated();
	torn_first_line();
	torn_first_line_goes_on();
	torn_first_line_emptied();
	emptied_unread();
	seen_to_be_written();
	truncated_and_longer();
	hole();
	hole_within();
	deleted();
	not_there_yet();
	link_switched();
	torn_before_another_device();
	permission();
	overflown();
	no_inotify();
	odd_lines();
	cut_by_rotation(true);
	cut_by_rotation(false);
	whole_after_all();
	cut_before_an_empty_file();
	cut_after_a_hole();
	cut_before_the_start();
	cut_and_compressed();
	compressed_while_open();
	compressed_nuls();
	truncated_and_compressed();
	copy_gone();
	copy_gone_in_pieces();
	copy_gone_before_rotated();
	copy_is_older();
	copy_gone_after_known();
	inode_used_again();
	copied_before_clock_was_set();
	emptied_and_compressed();
	dated_before_clock_was_set();
	moved_before_clock_was_set();
	copied_and_compressed();
	torn_copied_and_compressed();
	truncated_copied_and_compressed();
	replaced_and_copied();
	copied_then_compressed_unread();
	resumed("log.2", "log.1", &none);
	resumed("log.2", "log.1", &gzip);
	resumed("log-20261119", "log-20261120", &none);
	resumed("log-20261119", "log-20261120", &gzip);
	resumed("log-2026-W47", "log-2026-W48", &none);
	resumed("log-2026-W47.txt", "log-2026-W48.txt", &gzip);
	resumed("saved", "log.1", &none);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		resumed("log.2", "log.1", &others[i]);
		resumed("log-20261119", "log-20261120", &others[i]);
	}
	resumed_beside("logs/archive", "log", &none);
	resumed_beside("archive", "log", &none);
	resumed_beside("archive", "log", &gzip);
	resumed_under_its_name("logs/old", false, &none);
	resumed_under_its_name("logs/2026-11-29", false, &gzip);
	resumed_under_its_name("logs.old", true, &none);
	resumed_in_renamed_directory(false);
	resumed_in_renamed_directory(true);
	resumed_empty_beside();
	not_beside();
	not_beside_by_number(true);
	not_beside_by_number(false);
	links_rotated();
	links_rotated_stopped(false);
	links_rotated_stopped(true);
	links_compressed_late();
	links_come_and_go();
	moved_beside_unread(&none);
	moved_beside_unread(&gzip);
	truncated_to_olddir();
	resumed_where_it_was();
	not_fooled();
	begins_in_time();
	begins_with_half_a_line();
	resumed_within_line(become_empty, 1, "which goes on, perhaps");
	resumed_within_line(become_copied, 1, "of which there is a copy");
	resumed_within_line(become_renamed, 2, "which is in the renamed log");
	once();
	starred();
	starred_and_numbered(false);
	starred_and_numbered(true);
	standard_input();
	standard_input_again(false);
	standard_input_again(true);
	fifo_read_by_another();
	is_int(descriptors(), before, "no descriptor is left open");
	return tap_done();
}
