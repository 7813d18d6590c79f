/*
 * Several files that match one name with '*' are written to at the same time:
 * each line in them is delivered once, however quiet a file was for a while.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/source/follow.h"
#include "tests/model/calls.h"
#include "tests/model/program.h"
#include "tests/tap.h"
#include "tests/unit/follow_site.h"
#include "tests/unit/follower.h"

static void
put_number(struct site *site, const char *name, int n)
{
	char line[32];

	sprintf(line, "%010d n", n);
	put(site, name, line);
}

__attribute__((format(printf, 3, 4))) static void
number_arrives(struct site *site, int n, const char *fmt, ...)
{
	char line[32], what[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	sprintf(line, "%010d n", n);
	arrives(site, line, what);
}

/* A minute without anything. Files that are quiet are closed after that, if
 * others were written to. */
static void
pass_minute(struct site *site)
{
	follower_settle(&site->follower);
	calls_pass_time(61000);
	follower_settle(&site->follower);
}

/* So that `name' alone is open. */
static void
let_others_go(struct site *site, const char *name, int n)
{
	pass_minute(site);
	put_number(site, name, n);
	number_arrives(site, n, "%s goes on", name);
	pass_minute(site);
}

static void
quiet_and_back(const char *a, const char *b)
{
	struct site *site = begin();
	int n = 1;

	put_number(site, "mail-third", n++);
	put_number(site, a, n++);
	put_number(site, b, n++);
	start(site, "mail-*");
	for (int i = 0; i < 20; i++) {
		let_others_go(site, b, n++);
		put_number(site, a, n);
		number_arrives(site, n++, "%s was quiet, and is back", a);
		let_others_go(site, a, n++);
		put_number(site, b, n);
		number_arrives(site, n++, "%s was quiet, and is back", b);
	}
	put_number(site, "mail-third", n);
	number_arrives(site, n++, "so is one that was quiet all that time");
	is_int((long long)site->got.count, n - 1, "each line once");
	ok(said(site, "following") <= 2, "and that is not said each time");
	end(site);
}

static void
set_time(struct site *site, const char *name, time_t when)
{
	const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};

	utimensat(AT_FDCWD, in(site, name), times, 0);
}

static void
compress(struct site *site, const char *name)
{
	char *command = alloc_format("gzip -f %s", in(site, name));

	is_int(system(command), 0, "compressed");
	free(command);
}

/* The other was written to, and read, after the one that is back. */
static void
back_with_an_older_time(void)
{
	struct site *site = begin();
	struct source_start how = {.since = 0};
	struct follow *f = by_hand(site, "mail-*");
	int64_t now = 0;
	struct err err;

	put_number(site, "mail-a", 1);
	put_number(site, "mail-b", 2);
	set_time(site, "mail-a", 1000);
	set_time(site, "mail-b", 1001);
	is_int(follow_start(f, &how, now, &err), 0, "started");
	follow_read(f, 1 << 20, now);
	put_number(site, "mail-b", 3);
	now += 2 * FOLLOW_QUIET_MS;
	follow_read(f, 1 << 20, now);
	follow_tend(f, now);
	is_int((long long)follow_count(f), 1, "one is let go");
	set_time(site, "mail-b", 1003);
	follow_look(f, now);
	is_int((long long)follow_count(f), 1, "and unchanged");
	put_number(site, "mail-a", 4);
	set_time(site, "mail-a", 1002);
	follow_look(f, now);
	follow_read(f, 1 << 20, now);
	is_int((long long)site->got.count, 4, "changed before the other was");
	follow_look(f, now);
	now += 2 * FOLLOW_QUIET_MS;
	put_number(site, "mail-a", 5);
	follow_read(f, 1 << 20, now);
	follow_tend(f, now);
	is_int((long long)follow_count(f), 1, "now the other is let go");
	follow_look(f, now);
	is_int((long long)follow_count(f), 1,
	       "and stays so, though it is younger");
	follow_free(&f);
	end(site);
}

/* Both have lines of before: by their time, and by their positions. */
static void
started_again(const char *a, const char *b)
{
	struct site *site = begin();

	put(site, a, "0000000001 a");
	put(site, b, "0000000001 b");
	put(site, a, "0000000005 a");
	start_with(site, "mail-*", (struct source_start){.since = 4});
	follower_settle(&site->follower);
	is_int((long long)site->got.count, 1, "what is young enough");
	put(site, b, "0000000006 b");
	arrives(site, "0000000006 b", "the other is followed");
	let_others_go(site, b, 7);
	stop(site);
	restart(site, "mail-*");
	put(site, a, "0000000008 a");
	arrives(site, "0000000008 a", "let go before a restart");
	stop(site);
	put(site, a, "0000000009 a");
	put(site, b, "0000000010 b");
	put(site, a, "0000000011 a");
	restart(site, "mail-*");
	is_int((long long)site->got.count, 3, "written to while stopped");
	stop(site);
	put(site, b, "0000000012 b");
	restart(site, "mail-*");
	put(site, a, "0000000013 a");
	arrives(site, "0000000013 a", "one of them, and then the other");
	is_int((long long)site->got.count, 2, "each line once");
	end(site);
}

/* Dated files, of which each is the last for a while. */
static void
old_ones_stay_read(void)
{
	struct site *site = begin();
	char name[32];
	int n = 1;

	start(site, "mail-*");
	for (int i = 10; i < 80; i++) {
		sprintf(name, "mail-202611%02d", i);
		put_number(site, name, n);
		number_arrives(site, n++, "%s", name);
		let_others_go(site, name, n++);
		if (i % 10 == 9) {
			stop(site);
			restart(site, "mail-*");
			is_int((long long)site->got.count, 0, "nothing again");
			pass_minute(site);
		}
	}
	put_number(site, "mail-20261177", n);
	number_arrives(site, n, "an old one goes on");
	is_int((long long)site->got.count, 1, "and only that is read");
	end(site);
}

/* What is between two that may be written to was read long ago. */
static void
old_between_stays_read(void)
{
	struct site *site = begin();

	put(site, "mail-1", "0000000001 a");
	put(site, "mail-2", "0000000002 b");
	put(site, "mail-3", "0000000003 c");
	set_time(site, "mail-1", 1000);
	set_time(site, "mail-2", 2000);
	set_time(site, "mail-3", 3000);
	compress(site, "mail-2");
	restart(site, "mail-*");
	is_int((long long)site->got.count, 0, "all is too old");
	stop(site);
	restart(site, "mail-*");
	is_int((long long)site->got.count, 0, "and so it stays");
	put(site, "mail-1", "0000000004 d");
	arrives(site, "0000000004 d", "but the oldest is followed");
	end(site);
}

/* What must be read of a file that was rotated and compressed while nothing
 * followed it, and then another was written to; how: let go before, or with a
 * restart in between. */
static void
rotated_while_stopped(const char *a, const char *b, bool let_go)
{
	struct site *site = begin();
	char *rotated = alloc_format("%s.1", b);

	put_number(site, a, 1);
	put_number(site, b, 2);
	start(site, "mail-*");
	if (let_go)
		let_others_go(site, a, 3);
	stop(site);
	put_number(site, b, 4);
	move(site, b, rotated);
	compress(site, rotated);
	free(rotated);
	put_number(site, b, 5);
	put_number(site, a, 6);
	rotated = alloc_format("%s.1.gz", b);
	set_time(site, rotated, 1000);
	set_time(site, b, 1001);
	set_time(site, a, 1002);
	free(rotated);
	start(site, "mail-*");
	is_int((long long)site->got.count, 3,
	       "%s was rotated while stopped, %s written to last", b, a);
	number_arrives(site, 4, "even of what is compressed");
	pass_minute(site);
	stop(site);
	start(site, "mail-*");
	is_int((long long)site->got.count, 0, "none of them again");
	end(site);
}

/* As the kubelet does it: what matches is a link, and its target is rotated. */
static void
target_rotated_while_stopped(bool compressed)
{
	struct site *site = begin();

	for (int i = 0; i < 2; i++) {
		const char *pod = i == 0 ? "p0" : "p1";
		char *log = alloc_format("%s/0.log", in(site, pod));

		mkdir(in(site, pod), 0700);
		put_number(site, i == 0 ? "p0/0.log" : "p1/0.log", 1 + i);
		ok(symlink(log, in(site, i == 0 ? "mail-0" : "mail-1")) == 0,
		   "linked");
		free(log);
	}
	start(site, "mail-*");
	put_number(site, "p0/0.log", 3);
	number_arrives(site, 3, "following links");
	stop(site);
	put_number(site, "p1/0.log", 4);
	move(site, "p1/0.log", "p1/0.log.20261129-210001");
	if (compressed)
		compress(site, "p1/0.log.20261129-210001");
	put_number(site, "p1/0.log", 5);
	put_number(site, "p0/0.log", 6);
	start(site, "mail-*");
	is_int((long long)site->got.count, 3,
	       "the target of a link was rotated%s: each line once",
	       compressed ? " and compressed" : "");
	number_arrives(site, 4, "before that, too");
	end(site);
}

/* By their times: one that is older than another may have younger lines. */
static void
compressed_and_unknown(void)
{
	struct site *site = begin();

	put(site, "mail-b.1", "0000000001 b");
	put(site, "mail-b.1", "0000000008 b");
	compress(site, "mail-b.1");
	put(site, "mail-c.1", "0000000002 c");
	compress(site, "mail-c.1");
	set_time(site, "mail-c.1.gz", 2);
	put(site, "mail-a", "0000000003 a");
	put(site, "mail-a", "0000000009 a");
	start_with(site, "mail-*", (struct source_start){.since = 5});
	arrives(site, "0000000009 a", "by its time");
	arrives(site, "0000000008 b", "by its time, in a compressed file");
	is_int((long long)site->got.count, 2, "and nothing older");
	end(site);
}

static void
renamed_when_let_go(void)
{
	struct site *site = begin();

	put_number(site, "mail-1.log", 1);
	put_number(site, "mail-2.log", 2);
	start(site, "mail-*");
	let_others_go(site, "mail-2.log", 3);
	move(site, "mail-1.log", "mail-1.log.1");
	put_number(site, "mail-1.log", 4);
	number_arrives(site, 4, "rotated when it was let go");
	put_number(site, "mail-1.log.1", 5);
	number_arrives(site, 5, "its writer has not noticed");
	is_int((long long)site->got.count, 5, "each line once");
	end(site);
}

/* What comes first in the emptied file goes on with a line of a stranger. */
static void
torn_when_let_go(const char *before)
{
	struct site *site = begin();

	put(site, "mail-1.log", "0000000001 a");
	if (before[0] == '\0')
		cut(site, "mail-1.log");
	put(site, "mail-2.log", "0000000002 b");
	start(site, "mail-*");
	put_raw(site, "mail-1.log", "0000000003 user=", 16);
	let_others_go(site, "mail-2.log", 4);
	cut(site, "mail-1.log");
	put(site, "mail-1.log", "0000000009 forged");
	put(site, "mail-1.log", "0000000005 c");
	arrives(site, "0000000005 c", "emptied within a line, when let go");
	is_int(count(site, "0000000009 forged"), 0, "its rest is no line");
	end(site);
}

/* Quiet for long, and then its name is that of another file, which begins with
 * the rest; how: renamed, deleted, or copied by a name that does not match. */
static void
torn_and_replaced(const char *how, bool stopped)
{
	struct site *site = begin();
	bool copied = strcmp(how, "copied") == 0;

	put(site, "mail-1.log", "0000000001 a");
	put(site, "mail-2.log", "0000000002 b");
	start(site, "mail-*.log");
	put_raw(site, "mail-1.log", "0000000003 user=", 16);
	let_others_go(site, "mail-2.log", 4);
	if (stopped)
		stop(site);
	if (copied)
		cut(site, "mail-1.log");
	else if (strcmp(how, "deleted") == 0)
		unlink(in(site, "mail-1.log"));
	else
		move(site, "mail-1.log", "mail-1.log.1");
	put(site, "mail-1.log", "0000000009 forged");
	put(site, "mail-1.log", "0000000005 c");
	set_time(site, "mail-2.log", 1000); /* or it may be the same */
	if (stopped)
		restart(site, "mail-*.log");
	arrives(site, "0000000005 c", "quiet, torn, and replaced");
	is_int(count(site, "0000000009 forged"), 0, "%s%s: its rest is no line",
	       how, stopped ? " while stopped" : "");
	end(site);
}

/* A file comes while another one ends within a line. What that gets then tells
 * whether the first line of the new one is the rest. */
static void
torn_beside(const char *then, const char *a, const char *b)
{
	struct site *site = begin();
	char *rotated = alloc_format("%s.1", a);
	bool goes_on = strcmp(then, "goes on") == 0;

	put(site, a, "0000000001 a");
	start(site, "mail-*");
	put_raw(site, a, "0000000003 user=", 16);
	follower_settle(&site->follower);
	put(site, b, "0000000009 first");
	put(site, b, "0000000004 b");
	arrives(site, "0000000004 b", "a file comes beside a torn one");
	is_int(count(site, "0000000009 first"), 0, "its first line waits");
	if (strcmp(then, "is renamed") == 0)
		move(site, a, rotated);
	if (strcmp(then, "is emptied") == 0) {
		cut(site, a);
		put(site, a, "0000000006 one that is longer");
	}
	follower_settle(&site->follower);
	put(site, strcmp(then, "is renamed") == 0 ? rotated : a,
	    strcmp(then, "has a line") == 0 ? "0000000006 of another" : "c");
	put(site, b, "0000000005 b");
	arrives(site, "0000000005 b", "both go on");
	follower_settle(&site->follower);
	is_int(count(site, "0000000009 first"), goes_on,
	       "%s %s: its first line %s", a, then,
	       goes_on ? "comes after all" : "is lost");
	is_int(said(site, "after all"), goes_on, "with a message");
	put(site, a, "0000000007 a");
	arrives(site, "0000000007 a", "a line more");
	is_int(count(site, "0000000009 first"), goes_on, "no line again");
	free(rotated);
	end(site);
}

/* By copytruncate, while nothing followed it: before the rest of a line came, or
 * after it. Another file is older, and stays as it is. */
static void
torn_and_copied(bool whole)
{
	struct site *site = begin();
	char *command;

	put(site, "mail-1.log", "0000000001 a");
	set_time(site, "mail-1.log", 1000);
	put(site, "mail-2.log", "0000000002 b");
	start(site, "mail-*");
	put_raw(site, "mail-2.log", "0000000003 user=", 16);
	follower_settle(&site->follower);
	stop(site);
	if (whole)
		put(site, "mail-2.log", "c");
	command = alloc_format("cp %s %s", in(site, "mail-2.log"),
			       in(site, "mail-2.log.1"));
	is_int(system(command), 0, "copied");
	free(command);
	cut(site, "mail-2.log");
	put(site, "mail-2.log", "0000000009 first");
	put(site, "mail-2.log", "0000000005 d");
	start(site, "mail-*");
	arrives(site, "0000000005 d", "copied and emptied while stopped");
	is_int(count(site, "0000000003 user=c"), whole, "what the copy has");
	is_int(count(site, "0000000009 first"), whole, "what comes first %s",
	       whole ? "is a line" : "may be a rest");
	is_int((long long)site->got.count, whole ? 3 : 1, "each line once");
	end(site);
}

/* Cut while nothing followed it. Then `first' is written to, before the file
 * that goes on with the line, or after it. */
static void
torn_and_compressed(bool first)
{
	struct site *site = begin();

	put(site, "mail-1.log", "0000000001 a");
	put(site, "mail-2.log", "0000000002 b");
	start(site, "mail-*");
	stop(site);
	put_raw(site, "mail-1.log", "0000000003 user=", 16);
	move(site, "mail-1.log", "mail-1.log.1");
	compress(site, "mail-1.log.1");
	if (first)
		put(site, "mail-2.log", "0000000004 b");
	put(site, "mail-1.log", "0000000009 forged");
	put(site, "mail-1.log", "0000000005 c");
	if (!first)
		put(site, "mail-2.log", "0000000004 b");
	set_time(site, "mail-1.log.1.gz", 1000);
	set_time(site, "mail-1.log", 1002);
	set_time(site, "mail-2.log", first ? 1001 : 1003);
	start(site, "mail-*");
	arrives(site, "0000000004 b", "the other goes on");
	arrives(site, "0000000005 c", "torn, and compressed");
	is_int(count(site, "0000000009 forged"), 0, "its rest is no line");
	end(site);
}

static void
half_when_let_go(void)
{
	struct site *site = begin();

	put(site, "mail-1.log", "0000000001 a");
	put(site, "mail-2.log", "0000000002 b");
	start(site, "mail-*");
	put_raw(site, "mail-1.log", "0000000003 us", 13);
	let_others_go(site, "mail-2.log", 4);
	put(site, "mail-1.log", "er=c");
	arrives(site, "0000000003 user=c", "the rest of half a line");
	is_int((long long)site->got.count, 4, "no other line came");
	end(site);
}

/* It is being deleted by shred(1). */
static void
overwritten_when_let_go(void)
{
	struct site *site = begin();
	char noise[4096];
	uint64_t state = 1;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)program_random(&state);
	put(site, "mail-1.log",
	    "0000000001 a line that is as long as a line "
	    "of a log may well be");
	put(site, "mail-2.log", "0000000002 b");
	start(site, "mail-*");
	let_others_go(site, "mail-2.log", 3);
	for (int pass = 0; pass < 3; pass++) {
		int fd = open(in(site, "mail-1.log"), O_WRONLY);

		ok(write(fd, noise, sizeof(noise)) > 0, "overwritten");
		close(fd);
		follower_settle(&site->follower);
		put_number(site, "mail-2.log", 4 + pass);
		number_arrives(site, 4 + pass, "pass %d", pass + 1);
	}
	is_int((long long)site->got.count, 6, "nothing of that was read");
	end(site);
}

/* As rotatelogs(8), beside another program. */
static void
cut_by_rotation(void)
{
	struct site *site = begin();

	put(site, "mail-20261128", "0000000001 a");
	put(site, "mail-other", "0000000001 b");
	start(site, "mail-*");
	put_raw(site, "mail-20261128", "0000000002 us", 13);
	follower_settle(&site->follower);
	put(site, "mail-20261129", "0000000009 forged");
	put(site, "mail-20261129", "0000000004 c");
	arrives(site, "0000000004 c", "after a line cut by a rotation");
	is_int(count(site, "0000000009 forged"), 0, "its rest is no line");
	end(site);
}

/* A compressed file may be an old one, but not if its date is later. */
static void
cut_by_rotation_and_compressed(const char *name)
{
	struct site *site = begin();

	start(site, "mail-*");
	put_raw(site, "mail-20261128", "0000000002 us", 13);
	put(site, "mail-20261129", "0000000009 forged");
	put(site, "mail-20261130", "0000000003 b");
	put(site, "mail-20261130", "0000000004 c");
	compress(site, name);
	arrives(site, "0000000004 c", "after a line cut by a rotation");
	is_int(count(site, "0000000003 b"), 1,
	       "its rest is in the file between: %s is compressed", name);
	is_int(count(site, "0000000009 forged"), 0, "and is no line");
	end(site);
}

static void
many_let_go(void)
{
	struct site *site = begin();
	char name[32];
	int n = 1, before = descriptors(), watched;

	start(site, "mail-*");
	watched = inotify_watches();
	for (int i = 0; i < 100; i++) {
		sprintf(name, "mail-%d", i);
		put_number(site, name, n);
		number_arrives(site, n++, "%s", name);
		if (i % 10 == 9)
			let_others_go(site, name, n++);
	}
	ok(inotify_watches() <= watched + 65, "not all files stay watched");
	ok(descriptors() <= before + 8, "nor open");
	put_number(site, "mail-90", n);
	number_arrives(site, n++, "but the last");
	is_int((long long)site->got.count, n - 1, "each line once");
	end(site);
}

/* More than are open, all between two looks, and within one tick of the clock
 * that their times come from. */
static void
many_at_once(void)
{
	struct site *site = begin();
	char name[32];
	int n = 1;

	for (int i = 0; i < 60; i++) {
		sprintf(name, "mail-%c%c", 'a' + i / 26, 'a' + i % 26);
		put_number(site, name, n++);
	}
	start(site, "mail-*");
	for (int round = 1; round <= 5; round++) {
		for (int i = 0; i < 12 * round; i++) {
			sprintf(name, "mail-%c%c", 'a' + i / 26, 'a' + i % 26);
			put_number(site, name, n++);
			set_time(site, name, 2000000000 + round);
		}
		follower_settle(&site->follower);
		is_int((long long)site->got.count, n - 1, "%d files at once",
		       12 * round);
	}
	end(site);
}

/* ---- a clock that was set back ---- */

/* A file that comes as it is: with a line, and the time of its change. */
static void
bring(struct site *site, const char *name, int n, time_t when)
{
	put_number(site, "new", n);
	set_time(site, "new", when);
	move(site, "new", name);
	follower_settle(&site->follower);
}

static void
new_but_older(bool deleted)
{
	struct site *site = begin();

	bring(site, "mail-a", 1, 5000);
	start(site, "mail-*");
	if (deleted)
		unlink(in(site, "mail-a"));
	pass_minute(site);
	bring(site, "mail-b", 2, 1400);
	number_arrives(site, 2, "a new file is older by its time%s",
		       deleted ? ", and the other deleted" : "");
	unlink(in(site, "mail-b"));
	bring(site, "mail-c", 3, 1200);
	number_arrives(site, 3, "and so is the next");
	end(site);
}

/* Too old to be read at the start. */
static void
old_and_not_new(void)
{
	struct site *site = begin();
	char name[32];

	for (int i = 10; i < 40; i++) {
		sprintf(name, "mail-old.%d", i);
		bring(site, name, i, 1000 + i);
	}
	start_with(site, "mail-*", (struct source_start){.since = 9999});
	follower_settle(&site->follower);
	move(site, "mail-old.10", "moved");
	unlink(in(site, "mail-old.39"));
	follower_settle(&site->follower);
	bring(site, "mail-copy", 11, 1011);
	bring(site, "mail-new", 50, 500);
	number_arrives(site, 50, "a new file among old ones");
	move(site, "moved", "mail-old.10");
	move(site, "mail-old.12", "mail-renamed");
	follower_settle(&site->follower);
	is_int((long long)site->got.count, 1, "those that were there are not");
	end(site);
}

/* ---- at random ---- */

enum { FILES = 5, STEPS = 40, LINES_MAX = 5 * STEPS };

/* What happens to several files, and how often each line was delivered. */
struct story {
	struct site *site;
	uint64_t state;
	bool dated, kills;
	bool running;
	int n, since; /* lines written, in all and when it was last stopped */
	int rotations;
	int seen[LINES_MAX];
	int strange; /* no such line was written */
};

static unsigned int
chance(struct story *story, unsigned int n)
{
	return (unsigned int)(program_random(&story->state) % n);
}

static void
collect(struct story *story)
{
	struct site *site = story->site;
	char line[32];

	for (size_t i = 0; i < site->got.count; i++) {
		long n = strtol(site->got.list[i], NULL, 10);

		sprintf(line, "%010ld n", n);
		if (n < 0 || n >= story->n || strcmp(line, site->got.list[i]))
			story->strange++;
		else
			story->seen[n]++;
	}
	strings_clear(&site->got);
}

/* One that is killed has saved nothing since the last stop. */
static void
stop_reading(struct story *story)
{
	struct site *site = story->site;

	if (!story->running)
		return;
	follower_settle(&site->follower);
	collect(story);
	if (story->kills && chance(story, 2)) {
		source_close(&site->follower.source);
	} else {
		stop(site);
		story->since = story->n;
	}
	story->running = false;
}

static void
start_reading(struct story *story)
{
	if (!story->running)
		start_with(story->site, "mail-*",
			   (struct source_start){.since = story->since});
	story->running = true;
	follower_settle(&story->site->follower);
}

static void
rotate_one(struct story *story, const char *name)
{
	char to[64];

	snprintf(to, sizeof(to), "%s.%d", name, ++story->rotations);
	if (story->dated || access(in(story->site, name), F_OK) != 0)
		return;
	move(story->site, name, to);
	if (chance(story, 2))
		compress(story->site, to);
}

static void
take_step(struct story *story)
{
	unsigned int file = chance(story, FILES), step = chance(story, 14);
	char name[32];

	sprintf(name, story->dated ? "mail-2026110%u" : "mail-%u", file);
	if (step < 5)
		for (unsigned int k = chance(story, 3) + 1; k > 0; k--)
			put_number(story->site, name, story->n++);
	else if (step < 8 && story->running)
		follower_settle(&story->site->follower);
	else if (step < 11 && story->running)
		pass_minute(story->site);
	else if (step == 11)
		stop_reading(story);
	else if (step == 12)
		start_reading(story);
	else if (step == 13)
		rotate_one(story, name);
}

static void
at_random(uint64_t seed)
{
	struct story story = {.site = begin(),
			      .state = seed,
			      .dated = seed % 2,
			      .kills = seed / 2 % 2};
	int lost = 0, again = 0;

	start_reading(&story);
	for (int i = 0; i < STEPS; i++)
		take_step(&story);
	start_reading(&story);
	collect(&story);
	for (int i = 0; i < story.n; i++) {
		lost += story.seen[i] == 0;
		again += story.seen[i] > 1;
	}
	ok(lost == 0 && (again == 0 || story.kills) && story.strange == 0,
	   "seed %llu: of %d lines %d lost, %d again, %d strange",
	   (unsigned long long)seed, story.n, lost, again, story.strange);
	end(story.site);
}

/* Two logs match, one of them is cut by its rotation, and the other goes on in
 * another file first. */
static void
cut_beside(bool quiet)
{
	struct site *site = begin();

	put(site, "mail-a.00", "0000000001 a");
	put(site, "mail-b.00", "0000000002 b");
	start(site, "mail-*");
	put_raw(site, "mail-a.00", "0000000003 user=", 16);
	follower_settle(&site->follower);
	put(site, "mail-b.01", "0000000004 first");
	put(site, "mail-b.01", "0000000005 b");
	arrives(site, "0000000005 b", "another log is rotated first");
	if (quiet) {
		pass_minute(site);
		put(site, "mail-b.01", "0000000008 b");
		arrives(site, "0000000008 b", "it is quiet until");
		pass_minute(site);
	}
	put(site, "mail-a.01", "0000000009 forged");
	put(site, "mail-a.01", "0000000006 a");
	arrives(site, "0000000006 a", "the log that was cut goes on");
	is_int(count(site, "0000000009 forged"), 0,
	       "the rest is no line%s", quiet ? ", a minute later" : "");
	put(site, "mail-a.02", "0000000009 forged");
	put(site, "mail-a.02", "0000000010 a");
	arrives(site, "0000000010 a", "another file of the name");
	is_int(count(site, "0000000009 forged"), 0,
	       "nor is the rest in another of the same minute");
	pass_minute(site);
	put(site, "mail-a.03", "0000000007 a");
	arrives(site, "0000000007 a", "the first line of the file after that");
	end(site);
}

int
main(void)
{
	int before = descriptors();

	quiet_and_back("mail-a", "mail-b");
	quiet_and_back("mail-10001", "mail-10002");
	quiet_and_back("mail-10002", "mail-10001");
	back_with_an_older_time();
	started_again("mail-a", "mail-b");
	started_again("mail-10001", "mail-10002");
	started_again("mail-10002", "mail-10001");
	old_ones_stay_read();
	old_between_stays_read();
	for (int let_go = 0; let_go <= 1; let_go++) {
		rotated_while_stopped("mail-a", "mail-b", let_go);
		rotated_while_stopped("mail-b", "mail-a", let_go);
		rotated_while_stopped("mail-10001", "mail-10002", let_go);
		rotated_while_stopped("mail-10002", "mail-10001", let_go);
	}
	target_rotated_while_stopped(false);
	target_rotated_while_stopped(true);
	compressed_and_unknown();
	renamed_when_let_go();
	torn_when_let_go("a");
	torn_when_let_go("");
	for (int stopped = 0; stopped <= 1; stopped++) {
		torn_and_replaced("renamed", stopped);
		torn_and_replaced("deleted", stopped);
		torn_and_replaced("copied", stopped);
	}
	torn_beside("goes on", "mail-a.log", "mail-b.log");
	torn_beside("is renamed", "mail-a.log", "mail-b.log");
	torn_beside("is emptied", "mail-a.log", "mail-b.log");
	torn_beside("has a line", "mail-a.log", "mail-b.log");
	torn_beside("has a date", "mail-20261128", "mail-20261129");
	torn_and_copied(true);
	torn_and_copied(false);
	torn_and_compressed(true);
	torn_and_compressed(false);
	half_when_let_go();
	overwritten_when_let_go();
	cut_by_rotation();
	cut_by_rotation_and_compressed("mail-20261129");
	cut_by_rotation_and_compressed("mail-20261130");
	cut_beside(false);
	cut_beside(true);
	many_let_go();
	many_at_once();
	new_but_older(true);
	new_but_older(false);
	old_and_not_new();
	for (uint64_t seed = 1; seed <= 40; seed++)
		at_random(seed);
	is_int(descriptors(), before, "no descriptor is left open");
	return tap_done();
}
