/* The file of senders: postmap's format, what a key means, when the file is
 * read again, and that a file with an error changes nothing. */
#include "maps/live/senders.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "tests/tap.h"

enum { LATER = 1000 }; /* no file is fresh by then */

static char file[] = "/tmp/pbs-senders.XXXXXX";
static time_t now;

static void
put(const char *text)
{
	FILE *f = fopen(file, "w");

	fputs(text, f);
	fclose(f);
}

/* By rename, as careful people do. */
static void
replace(const char *text)
{
	char name[sizeof(file) + 4];
	FILE *f;

	snprintf(name, sizeof(name), "%s.new", file);
	f = fopen(name, "w");
	fputs(text, f);
	fclose(f);
	rename(name, file);
}

static struct senders *
open_text(const char *text)
{
	struct senders *s;
	struct err err;

	put(text);
	s = senders_open(file, now, &err);
	if (!ok(s != NULL, "opens"))
		printf("# %s\n", err.text);
	return s;
}

static bool
may(const struct senders *s, const char *sender, const char *user, bool local)
{
	const char *users = senders_find(s, sender, strlen(sender), 0, local);

	return users != NULL && senders_lists(users, user);
}

static void
format(void)
{
	struct senders *s = open_text("# a comment\n"
				      "\n"
				      "Ann@Example.ORG\tann, office,,  Boss\n"
				      "  # a comment within\n"
				      "\n"
				      "  deputy\n"
				      "\t,last\r\n"
				      "   \n"
				      "@example.net bob\n"
				      "info  dora\n"
				      "<> robot\n");

	is_int((long long)senders_count(s), 4, "four keys");
	ok(may(s, "ann@example.org", "ann", false), "the first user");
	ok(may(s, "ANN@EXAMPLE.org", "OFFICE", false), "without case");
	ok(may(s, "ann@example.org", "boss", false), "of many separators");
	ok(may(s, "ann@example.org", "deputy", false), "a line is continued");
	ok(may(s, "ann@example.org", "last", false), "once more, with CR");
	ok(!may(s, "ann@example.org", "of", false), "no part of a name");
	ok(!may(s, "ann@example.org", "annabel", false), "no longer one");
	ok(!may(s, "ann@example.org", "bob", false), "nobody else");
	ok(may(s, "x@example.net", "bob", false), "a domain");
	ok(!may(s, "x@sub.example.net", "bob", false), "not what is below it");
	ok(may(s, "\"x@y\"@example.net", "bob", false), "the last @ counts");
	ok(!may(s, "\"a@example.net\"@evil.example", "bob", false),
	   "and only that");
	ok(may(s, "info@anything.example", "dora", true),
	   "a local part at a domain of ours");
	ok(!may(s, "info@anything.example", "dora", false), "not elsewhere");
	ok(may(s, "", "robot", false), "the null sender");
	ok(!may(s, "x", "dora", true), "an unknown sender");
	senders_free(&s);
	ok(s == NULL, "free clears the pointer");
}

/* As in Postfix: the first key that is there decides. */
static void
precedence(void)
{
	struct senders *s = open_text("ann@example.org ann\n"
				      "ann bob\n"
				      "@example.org carol\n");

	ok(may(s, "ann@example.org", "ann", true) &&
	       !may(s, "ann@example.org", "bob", true) &&
	       !may(s, "ann@example.org", "carol", true),
	   "the whole address");
	ok(may(s, "ann@example.net", "bob", true), "the local part");
	ok(may(s, "x@example.org", "carol", true), "the domain");
	senders_free(&s);
}

static void
broken(void)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
	    {"ann@example.org\n", ":1: expected `sender users'"},
	    {"# x\n\nann@example.org ,\n", ":3: expected"},
	    {"a x\nann@ ann\n", ":2: 'ann@' has no domain"},
	    {"ann: ann\n", ":1: 'ann:' ends with a colon"},
	    {"a@b c\nA@B d\n", ":2: 'a@b' is already in line 1"},
	    {"\"a b\"@c ann\n", ":1: a sender in quotes"},
	    {"  ann\n", ":1: begins with white space"},
	    {"a@b ann\nc@d bo", "ends in the middle of a line"},
	};
	struct senders *s;
	struct err err;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(bad[i].text);
		s = senders_open(file, now, &err);
		ok(s == NULL, "refused: %s", bad[i].why);
		ok(strncmp(err.text, file, strlen(file)) == 0 &&
		       strstr(err.text, bad[i].why) != NULL,
		   "and says where: %s", err.text);
	}
	put("a@b c\n");
	chmod(file, 0666);
	ok(senders_open(file, now, &err) == NULL &&
	       strstr(err.text, "everybody may write to it") != NULL,
	   "refused: %s", err.text);
	chmod(file, 0644);
	ok(senders_open("/tmp", now, &err) == NULL, "refused: %s", err.text);
	ok(senders_open("/nonexistent", now, &err) == NULL, "refused: %s",
	   err.text);
	s = open_text("");
	is_int((long long)senders_count(s), 0, "an empty file has no keys");
	senders_free(&s);
}

static void
changes(void)
{
	struct senders *s = open_text("a@b ann\n");
	struct err err = {""};

	is_int(senders_refresh(s, now + LATER, &err), 0, "as it was");
	replace("a@b bob\n");
	is_int(senders_refresh(s, now + LATER, &err), 1, "read again");
	ok(may(s, "a@b", "bob", false) && !may(s, "a@b", "ann", false),
	   "it counts");
	put("a@b carol\nc@d carol\n");
	is_int(senders_refresh(s, now + LATER, &err), 1, "changed in place");
	is_int((long long)senders_count(s), 2, "it counts");

	put("a@b\n");
	is_int(senders_refresh(s, now + LATER, &err), -1, "a broken one");
	ok(strstr(err.text, ":1: ") != NULL, "is reported: %s", err.text);
	is_int(senders_refresh(s, now + LATER, &err), 0, "once");
	ok(may(s, "a@b", "carol", false), "what was known stays");
	put("a@b dora\n");
	is_int(senders_refresh(s, now + LATER, &err), 1, "repaired");
	ok(may(s, "a@b", "dora", false), "it counts");

	unlink(file);
	is_int(senders_refresh(s, now + LATER, &err), -1, "gone");
	is_int(senders_refresh(s, now + LATER, &err), 0, "is reported once");
	ok(may(s, "a@b", "dora", false), "what was known stays");
	put("a@b eve\n");
	senders_refresh(s, now + LATER, &err);
	ok(may(s, "a@b", "eve", false), "back, and it counts");
	senders_free(&s);
}

/* Two writes within one tick of the clock leave the same stamp: what was read
 * when the file was fresh is read once more. */
static void
same_stamp(void)
{
	struct senders *s;
	struct err err;
	struct timespec stamp[2];
	struct stat st, after;
	int fd;

	put("a@b ann\n");
	s = senders_open(file, now, &err);
	stat(file, &st);
	stamp[0] = st.st_atim, stamp[1] = st.st_mtim;
	fd = open(file, O_WRONLY);
	ok(write(fd, "a@b bob\n", 8) == 8, "same length");
	futimens(fd, stamp);
	close(fd);
	stat(file, &after);
	ok(after.st_mtim.tv_nsec == st.st_mtim.tv_nsec, "same stamp");
	senders_refresh(s, now + LATER, &err);
	ok(may(s, "a@b", "bob", false), "the second write is seen");
	senders_free(&s);
}

static void
many(void)
{
	FILE *f = fopen(file, "w");
	struct senders *s;
	struct err err;
	char sender[40], user[20];
	int wrong = 0;

	for (int i = 0; i < 20000; i++)
		fprintf(f, "user%d@example.org user%d\n", i, i);
	fclose(f);
	s = senders_open(file, now, &err);
	is_int((long long)senders_count(s), 20000, "many keys");
	for (int i = 0; i < 20000; i++) {
		snprintf(sender, sizeof(sender), "user%d@example.org", i);
		snprintf(user, sizeof(user), "user%d", i);
		wrong += !may(s, sender, user, false);
	}
	is_int(wrong, 0, "all are found");
	senders_free(&s);
}

int
main(void)
{
	int fd = mkstemp(file);

	close(fd);
	chmod(file, 0644);
	now = time(NULL);
	format();
	precedence();
	broken();
	changes();
	same_stamp();
	many();
	unlink(file);
	return tap_done();
}
