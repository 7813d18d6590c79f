/*
 * Entries of the journal: which of them a server wrote, what line they make,
 * and which are the rest of a line that was cut.
 */
#include "daemon/journal/journal_entry.h"
#include "daemon/journal/journal_words.h"

#include <string.h>

#include "tests/tap.h"

enum { FIELDS_MAX = 8 };

static void
fill(struct journal_entry *e, const char *const *fields)
{
	journal_entry_begin(e, 1800000000000001);
	for (int i = 0; i < FIELDS_MAX && fields[i] != NULL; i++)
		journal_entry_field(e, fields[i], strlen(fields[i]));
}

static void
servers(struct journal_entry *e)
{
	static const struct {
		bool server;
		const char *fields[FIELDS_MAX];
	} rows[] = {
	    {true, {"_UID=0"}},
	    {true, {"_UID=0", "_SYSTEMD_OWNER_UID=1000"}},
	    {false, {"UID=0"}},
	    {false, {"_UID=996"}},
	    {true, {"_UID=996", "_SYSTEMD_CGROUP=/system.slice/a.service"}},
	    {true, {"_UID=996", "_SYSTEMD_UNIT=a.service"}},
	    {false, {"_UID=996", "_SYSTEMD_UNIT=session-7.scope"}},
	    {false, {"_UID=996", "_SYSTEMD_UNIT=user@996.service"}},
	    {false,
	     {"_UID=996", "_SYSTEMD_UNIT=a.service",
	      "_SYSTEMD_USER_UNIT=a.service"}},
	    {false,
	     {"_UID=996", "_SYSTEMD_UNIT=a.service",
	      "_SYSTEMD_OWNER_UID=1000"}},
	    {true, {"_UID=996", "_SYSTEMD_CGROUP=/a", "_SYSTEMD_OWNER_UID=0"}},
	    {true, {"_UID=61184", "_SYSTEMD_CGROUP=/a"}},
	    {true, {"_UID=65534", "_SYSTEMD_CGROUP=/a"}},
	    {false, {"_UID=1000", "_SYSTEMD_CGROUP=/a"}},
	    {false,
	     {"_UID=1000", "_SYSTEMD_CGROUP=/a", "SYSLOG_IDENTIFIER=mox",
	      "_SYSTEMD_UNIT=cron.service"}},
	    {true,
	     {"_UID=1000", "_SYSTEMD_CGROUP=/a", "SYSLOG_IDENTIFIER=mox",
	      "_SYSTEMD_UNIT=mox.service"}},
	    {true,
	     {"_UID=1000", "_SYSTEMD_CGROUP=/a", "SYSLOG_IDENTIFIER=mox/imap",
	      "_SYSTEMD_UNIT=mox@mail.service"}},
	    {false,
	     {"_UID=1000", "_SYSTEMD_CGROUP=/a", "SYSLOG_IDENTIFIER=mox",
	      "_SYSTEMD_UNIT=mox.scope"}},
	    {false,
	     {"_UID=1000", "_SYSTEMD_CGROUP=/a", "SYSLOG_IDENTIFIER=moxie",
	      "_SYSTEMD_UNIT=mox.service"}},
	    {false,
	     {"_UID=1000", "_SYSTEMD_CGROUP=/a",
	      "SYSLOG_IDENTIFIER=postfix/smtpd",
	      "_SYSTEMD_UNIT=postfix@-.service"}},
	    {false,
	     {"_UID=1000", "_SYSTEMD_CGROUP=/a", "SYSLOG_IDENTIFIER=mox",
	      "SYSLOG_IDENTIFIER=cron", "_SYSTEMD_UNIT=cron.service"}},
	    {false, {"_UID=x", "_SYSTEMD_CGROUP=/a"}},
	    {false, {"MESSAGE=of the kernel"}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fill(e, rows[i].fields);
		ok(journal_entry_is_server(e) == rows[i].server, "row %zu: %s",
		   i, rows[i].fields[0]);
	}
}

static void
lines(struct journal_entry *e)
{
#define STAMP "2027-01-15T08:00:00.000001+00:00 "
	static const struct {
		const char *line; /* NULL: none */
		const char *fields[FIELDS_MAX];
	} rows[] = {
	    {STAMP "mx mox[7]: text: x",
	     {"MESSAGE=text: x", "_HOSTNAME=mx", "SYSLOG_IDENTIFIER=mox",
	      "_COMM=y", "_PID=7", "SYSLOG_PID=8"}},
	    {STAMP "mx y[8]: text",
	     {"MESSAGE=text", "_HOSTNAME=mx", "_COMM=y", "SYSLOG_PID=8"}},
	    {STAMP "mx y: text",
	     {"MESSAGE=text", "_HOSTNAME=mx", "_COMM=y", "_PID=7]: a"}},
	    {NULL, {"MESSAGE=a\nb", "_HOSTNAME=mx", "_COMM=y"}},
	    {NULL, {"MESSAGE=a", "_HOSTNAME=mx y", "_COMM=y"}},
	    {NULL, {"MESSAGE=a", "_HOSTNAME=mx", "SYSLOG_IDENTIFIER=y: b"}},
	    {NULL, {"_HOSTNAME=mx", "_COMM=y"}},
	    {STAMP "mx mox[7]: text",
	     {"MESSAGE=mx mox[7]: text", "_HOSTNAME=mx", "_COMM=y",
	      "_TRANSPORT=syslog"}},
	    {STAMP "mx mox: text",
	     {"MESSAGE=2027-01-15T08:00:00Z mx mox: text", "_HOSTNAME=mx",
	      "_COMM=y", "_TRANSPORT=syslog"}},
	    {STAMP "mx mox 7 - - text",
	     {"MESSAGE=1 2027-01-15T08:00:00Z mx mox 7 - - text",
	      "_HOSTNAME=mx", "_COMM=y", "_TRANSPORT=syslog"}},
	    {STAMP "mx y: mx mox[7]: text",
	     {"MESSAGE=mx mox[7]: text", "_HOSTNAME=mx", "_COMM=y",
	      "_TRANSPORT=stdout"}},
	    {STAMP "mx y: a b mox[7]: text",
	     {"MESSAGE=a b mox[7]: text", "_HOSTNAME=mx", "_COMM=y",
	      "_TRANSPORT=syslog"}},
	};
	const char *line;
	size_t len;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char got[256] = "";
		bool any;

		fill(e, rows[i].fields);
		any = journal_entry_line(e, false, &line, &len);
		if (any && len < sizeof(got))
			memcpy(got, line, len);
		is_str(got, rows[i].line != NULL ? rows[i].line : "",
		       "row %zu: %s", i, rows[i].fields[0]);
	}
}

/* What a container prints is handed on with its id: names are not unique. */
static void
containers(struct journal_entry *e)
{
#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	static const struct {
		const char *line, *fields[FIELDS_MAX];
	} rows[] = {
	    {STAMP "stdout@" ID " F text",
	     {"MESSAGE=text", "CONTAINER_NAME=mail", "CONTAINER_ID_FULL=" ID,
	      "PRIORITY=6"}},
	    {STAMP "stderr@" ID " P text",
	     {"MESSAGE=text", "CONTAINER_NAME=mail", "CONTAINER_ID_FULL=" ID,
	      "PRIORITY=3", "CONTAINER_PARTIAL_MESSAGE=true"}},
	    {STAMP "stdout@" ID " F text",
	     {"MESSAGE=text", "CONTAINER_NAME=mail",
	      "CONTAINER_ID_FULL=" ID "beyond", "PRIORITY=6"}},
	    {STAMP "stdout@mail_1 F text",
	     {"MESSAGE=text", "CONTAINER_NAME=mail-1", "PRIORITY=6"}},
	    {STAMP "stdout@a_b_F_c F text",
	     {"MESSAGE=text", "CONTAINER_NAME=a@b F c", "PRIORITY=6"}},
	    {STAMP "stderr@_ F text", {"MESSAGE=text", "CONTAINER_NAME="}},
	};
	const char *line;
	size_t len;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char got[256] = "";

		fill(e, rows[i].fields);
		if (journal_entry_line(e, true, &line, &len) &&
		    len < sizeof(got))
			memcpy(got, line, len);
		is_str(got, rows[i].line, "container, row %zu", i);
	}
}

/* The streams of two containers that have one name. */
static void
names(struct journal_entry *e)
{
	static const char *const rows[][FIELDS_MAX] = {
	    {"CONTAINER_NAME=mail", "CONTAINER_ID_FULL=" ID, "PRIORITY=6"},
	    {"CONTAINER_NAME=mail", "CONTAINER_ID_FULL=1" ID, "PRIORITY=6"},
	    {"CONTAINER_NAME=mail", "PRIORITY=6"},
	    {"CONTAINER_NAME=" ID, "PRIORITY=6"},
	    {"CONTAINER_NAME=mail", "CONTAINER_ID_FULL=" ID, "PRIORITY=3"},
	};
	enum { COUNT = sizeof(rows) / sizeof(rows[0]) };
	char streams[COUNT][CUT_STREAMS_NAME];

	for (size_t i = 0; i < COUNT; i++) {
		fill(e, rows[i]);
		ok(journal_entry_stream(e, streams[i]), "stream %zu", i);
		for (size_t j = 0; j < i; j++)
			ok(strcmp(streams[i], streams[j]) != 0,
			   "it is not stream %zu", j);
	}
}

static bool
is_rest(struct cut_streams *cuts, struct journal_entry *e, const char *stream,
	const char *pid, const char *end)
{
	const char *fields[FIELDS_MAX] = {stream, pid, end};
	char name[CUT_STREAMS_NAME];

	fill(e, fields);
	return journal_entry_stream(e, name) &&
	       cut_streams_note(cuts, name, journal_entry_is_cut(e));
}

static void
cuts(struct journal_entry *e)
{
	static const char a[] = "_STREAM_ID=a", b[] = "_STREAM_ID=b",
			  pid[] = "_PID=1", other[] = "_PID=2",
			  nul[] = "_LINE_BREAK=nul",
			  max[] = "_LINE_BREAK=line-max",
			  eof[] = "_LINE_BREAK=eof",
			  change[] = "_LINE_BREAK=pid-change";
	struct cut_streams cuts = {0};

	ok(!is_rest(&cuts, e, a, pid, NULL), "a whole line");
	ok(!is_rest(&cuts, e, a, pid, max), "the beginning of a line");
	ok(!is_rest(&cuts, e, b, pid, NULL), "another stream");
	ok(!is_rest(&cuts, e, a, other, NULL), "another process");
	ok(is_rest(&cuts, e, a, pid, nul), "the rest, cut as well");
	ok(is_rest(&cuts, e, a, pid, NULL), "the rest of that");
	ok(!is_rest(&cuts, e, a, pid, NULL), "the next line");
	ok(!is_rest(&cuts, e, a, pid, change), "a line with another in it");
	ok(!is_rest(&cuts, e, a, other, NULL), "the other");
	ok(is_rest(&cuts, e, a, pid, eof), "the rest, at the end");
	ok(!is_rest(&cuts, e, a, pid, NULL), "nothing is left of it");
}

static void
words(void)
{
	static const struct {
		bool names;
		const char *words[4];
	} rows[] = {
	    {false, {NULL}},
	    {true, {"_UID=5"}},
	    {true, {"SYSLOG_IDENTIFIER=a", "_SYSTEMD_UNIT=a.service"}},
	    {false, {"SYSLOG_IDENTIFIER=a"}},
	    {false, {"_UID=5", "+", "_COMM=a"}},
	    {false, {"_COMM=a", "+", "_UID=5"}},
	    {true, {"_UID=5", "+", "_UID=6"}},
	    {false, {"_UI=5"}},
	    {false, {"_UIDS=5"}},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = 0;

		while (n < 4 && rows[i].words[n] != NULL)
			n++;
		ok(journal_words_name_writer((char *const *)rows[i].words, n) ==
		       rows[i].names,
		   "words %zu", i);
	}
}

int
main(void)
{
	struct journal_entry *e = journal_entry_new();

	servers(e);
	lines(e);
	containers(e);
	names(e);
	cuts(e);
	words();
	journal_entry_free(&e);
	return tap_done();
}
