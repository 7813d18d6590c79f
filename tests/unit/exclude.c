/* Which addresses are never written: own, excluded, and Postfix's mynetworks
 * with its files, tables and negations. postconf and postmap are small scripts
 * of this test. */
#include "daemon/pipeline/exclude.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/mynetworks.h"
#include "daemon/sys/subprocess.h"
#include "tests/tap.h"

static char dir[] = "/tmp/pbs-networks.XXXXXX";

static char *
write_file(const char *name, const char *text, mode_t mode)
{
	char *path = alloc_format("%s/%s", dir, name);
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
	chmod(path, mode);
	return path;
}

static void
write_script(const char *name, const char *body)
{
	char *text = alloc_format("#!/bin/sh\n%s\n", body);

	free(write_file(name, text, 0755));
	free(text);
}

/* How many lines a file has. */
static int
count_lines(const char *name)
{
	char *path = alloc_format("%s/%s", dir, name);
	FILE *f = fopen(path, "r");
	int c, lines = 0;

	while (f != NULL && (c = getc(f)) != EOF)
		lines += c == '\n';
	if (f != NULL)
		fclose(f);
	free(path);
	return lines;
}

static struct addr
address(const char *text)
{
	struct addr addr;

	if (addr_parse(&addr, text, strlen(text)) != 0)
		abort();
	return addr;
}

static const char *
find(struct mynetworks *m, const char *text, int64_t now)
{
	struct addr addr = address(text);

	return mynetworks_find(m, &addr, now);
}

/* What postconf says is mynetworks. */
static struct mynetworks *
list_beside(const struct strings *own, const char *text)
{
	char *body = alloc_format("cat <<'END'\n%s\nEND", text);

	write_script("postconf", body);
	free(body);
	return mynetworks_new(own, NULL);
}

static struct mynetworks *
list(const char *text)
{
	static const struct strings none;

	return list_beside(&none, text);
}

static void
entries(void)
{
	struct mynetworks *m =
	    list("127.0.0.0/8, 192.0.2.0/24\t198.51.100.7\n  [::1]/128 "
		 "[2001:db8::]/32 [2001:db9::7]");

	is_str(find(m, "192.0.2.9", 0), "192.0.2.0/24", "a network");
	is_str(find(m, "198.51.100.7", 0), "198.51.100.7", "an address");
	is_str(find(m, "2001:db8:5::1", 0), "[2001:db8::]/32", "IPv6");
	is_str(find(m, "2001:db9::7", 0), "[2001:db9::7]", "one of IPv6");
	is_str(find(m, "198.51.100.8", 0), NULL, "its neighbour");
	is_str(find(m, "2001:db9::8", 0), NULL, "its neighbour");
	mynetworks_free(&m);
	ok(m == NULL, "freed");
}

static void
order_and_negation(void)
{
	struct mynetworks *m =
	    list("!10.1.0.0/16 10.0.0.0/8 !192.0.2.0/24 !!198.51.100.0/24");

	is_str(find(m, "10.1.2.3", 0), NULL, "the first that fits decides");
	is_str(find(m, "10.2.2.3", 0), "10.0.0.0/8", "the second for others");
	is_str(find(m, "192.0.2.1", 0), NULL, "what is negated is not own");
	is_str(find(m, "198.51.100.1", 0), "198.51.100.0/24", "twice is yes");
	mynetworks_free(&m);
	m = list("10.0.0.0/8 !10.1.0.0/16");
	is_str(find(m, "10.1.2.3", 0), "10.0.0.0/8", "too late to negate");
	mynetworks_free(&m);
}

static void
strange_entries(void)
{
	struct mynetworks *m =
	    list("$nonsense, , 192.0.2.1/24 host.example.com [1.2.3.4 /nowhere "
		 "300.1.1.1 ! 198.51.100.0/24");

	is_str(find(m, "198.51.100.1", 0), "198.51.100.0/24",
	       "what is not understood hides nothing");
	is_str(find(m, "192.0.2.1", 0), NULL, "and adds nothing");
	mynetworks_free(&m);
}

static void
files(void)
{
	char *inner = write_file("inner", "198.51.100.0/24\n", 0644);
	char *text = alloc_format("# 10.0.0.0/8\n  # 10.0.0.0/8\n192.0.2.0/24, "
				  "192.0.3.0/24\n\n%s\n",
				  inner);
	char *outer = write_file("outer", text, 0644);
	char *negated = alloc_format("!%s", outer);
	char *self = alloc_format("%s/self", dir);
	struct mynetworks *m = list(outer);

	is_str(find(m, "192.0.3.1", 0), "192.0.3.0/24", "a file");
	is_str(find(m, "198.51.100.1", 0), "198.51.100.0/24",
	       "a file named in it");
	is_str(find(m, "10.1.1.1", 0), NULL, "its comments do not count");
	mynetworks_free(&m);
	m = list(negated);
	is_str(find(m, "192.0.3.1", 0), NULL, "a file negated whole");
	mynetworks_free(&m);
	free(write_file("self", self, 0644));
	m = list(self);
	is_str(find(m, "192.0.3.1", 0), NULL, "one that names itself ends");
	mynetworks_free(&m);
	free(inner);
	free(text);
	free(outer);
	free(negated);
	free(self);
}

/* However Postfix calls it, the daemon does not ask itself. */
static void
own_servers(void)
{
	struct strings own = {0};
	struct mynetworks *m;

	write_script("postmap", "echo \"$@\" >>${0%/*}/asked; exit 1");
	strings_add(&own, "socketmap:unix:/spool/pbs/socket");
	strings_add(&own, "socketmap:inet:127.0.0.1:10090");
	m = list_beside(&own, "socketmap:unix:pbs/socket:name "
			      "socketmap:unix:/pbs/socket:name "
			      "proxy:socketmap:unix:/spool/pbs/socket:name "
			      "socketmap:inet:localhost:10090:name");
	find(m, "192.0.2.7", 0);
	is_int(count_lines("asked"), 0, "our own servers are not asked");
	mynetworks_free(&m);
	m = list_beside(&own, "socketmap:unix:other/socket:name "
			      "socketmap:unix:s/socket:name "
			      "socketmap:inet:127.0.0.1:90:name "
			      "socketmap:inet:127.0.0.1:10091:name");
	find(m, "192.0.2.8", 0);
	is_int(count_lines("asked"), 4, "those of others are");
	free(write_file("asked", "", 0644));
	mynetworks_free(&m);
	strings_clear(&own);
}

/* A table that knows 192.0.2.7; each question is a line in `asked`. */
static void
tables(void)
{
	struct strings own = {0};
	struct mynetworks *m;

	write_script("postmap", "echo \"$@\" >>${0%/*}/asked\n"
				"[ \"$3\" = hash:/broken ] && exit 2\n"
				"if [ \"$3\" = hash:/missing ]; then echo "
				"'postmap: fatal: open database' >&2; exit 1; "
				"fi\n"
				"[ \"$2\" = 192.0.2.7 ]");
	strings_add(&own, "hash:/own");
	m = list_beside(&own, "hash:/own proxy:hash:/own");
	is_str(find(m, "192.0.2.7", 0), NULL, "our own map is not asked");
	is_int(count_lines("asked"), 0, "not even once");
	mynetworks_free(&m);
	m = list_beside(&own, "hash:/own proxy:hash:/own hash:/nets");
	is_str(find(m, "192.0.2.7", 0), "hash:/nets", "a table is asked");
	is_str(find(m, "192.0.2.8", 0), NULL, "and says no too");
	find(m, "192.0.2.8", 100);
	find(m, "192.0.2.7", 299);
	is_int(count_lines("asked"), 2, "once for each address");
	find(m, "192.0.2.7", 300);
	is_int(count_lines("asked"), 3, "and again after five minutes");
	mynetworks_free(&m);

	m = list_beside(&own, "hash:/broken 192.0.2.0/24");
	for (int i = 0; i < 10; i++)
		is_str(find(m, "192.0.2.7", i * 1000), "192.0.2.0/24",
		       "a broken table hides nothing, time %d", i);
	is_int(count_lines("asked"), 6, "and is given up after three times");
	mynetworks_free(&m);

	m = list_beside(&own, "hash:/missing");
	for (int i = 0; i < 10; i++)
		find(m, "192.0.2.7", i * 1000);
	is_int(count_lines("asked"), 9, "so is one that does not exist");
	mynetworks_free(&m);
	strings_clear(&own);
}

/* After a reload: what was known counts until it is asked with success. */
static void
stays_in_force(void)
{
	struct strings own = {0};
	struct mynetworks *old = list("192.0.2.0/24"), *m;

	write_script("postconf", "exit 1");
	m = mynetworks_new(&own, NULL);
	is_str(find(m, "192.0.2.7", 0), NULL, "nobody could tell yet");
	mynetworks_carry(m, old);
	mynetworks_free(&old);
	is_str(find(m, "192.0.2.7", 1), "192.0.2.0/24",
	       "what was known counts");
	write_script("postconf", "echo 198.51.100.0/24");
	is_str(find(m, "192.0.2.7", 2), "192.0.2.0/24", "for a minute");
	is_str(find(m, "192.0.2.7", 61), NULL, "then it is asked again");
	is_str(find(m, "198.51.100.7", 61), "198.51.100.0/24", "with success");
	old = m;
	m = list("203.0.113.0/24");
	mynetworks_carry(m, old);
	mynetworks_free(&old);
	is_str(find(m, "198.51.100.7", 62), NULL,
	       "a new list replaces the old");
	mynetworks_free(&m);

	write_script("postmap", "[ -e ${0%/*}/gone ] && exit 2\n"
				"[ \"$2\" = 192.0.2.7 ]");
	old = list("203.0.113.0/24 hash:/nets");
	is_str(find(old, "192.0.2.7", 0), "hash:/nets", "a table knows it");
	is_str(find(old, "192.0.2.8", 0), NULL, "and does not know that");
	free(write_file("gone", "", 0644));
	is_str(find(old, "192.0.2.7", 400), "hash:/nets",
	       "a table that cannot be asked: what it last said");
	is_str(find(old, "192.0.2.8", 400), NULL, "also if that was no");
	m = list("hash:/other hash:/nets");
	mynetworks_carry(m, old);
	mynetworks_free(&old);
	is_str(find(m, "192.0.2.7", 400), "hash:/nets", "after a reload, too");
	is_str(find(m, "192.0.2.8", 400), NULL, "the other as well");
	old = m;
	m = list("hash:/other");
	mynetworks_carry(m, old);
	mynetworks_free(&old);
	is_str(find(m, "192.0.2.7", 400), NULL,
	       "a table that is not named now");
	mynetworks_free(&m);
}

/* A helper that did not answer may be there again; a table that postmap cannot
 * open stays given up. */
static void
table_again(void)
{
	struct mynetworks *m = list("hash:/slow");

	write_script("postmap", "echo \"$@\" >>${0%/*}/asked; kill -9 $$");
	free(write_file("asked", "", 0644));
	for (int i = 0; i < 10; i++)
		find(m, "192.0.2.7", i * 60);
	is_int(count_lines("asked"), 4, "three times, then once in 300 s");
	write_script("postmap", "exit 0");
	is_str(find(m, "192.0.2.7", 1200), "hash:/slow", "until it answers");
	mynetworks_free(&m);
}

static const char *
refuse(struct exclude *n, const char *text)
{
	struct addr addr = address(text);

	return exclude_refuse(n, &addr);
}

static void
check_own(struct exclude *n)
{
	struct ifaddrs *all;
	struct addr addr = {.family = 4};

	if (getifaddrs(&all) != 0)
		return;
	for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
		if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
			continue;
		memcpy(addr.bytes,
		       &((struct sockaddr_in *)i->ifa_addr)->sin_addr, 4);
		if (!addr_is_special(&addr))
			is_str(exclude_refuse(n, &addr), "own address",
			       "the address of %s", i->ifa_name);
	}
	freeifaddrs(all);
}

static void
all_together(void)
{
	struct conf conf = {.mynetworks = true};
	struct cidr excluded;
	struct exclude *n;

	write_script("postconf", "echo '127.0.0.0/8 203.0.113.0/24'");
	cidr_parse(&excluded, "198.51.100.0/24", 15);
	conf.exclude = &excluded;
	conf.nexclude = 1;
	n = exclude_new(&conf, NULL);
	is_str(refuse(n, "127.1.2.3"), "loopback", "loopback");
	is_str(refuse(n, "::1"), "loopback", "loopback, IPv6");
	is_str(refuse(n, "::ffff:127.0.0.1"), "loopback", "loopback, mapped");
	is_str(refuse(n, "224.0.0.1"), "not a client's address", "multicast");
	is_str(refuse(n, "fe80::1"), "not a client's address", "link-local");
	is_str(refuse(n, "198.51.100.3"), "excluded 198.51.100.0/24",
	       "excluded");
	is_str(refuse(n, "203.0.113.3"), "mynetworks 203.0.113.0/24",
	       "mynetworks");
	is_str(refuse(n, "192.0.2.1"), NULL, "a client");
	check_own(n);
	exclude_free(&n);

	conf.mynetworks = false;
	n = exclude_new(&conf, NULL);
	is_str(refuse(n, "203.0.113.3"), NULL, "mynetworks: no");
	exclude_free(&n);
	conf.mynetworks = true;
	write_script("postconf", "echo 203.0.113.0/24; exit 1");
	n = exclude_new(&conf, NULL);
	is_str(refuse(n, "203.0.113.3"), NULL, "a postconf that fails");
	exclude_free(&n);
}

/* Logs what is refused of so many clients, thrice each. Returns how many lines
 * that were. */
static int
lines_of(int clients)
{
	struct conf conf = {0};
	struct exclude *n = exclude_new(&conf, NULL);
	char *path = alloc_format("%s/said", dir);
	char text[32];
	struct err err;

	unlink(path);
	log_open(path, false, &err);
	for (int i = 0; i < 3 * clients; i++) {
		snprintf(text, sizeof(text), "127.%d.%d.1", i % clients / 256,
			 i % clients % 256);
		refuse(n, text);
	}
	log_open(NULL, false, &err);
	exclude_free(&n);
	free(path);
	return count_lines("said");
}

static void
said_once(void)
{
	is_int(lines_of(999), 999, "each refusal is logged once");
	is_int(lines_of(5000), 1001, "1000 of them, and that there are more");
}

static int
run(const char *name, const char *arg, int timeout, char **out, struct err *err)
{
	const char *argv[] = {name, arg, NULL};

	return subprocess_run(argv, timeout, out, err);
}

static void
commands(void)
{
	struct err err;
	char *out;

	write_script("pbs-echo", "echo \"<$1>\"; echo warning >&2");
	is_int(run("pbs-echo", "$(id) *", 5000, &out, &err), 0, "exit code");
	is_str(out, "<$(id) *>\n", "no shell sees the words");
	free(out);
	write_script("pbs-fail", "yes 'one of many warnings' | head -n 8000 "
				 ">&2; echo half; printf 'why\\n\\n' >&2; "
				 "exit 3");
	is_int(run("pbs-fail", NULL, 5000, &out, &err), 3, "another exit code");
	is_str(out, "why", "with what it complained of last");
	free(out);
	write_script("pbs-slow", "exec sleep 60");
	is_int(run("pbs-slow", NULL, 50, &out, &err), -1, "out of time");
	is_str(err.text, "pbs-slow: no answer in time", "is reported");
	write_script("pbs-slow", "echo why >&2; exec sleep 60");
	is_int(run("pbs-slow", NULL, 200, &out, &err), -1, "the same, but");
	is_str(err.text, "pbs-slow: no answer in time: why",
	       "what it complained of is reported");
	write_script("pbs-mute", "exec >&-; exec sleep 60");
	is_int(run("pbs-mute", NULL, 50, &out, &err), -1,
	       "closed its output and lives on");
	is_int(run("pbs-nowhere", NULL, 5000, &out, &err), -1, "not installed");
	is_str(err.text, "pbs-nowhere: No such file or directory",
	       "is reported");
	write_script("pbs-flood", "exec cat /dev/zero");
	is_int(run("pbs-flood", NULL, 5000, &out, &err), -1, "too much");
	ok(out == NULL, "nothing is left to free");
}

static void
clean_up(void)
{
	static const char *const names[] = {
	    "inner",	"outer",     "self",	 "asked",    "postmap",
	    "postconf", "said",	     "pbs-echo", "pbs-fail", "pbs-slow",
	    "pbs-mute", "pbs-flood", "gone"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = alloc_format("%s/%s", dir, names[i]);

		unlink(path);
		free(path);
	}
	rmdir(dir);
}

int
main(void)
{
	char *path;

	if (mkdtemp(dir) == NULL)
		return 1;
	path = alloc_format("%s:%s", dir, getenv("PATH"));
	setenv("PATH", path, 1);
	free(path);
	entries();
	order_and_negation();
	strange_entries();
	files();
	own_servers();
	tables();
	stays_in_force();
	table_again();
	all_together();
	said_once();
	commands();
	clean_up();
	return tap_done();
}
