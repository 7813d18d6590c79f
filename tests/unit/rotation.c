/* rotation: which files belong to a log, in which order, and which one
 * contains a position. */
#include "daemon/source/rotation.h"

#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <zlib.h>

#include "base/alloc.h"
#include "daemon/source/mark.h"
#include "daemon/source/source.h"
#include "daemon/source/tail.h"
#include "tests/tap.h"
#include "tests/unit/follower.h"

static char *top;

static const char *
in(const char *name)
{
	static char buffers[4][512];
	static unsigned int next;
	char *buffer = buffers[next++ % 4];

	snprintf(buffer, sizeof(buffers[0]), "%s/%s", top, name);
	return buffer;
}

/* age: seconds before some day. */
static void
make(const char *name, const char *text, time_t age)
{
	struct timespec times[2] = {{.tv_sec = 1700000000 - age},
				    {.tv_sec = 1700000000 - age}};
	int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	futimens(fd, times);
	close(fd);
}

static void
make_all(const char *names)
{
	char *copy = alloc_string(names), *at = copy, *name;

	while ((name = strsep(&at, " ")) != NULL)
		make(name, name, 0);
	free(copy);
}

/* The names in their order, without the directory. */
static char *
listed(const char *spec)
{
	struct rotation r;
	char *text = alloc_string(""), *more;

	rotation_list(&r, in(spec), NULL);
	for (size_t i = 0; i < r.count; i++) {
		more = alloc_format("%s%s%s%s", text, i ? " " : "",
				    strrchr(r.list[i].path, '/') + 1,
				    r.list[i].live ? "!" : "");
		free(text);
		text = more;
	}
	rotation_clear(&r);
	return text;
}

static void
lists(const char *spec, const char *want, const char *what)
{
	char *got = listed(spec);

	is_str(got, want, "%s", what);
	free(got);
	follower_remove_all(top);
	mkdir(top, 0700);
}

/* The log `base`, one more file, and what is listed for spec. */
static void
lists_with(const char *base, const char *other, const char *spec,
	   const char *want)
{
	make(base, "", 0);
	make(other, "", 1);
	lists(spec, want, other);
}

static void
names(void)
{
	static const char *const siblings[] = {
	    "mail.log.1",
	    "mail.log.10.gz",
	    "mail.log-20261121",
	    "mail.log-20261121.gz",
	    "mail.log-2026-11-21_03",
	    "mail.log.20261121",
	    "mail-20261121.log",
	    "mail.1.log",
	    "mail.log.old",
	    "mail.log-1764000000",
	    "mail.log.0",
	    "mail.log-2026-W48",
	    "mail-2026W48.log.gz",
	    "mail.log-20261121.txt",
	    "mail.log.1.txt.gz",
	    "mail.log-2026-W48.txt",
	    "mail.log-20261121.log",
	};
	static const char *const others[] = {
	    "mail.log",	    "mail.logger",    "mail.err.1",
	    "mail.log.bak", "mail.log.1.swp", "mail.log-x20261121",
	    "xmail.log.1",  "mail.log.gz",    "mail.log.1.tmp",
	    "mail.log-W48", "mail.log-2026W", "mail.log-2026-W481",
	    "mail.log.txt", "mail.log.1.TXT", "mail.log.1.offset",
	};

	for (size_t i = 0; i < sizeof(siblings) / sizeof(siblings[0]); i++) {
		char want[64];

		snprintf(want, sizeof(want), "%s mail.log!", siblings[i]);
		lists_with("mail.log", siblings[i], "mail.log", want);
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		lists_with("mail.log", others[i], "mail.log", "mail.log!");
	lists_with("mail", "mail-20261121.log", "mail", "mail!");
	lists_with("maillog", "maillog-20261121.log", "maillog",
		   "maillog-20261121.log maillog!");
	lists_with("pop3-1", "pop3-202611210000", "pop3-*",
		   "pop3-202611210000! pop3-1!");
	lists_with("pop3-1", "smtp-202611210000", "pop3-*", "pop3-1!");
	ok(rotation_is_pattern("/var/log/pop3-*"), "a name with *");
	ok(!rotation_is_pattern("/var/*/pop3"), "not in a directory");
}

static void
orders(void)
{
	make_all("log log.1 log.10.gz log.2.gz log.9");
	lists("log", "log.10.gz log.9 log.2.gz log.1 log!", "by number");
	make_all("log-20261121 log-20261119.gz log log-20261120");
	lists("log", "log-20261119.gz log-20261120 log-20261121 log!",
	      "by date");
	make_all("m.log m-20261121.log m-20261120.log.gz m.logic");
	lists("m.log", "m-20261120.log.gz m-20261121.log m.log!",
	      "before the extension");
	make_all("log.1 log.2");
	lists("log", "log.2 log.1", "while the log is away");
	make("log", "", 0);
	make("log.1", "", 500);
	make("log-20261121", "", 100);
	lists("log", "log.1 log-20261121 log!", "a change of scheme: by time");
	make_all("log log.1 log.1.gz");
	lists("log", "log.1 log!", "while gzip works, the plain one");
	make_all("log log.1.lz4");
	lists("log", "log!", "what cannot be read is left out");
	mkdir(in("log.1"), 0700);
	make_all("log");
	lists("log", "log!", "a directory is no log");
}

/* The newer, by its name, was changed first. */
static void
lists_by_name(const char *spec, const char *older, const char *newer,
	      bool known)
{
	bool pattern = strchr(spec, '*') != NULL;
	const char *mark = pattern ? "!" : "";
	char want[128], what[128];

	if (!pattern)
		make(spec, "", 0);
	make(older, "", 50);
	make(newer, "", 100);
	sprintf(want, "%s%s %s%s%s%s", known ? older : newer, mark,
		known ? newer : older, mark, pattern ? "" : " ",
		pattern ? "" : "log!");
	sprintf(what, "%s: %s and %s, %s", spec, older, newer,
		known ? "by the week" : "by time");
	lists(spec, want, what);
}

static void
weeks(void)
{
	lists_by_name("log", "log-2026-W09", "log-2026-W10", true);
	lists_by_name("log", "log-2026-W48.txt", "log-2026-W49.txt", true);
	lists_by_name("log", "log-2025-W52", "log-2026-W02", true);
	lists_by_name("log", "log-2026-W01", "log-2026-W02", false);
	lists_by_name("log", "log-2026-W51", "log-2026-W53", false);
	lists_by_name("log", "log-2026-W52-1", "log-2026-W52-2", true);
	lists_by_name("m-*", "m-2026-W09", "m-2026-W10", true);
	lists_by_name("m-*", "m-2025-W52.log", "m-2026-W01.log", true);
	lists_by_name("m-*", "m-2026-W51.log", "m-2026-W52.log", false);
	lists_by_name("m-*", "m-2026W01", "m-2026W30", false);
}

static void
patterns(void)
{
	make("pop3-202611200000", "", 0);
	make("pop3-202611210000", "", 50);
	lists("pop3-*", "pop3-202611200000! pop3-202611210000!",
	      "*: by the date, though the older was changed later");
	make("a.log", "", 0);
	make("b.log", "", 50);
	lists("*.log", "b.log! a.log!", "*: else by time");
	make("x-20261119.gz", "", 0);
	make("x-20261120", "", 50);
	make(".x-20261121", "", 50);
	lists("x-*", "x-20261119.gz x-20261120!", "*: a compressed one");
	ok(mark_compare_dates("a/x-20261119.gz", "b/x-20261120.bz2") < 0,
	   "*: two that were compressed by different programs");
}

/* Numbers after a name count the other way than dates do. */
static void
numbered_patterns(void)
{
	static const char *const logs[] = {"m-20261129.log",
					   "m-192.0.2.100.log"};

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		char names[4][32], want[160];

		for (int n = 0; n < 4; n++) {
			static const int numbers[] = {0, 1, 2, 10};

			snprintf(names[n], sizeof(names[n]),
				 n ? "%s.%d%s" : "%s", logs[i], numbers[n],
				 n == 2 ? ".gz" : "");
			make(names[n], "", n);
		}
		snprintf(want, sizeof(want), "%s! %s %s! %s!", names[3],
			 names[2], names[1], names[0]);
		lists("m-*", want, "*: a date, then numbers");
	}
	make("m-20261129.log.1", "", 50);
	make("m-20261129.log.2", "", 0);
	make("m-20261129.log.0", "", 50);
	lists("m-*", "m-20261129.log.2! m-20261129.log.1! m-20261129.log.0!",
	      "*: by number, though the older was changed later");
	make("m-20261128.log.1", "", 0);
	make("m-20261129.log.2", "", 50);
	lists("m-*", "m-20261128.log.1! m-20261129.log.2!",
	      "*: the date first");
	make("m-20261129.1", "", 50);
	make("m-20261129.2", "", 60);
	lists("m-*", "m-20261129.2! m-20261129.1!",
	      "*: a number that may count up or down: by time");
	make("m-2026-11-29.1.log", "", 60);
	make("m-2026-11-29.2.log", "", 50);
	lists("m-*", "m-2026-11-29.1.log! m-2026-11-29.2.log!",
	      "*: before the extension, too");
	make("m.2026.11.29", "", 0);
	make("m.2026.11.30", "", 50);
	lists("m.*", "m.2026.11.29! m.2026.11.30!",
	      "*: a day after a dot is part of the date");
	make("m-20261129.09", "", 0);
	make("m-20261129.10", "", 50);
	lists("m-*", "m-20261129.09! m-20261129.10!",
	      "*: an hour after a dot, too");
	make("m-20261129.log.1", "", 0);
	make("m-20261129.log", "", 0);
	lists("m-*", "m-20261129.log.1! m-20261129.log!",
	      "*: of one time, without a number is the newer");
	ok(mark_compare_numbers("a/x-20261119.log.1", "b/x-20261119.log.2") ==
	       0,
	   "*: numbers of two directories tell nothing");
	ok(mark_compare_dates("x-20261119.log.1", "x-20261119.log.2") == 0,
	   "*: nor are they dates");
	ok(mark_is_family("x/m-a.log", "y/m-a.log.1.gz") &&
	       mark_is_family("m-a.00", "m-a-20261129"),
	   "*: one log by all names that a rotation gives it");
	ok(!mark_is_family("m-a.00", "m-b.01") &&
	       !mark_is_family("m-a.00", "m-a.log"),
	   "*: other letters are those of another");
}

static void
links(void)
{
	mkdir(in("d"), 0700);
	make_all("d/real d/real.1");
	if (symlink("d/real", in("log")) != 0)
		abort();
	lists("log", "real.1 log!", "a symbolic link: beside its target");
}

static struct fingerprint
print_of(const char *name, uint64_t offset)
{
	struct fingerprint print = {0};
	struct err err;
	struct tail *tail = tail_open(in(name), &err);

	if (tail == NULL ||
	    fingerprint_take(&print, tail_bytes, tail, offset, &err) != 0)
		ok(false, "%s: %s", name, err.text);
	tail_close(&tail);
	return print;
}

static const char *
found_in(const struct fingerprint *print, uint64_t inode)
{
	static char name[64];
	struct rotation r;
	struct stat st;
	ssize_t at;

	stat(top, &st);
	rotation_list(&r, in("log"), NULL);
	at = rotation_find(&r, print, st.st_dev, inode);
	snprintf(name, sizeof(name), "%s",
		 at < 0 ? "nowhere" : strrchr(r.list[at].path, '/') + 1);
	rotation_clear(&r);
	return name;
}

static void
finds(void)
{
	struct fingerprint print;
	struct stat st;
	gzFile gz;

	make("log", "one\ntwo\nthree\n", 0);
	make("log.1", "one\nelse\n", 0);
	make("log.2", "other\n", 0);
	print = print_of("log", 8);
	is_str(found_in(&print, 0), "log", "where it was");
	rename(in("log"), in("log.3"));
	make("log", "one\nTWO\n", 0);
	is_str(found_in(&print, 0), "log.3", "renamed");
	stat(in("log"), &st);
	is_str(found_in(&print, st.st_ino), "log.3", "the inode is no proof");
	gz = gzopen(in("log.4.gz"), "wb");
	gzputs(gz, "one\ntwo\nthree\n");
	gzclose(gz);
	unlink(in("log.3"));
	is_str(found_in(&print, 0), "log.4.gz", "compressed");
	unlink(in("log.4.gz"));
	is_str(found_in(&print, 0), "nowhere", "gone");
	make("log.3", "one\ntw", 0);
	is_str(found_in(&print, 0), "nowhere", "shorter than the place");
}

/* The log under a name that nobody rotates to; whether it is listed. */
static bool
strays(const struct fingerprint *print, bool here)
{
	struct logpos pos = {.print = *print};
	struct rotation r;
	struct stat st;
	bool found;

	stat(in("elsewhere"), &st);
	pos.device = here ? st.st_dev : st.st_dev + 1;
	pos.inode = st.st_ino;
	rotation_list(&r, in("log"), &pos);
	found = rotation_find_inode(&r, st.st_dev, st.st_ino) >= 0;
	rotation_clear(&r);
	return found;
}

static void
stray(void)
{
	struct fingerprint print, none = {0};

	make("log", "one\ntwo\n", 0);
	print = print_of("log", 8);
	rename(in("log"), in("elsewhere"));
	make("log", "three\n", 0);
	ok(strays(&print, true), "the log of the last run, whatever its name");
	ok(strays(&print, false),
	   "whatever number its device has after a boot");
	make("elsewhere", "auth\nauth\n", 0);
	ok(strays(&print, true), "also rewritten meanwhile");
	ok(!strays(&print, false), "not a file of another device, same inode");
	ok(!strays(&none, false), "nor for one of which nothing is known");
}

/* What is listed for d/log if the last run ended in the file `lost`. */
static void
lists_beside(const char *lost, const char *want, const char *what)
{
	struct logpos pos = {.print = print_of(lost, 8)};
	struct rotation r;
	char *text = alloc_string(""), *more;

	rotation_list(&r, in("d/log"), &pos);
	for (size_t i = 0; i < r.count; i++) {
		more = alloc_format("%s%s%s", text, i ? " " : "",
				    r.list[i].path + strlen(top) + 1);
		free(text);
		text = more;
	}
	is_str(text, want, "%s", what);
	rotation_clear(&r);
	free(text);
}

static void
beside(void)
{
	static const char want[] = "old/log.2 old/log.1 d/log.1 d/log";
	static const struct timespec fraction[] = {{1699999990, 27544458},
						   {1699999990, 27544458}};

	mkdir(in("d"), 0700);
	mkdir(in("old"), 0700);
	make_all("d/log d/log.1 old/log.1 old/log.2");
	lists_beside("old/log.1", want,
		     "in another directory is the older of one time");
	make("old/log.2", "old/log.2", -3600);
	make("old/log.1", "old/log.1", 20);
	make("d/log.1", "d/log.1", 10);
	lists_beside("old/log.1", want, "the clock was set back between them");
	make("old/log.1", "old/log.1", 10);
	make("d/log.1", "d/log.1", 10);
	utimensat(AT_FDCWD, in("old/log.1"), fraction, 0);
	lists_beside("old/log.1", want, "whole seconds, as of bzip2");
}

int
main(void)
{
	top = follower_directory();
	names();
	orders();
	weeks();
	patterns();
	numbered_patterns();
	links();
	finds();
	stray();
	beside();
	follower_remove_all(top);
	free(top);
	return tap_done();
}
