/*
 * pbsctl peers: what the running daemon knows of other hosts, and of the
 * connections to the engine. daemon/worker/peers_figures.h has the form of its
 * answer.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/alloc.h"
#include "base/ctlsocket.h"
#include "base/err.h"
#include "tools/output/json.h"
#include "tools/peers_probe.h"
#include "tools/settings.h"
#include "tools/verb.h"

static const char help[] =
    "usage: pbsctl peers [OPTION...]\n"
    "\n"
    "Prints what the running daemon knows of other hosts (peers: in its\n"
    "configuration): the connections to the engine, what is published, and\n"
    "for each host whose logins are accepted, the entries and records\n"
    "(logins, sessions, removals) received, how many addresses its logins\n"
    "authorize, how many entries are missing, how far its clock is ahead, how\n"
    "long ago it was heard, and how much was refused, by reason.\n"
    "\n"
    "With --test, asks no daemon, but tries on each engine what a daemon with\n"
    "this configuration would do there, changes nothing, and prints which ACL\n"
    "rules are missing. Prints the key that other hosts need for this one.\n"
    "\n"
    "  --test         try the engines\n"
    "  --json         objects for programs, one per line\n"
    "  --config FILE  the daemon's configuration, which gives its socket\n"
    "  --dbfile MAP   the daemon's --dbfile, if it has that flag\n"
    "  --socket PATH  the daemon's socket\n"
    "\n"
    "Exit: 0 all connections are up, each host was heard within 15 s and nothing\n"
    "of it was refused but what is excluded here, or with --test all is\n"
    "permitted; 1 not so, or the configuration has no peers:, or one without\n"
    "hosts that publishes nothing; 64 wrong usage, 66 a secret cannot be read,\n"
    "69 no daemon is running, 78 FILE cannot be read.\n";

enum { YES = 0, NO = 1, SILENT = 15 }; /* seconds: three heartbeats */

struct peers_question {
	bool json, test, help;
	const char *config, *socket;
	struct strings dbfiles;
};

/* The one reason that is no fault: exclude: is for such logins. */
static const char excluded[] = "excluded here";

/* One line of the answer. */
struct peers_row {
	char name[64], cursor[42];
	uint64_t entries, records, addresses, missing;
	int64_t ahead, heard;
};

/* How far the output is. */
struct peers_report {
	bool json;
	bool titled;	 /* the titles of the columns have been printed */
	bool open;	 /* the JSON object of a host is not complete */
	size_t refusals; /* printed in that object */
	int code;
};

/* ---- what is printed ---- */

static void
print_text(const char *text)
{
	json_string(stdout, text, strlen(text));
}

static void
end_host(struct peers_report *r)
{
	if (r->open)
		puts("}}");
	r->open = false;
	r->refusals = 0;
}

static void
print_connection(struct peers_report *r, const char *name, bool up,
		 int64_t since, const char *text)
{
	time_t at = (time_t)since;
	char when[32];
	struct tm tm;

	if (!up)
		r->code = NO;
	if (r->json) {
		printf("{\"connection\": \"%s\", \"connected\": %s, "
		       "\"since\": %" PRId64 ", \"%s\": ",
		       name, up ? "true" : "false", since,
		       up ? "engine" : "reason");
		print_text(text);
		puts("}");
		return;
	}
	localtime_r(&at, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
	printf("to %s: %s since %s: %s\n", name,
	       up ? "connected" : "NOT CONNECTED", when, text);
}

static void
print_published(struct peers_report *r, const char *stream, uint64_t logins)
{
	if (!r->json) {
		printf("published in %s: %" PRIu64 " login%s\n", stream, logins,
		       logins == 1 ? "" : "s");
		return;
	}
	fputs("{\"stream\": ", stdout);
	print_text(stream);
	printf(", \"published\": %" PRIu64 "}\n", logins);
}

static void
print_host_json(const struct peers_row *h)
{
	printf("{\"host\": \"%s\", \"entries\": %" PRIu64
	       ", \"records\": %" PRIu64 ", \"addresses\": %" PRIu64
	       ", \"missing\": %" PRIu64 ", \"ahead\": %" PRId64
	       ", \"heard\": ",
	       h->name, h->entries, h->records, h->addresses, h->missing,
	       h->ahead);
	if (h->heard < 0)
		fputs("null", stdout);
	else
		printf("%" PRId64, h->heard);
	printf(", \"cursor\": \"%s\", \"refused\": {", h->cursor);
}

static void
print_host(struct peers_report *r, const struct peers_row *h)
{
	char heard[24] = "never";

	end_host(r);
	if (h->heard < 0 || h->heard > SILENT)
		r->code = NO;
	if (r->json) {
		print_host_json(h);
		r->open = true;
		return;
	}
	if (!r->titled)
		printf("%-16s %10s %10s %9s %7s %7s %8s  %s\n", "host",
		       "entries", "records", "addresses", "missing", "ahead",
		       "heard", "cursor");
	r->titled = true;
	if (h->heard >= 0)
		snprintf(heard, sizeof(heard), "%" PRId64 " s", h->heard);
	printf("%-16s %10" PRIu64 " %10" PRIu64 " %9" PRIu64 " %7" PRIu64
	       " %5" PRId64 " s %8s  %s\n",
	       h->name, h->entries, h->records, h->addresses, h->missing,
	       h->ahead, heard, h->cursor);
}

static void
print_refused(struct peers_report *r, uint64_t count, const char *reason)
{
	if (strcmp(reason, excluded) != 0)
		r->code = NO;
	if (!r->json) {
		printf("%16s refused %" PRIu64 ": %s\n", "", count, reason);
		return;
	}
	fputs(r->refusals++ > 0 ? ", " : "", stdout);
	print_text(reason);
	printf(": %" PRIu64, count);
}

/* ---- the answer ---- */

static bool
take_connection(struct peers_report *r, const char *line)
{
	char name[8];
	int up, at = 0;
	int64_t since;

	if (sscanf(line, "connection %7s %d %" SCNd64 " %n", name, &up, &since,
		   &at) < 3 ||
	    at == 0)
		return false;
	print_connection(r, name, up != 0, since, line + at);
	return true;
}

static bool
take_published(struct peers_report *r, const char *line)
{
	char stream[128];
	uint64_t logins;

	if (sscanf(line, "published %127s %" SCNu64, stream, &logins) != 2)
		return false;
	print_published(r, stream, logins);
	return true;
}

static bool
take_host(struct peers_report *r, const char *line)
{
	struct peers_row h;

	if (sscanf(line,
		   "host %63s %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNd64 " %" SCNd64 " %41s",
		   h.name, &h.entries, &h.records, &h.addresses, &h.missing,
		   &h.ahead, &h.heard, h.cursor) != 8)
		return false;
	print_host(r, &h);
	return true;
}

static bool
take_refused(struct peers_report *r, const char *line)
{
	uint64_t count;
	int at = 0;

	if (sscanf(line, "refused %*63s %" SCNu64 " %n", &count, &at) < 1 ||
	    at == 0)
		return false;
	print_refused(r, count, line + at);
	return true;
}

static bool
take_line(struct peers_report *r, const char *line)
{
	static bool (*const takers[])(struct peers_report *, const char *) = {
	    take_connection, take_published, take_host, take_refused};

	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
		if (takers[i](r, line))
			return true;
	return false;
}

static int
print_answer(const struct peers_question *q, char *answer)
{
	struct peers_report r = {.json = q->json, .code = YES};
	char *at, *line;
	size_t lines = 0;

	for (line = strtok_r(answer, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at), lines++)
		if (!take_line(&r, line)) {
			verb_error(&verb_peers, "malformed answer");
			return EX_PROTOCOL;
		}
	end_host(&r);
	if (lines > 0)
		return r.code;
	verb_error(&verb_peers, "peers: has no effect: the daemon publishes "
				"nothing, and hosts: is empty");
	return NO;
}

static int
ask(const struct peers_question *q, const char *path)
{
	char *answer = NULL;
	size_t len;
	FILE *out = open_memstream(&answer, &len);
	struct err err;
	enum ctlsocket_reply reply = ctlsocket_ask(path, "peers", out, &err);
	int code = EX_UNAVAILABLE;

	fclose(out);
	if (reply == CTLSOCKET_YES)
		code = print_answer(q, answer);
	else if (reply == CTLSOCKET_NO)
		code = NO;
	if (reply != CTLSOCKET_YES)
		verb_error(&verb_peers, "%s%s",
			   reply == CTLSOCKET_NOBODY ? "no daemon is running: "
						     : "",
			   err.text);
	free(answer);
	return code;
}

/* ---- the command line ---- */

static int
parse(struct peers_question *q, int argc, char **argv)
{
	static const struct option known[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"test", no_argument, NULL, 't'},
	    {"config", required_argument, NULL, 'c'},
	    {"dbfile", required_argument, NULL, 'd'},
	    {"socket", required_argument, NULL, 's'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int c;

	while ((c = verb_option(&verb_peers, argc, argv, known)) != -1) {
		if (c == '?')
			return EX_USAGE;
		if (c == 'c')
			q->config = optarg;
		if (c == 'd')
			strings_add(&q->dbfiles, optarg);
		if (c == 's')
			q->socket = optarg;
		q->json = q->json || c == 'j';
		q->test = q->test || c == 't';
		q->help = q->help || c == 'h';
	}
	if (optind == argc)
		return 0;
	verb_error(&verb_peers, "one word too many: '%s'", argv[optind]);
	return EX_USAGE;
}

static int
run(int argc, char **argv)
{
	struct peers_question q = {0};
	struct err err;
	int code = parse(&q, argc, argv);
	char *path;

	if (code != 0)
		return code;
	if (q.help) {
		fputs(help, stdout);
		return verb_finish(&verb_peers, EX_OK);
	}
	if (q.test) {
		code = peers_probe(&verb_peers, q.config, &q.dbfiles);
		return verb_finish(&verb_peers, code);
	}
	path = settings_socket(q.socket, q.config, &q.dbfiles, &err);
	strings_clear(&q.dbfiles);
	if (path == NULL) {
		verb_error(&verb_peers, "%s", err.text);
		return EX_CONFIG;
	}
	code = ask(&q, path);
	free(path);
	return verb_finish(&verb_peers, code);
}

const struct verb verb_peers = {
    .name = "peers",
    .arguments = "[--json | --test]",
    .summary = "print what is known of other hosts, and of the engine",
    .run = run,
};
