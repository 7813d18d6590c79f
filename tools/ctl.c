/*
 * pbsctl status, metrics, list, show, add, remove: asks the running daemon
 * through its control socket.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/ctlsocket.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/listing.h"
#include "base/log.h"
#include "tools/output/json.h"
#include "tools/settings.h"
#include "tools/verb.h"

enum { YES = 0, NO = 1 };

/* The command line. */
struct question {
	const struct verb *verb;
	bool json, help;
	const char *config, *socket, *lasts, *user;
	struct strings dbfiles;
	const char *address; /* as given, perhaps not canonical */
};

static const char help[] =
    "usage: pbsctl status|metrics|list [OPTION...]\n"
    "       pbsctl show|remove ADDRESS [OPTION...]\n"
    "       pbsctl add ADDRESS [--for TIME] [--user USER] [OPTION...]\n"
    "\n"
    "Asks the running daemon who may relay, or changes that. An address that\n"
    "is added is authorized for TIME (30m, 2h), at most for the grace period\n"
    "of the daemon, which is also the default. metrics prints the counters of\n"
    "status, and more, as Prometheus reads them.\n"
    "\n"
    "  --json         objects for programs, one per line: ip, users, time\n"
    "                 (of the login) and expires, in seconds since 1970\n"
    "  --config FILE  the daemon's configuration, which gives its socket\n"
    "  --dbfile MAP   the daemon's --dbfile, if it has that flag\n"
    "  --socket PATH  the daemon's socket\n"
    "\n"
    "Exit: 0 yes, 1 no, 64 wrong usage, 69 no daemon is running, 78 FILE\n"
    "cannot be read.\n";

/* ---- the command line ---- */

static bool
takes_address(const struct verb *verb)
{
	return strncmp(verb->arguments, "ADDRESS", 7) == 0;
}

static int
take_option(struct question *q, int c)
{
	if (c == 'j' && q->verb == &verb_metrics) {
		verb_error(q->verb, "--json is not for metrics");
		return EX_USAGE;
	}
	if ((c == 'f' || c == 'u') && q->verb != &verb_add) {
		verb_error(q->verb, "--%s is for add alone",
			   c == 'f' ? "for" : "user");
		return EX_USAGE;
	}
	switch (c) {
	case 'c':
		q->config = optarg;
		return 0;
	case 'd':
		strings_add(&q->dbfiles, optarg);
		return 0;
	case 's':
		q->socket = optarg;
		return 0;
	case 'f':
		q->lasts = optarg;
		return 0;
	case 'u':
		q->user = optarg;
		return 0;
	case 'j':
		q->json = true;
		return 0;
	case 'h':
		q->help = true;
		return 0;
	default:
		return EX_USAGE;
	}
}

static int
take_address(struct question *q, int argc, char **argv)
{
	if (takes_address(q->verb) && optind < argc)
		q->address = argv[optind++];
	if (optind < argc) {
		verb_error(q->verb, "one word too many: '%s'", argv[optind]);
		return EX_USAGE;
	}
	if (q->help || !takes_address(q->verb) || q->address != NULL)
		return 0;
	verb_error(q->verb, "which address?");
	return EX_USAGE;
}

static int
parse(struct question *q, int argc, char **argv)
{
	static const struct option known[] = {
	    {"json", no_argument, NULL, 'j'},
	    {"config", required_argument, NULL, 'c'},
	    {"dbfile", required_argument, NULL, 'd'},
	    {"socket", required_argument, NULL, 's'},
	    {"for", required_argument, NULL, 'f'},
	    {"user", required_argument, NULL, 'u'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int c;

	while ((c = verb_option(q->verb, argc, argv, known)) != -1)
		if (take_option(q, c) != 0)
			return EX_USAGE;
	return take_address(q, argc, argv);
}

/* ---- the request ---- */

static int
write_add(const struct question *q, FILE *out)
{
	uint32_t seconds = 0; /* as long as the daemon allows */

	if (q->lasts != NULL && duration_parse(q->lasts, &seconds) != 0) {
		verb_error(q->verb,
			   "--for: '%s' is not a time (seconds, or with s, "
			   "m, h, d)",
			   q->lasts);
		return EX_USAGE;
	}
	fprintf(out, " %" PRIu32, seconds);
	if (q->user != NULL) {
		fputc(' ', out);
		listing_encode(out, q->user);
	}
	return 0;
}

/* "add 192.0.2.7 1800 ann" */
static int
write_request(const struct question *q, FILE *out)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	fputs(q->verb->name, out);
	if (q->address == NULL)
		return 0;
	if (addr_parse(&addr, q->address, strlen(q->address)) != 0) {
		verb_error(q->verb, "'%s' is not an address", q->address);
		return EX_USAGE;
	}
	addr_format(&addr, text);
	fprintf(out, " %s", text);
	return q->verb == &verb_add ? write_add(q, out) : 0;
}

/* ---- the answer ---- */

static void
print_json_row(const struct listing *row)
{
	char text[ADDR_TEXT_MAX];

	addr_format(&row->addr, text);
	printf("{\"ip\": \"%s\", \"users\": [", text);
	for (size_t i = 0; i < row->users.count; i++) {
		const char *user = row->users.list[i];

		fputs(i > 0 ? ", " : "", stdout);
		json_string(stdout, user, strlen(user));
	}
	printf("], \"time\": %jd, \"expires\": %jd, \"rule\": ",
	       (intmax_t)row->when, (intmax_t)row->expires);
	if (row->rule != NULL)
		json_string(stdout, row->rule, strlen(row->rule));
	else
		fputs("null", stdout);
	puts("}");
}

/* On a line of its own: the line above ends with any number of users. */
static void
print_rule(const char *rule)
{
	char text[128];

	printf("rule %s\n", log_printable(text, sizeof(text), rule, strlen(rule)));
}

/* The daemon authorizes for no longer than its grace. */
static bool
is_shorter(const struct question *q, const struct listing *row)
{
	uint32_t asked;

	return q->lasts != NULL && duration_parse(q->lasts, &asked) == 0 &&
	       row->expires - row->when < (int64_t)asked;
}

static int
print_rows(const struct question *q, char *answer)
{
	int width = listing_width(answer);
	char *at, *line;

	for (line = strtok_r(answer, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		struct listing row;

		if (listing_read(&row, line) != 0) {
			verb_error(q->verb, "malformed answer");
			return EX_PROTOCOL;
		}
		if (q->json)
			print_json_row(&row);
		else
			listing_print(stdout, &row, width);
		if (!q->json && q->verb == &verb_show && row.rule != NULL)
			print_rule(row.rule);
		if (is_shorter(q, &row))
			verb_error(q->verb,
				   "not for %s: no longer than the grace "
				   "period",
				   q->lasts);
		listing_clear(&row);
	}
	return YES;
}

/* A row, and perhaps a note below it. */
static int
print_added(const struct question *q, char *answer)
{
	char *note = answer + strcspn(answer, "\n");
	int code;

	if (*note != '\0')
		*note++ = '\0';
	note[strcspn(note, "\n")] = '\0';
	code = print_rows(q, answer);
	if (code == YES && *note != '\0')
		verb_error(q->verb, "%s", note);
	return code;
}

/* "key value" lines; a value of digits is a number. */
static int
print_status(const struct question *q, char *answer)
{
	const char *separator = "{";
	char *at, *line;

	if (!q->json) {
		fputs(answer, stdout);
		return YES;
	}
	for (line = strtok_r(answer, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		size_t len = strcspn(line, " ");
		const char *value = line + len + (line[len] != '\0');

		fputs(separator, stdout);
		json_string(stdout, line, len);
		fputs(": ", stdout);
		if (*value != '\0' &&
		    value[strspn(value, "0123456789")] == '\0')
			fputs(value, stdout);
		else
			json_string(stdout, value, strlen(value));
		separator = ", ";
	}
	puts("}");
	return YES;
}

static int
print_answer(const struct question *q, enum ctlsocket_reply reply, char *answer,
	     const struct err *err)
{
	switch (reply) {
	case CTLSOCKET_YES:
		/* The daemon may answer a removal with a note. */
		if (q->verb == &verb_metrics || q->verb == &verb_remove) {
			fputs(answer, stdout);
			return YES;
		}
		return q->verb == &verb_status ? print_status(q, answer)
		       : q->verb == &verb_add  ? print_added(q, answer)
					       : print_rows(q, answer);
	case CTLSOCKET_NO:
		verb_error(q->verb, "%s", err->text);
		return NO;
	case CTLSOCKET_NOBODY:
		verb_error(q->verb, "no daemon is running: %s", err->text);
		return EX_UNAVAILABLE;
	case CTLSOCKET_FAILED:
		break;
	}
	verb_error(q->verb, "%s", err->text);
	return EX_UNAVAILABLE;
}

/* ---- all together ---- */

/* The daemon would hang up: only the name of a user can be that long. */
static int
check_length(const struct question *q, size_t len)
{
	if (len < CTLSOCKET_REQUEST_MAX)
		return 0;
	verb_error(q->verb, "--user: the name is too long (%zu bytes)",
		   strlen(q->user));
	return EX_USAGE;
}

static int
ask(const struct question *q, const char *path)
{
	char *request = NULL, *answer = NULL;
	size_t request_len, answer_len;
	FILE *out = open_memstream(&request, &request_len);
	enum ctlsocket_reply reply;
	struct err err;
	int code = write_request(q, out);

	fclose(out);
	if (code == 0)
		code = check_length(q, request_len);
	if (code == 0) {
		out = open_memstream(&answer, &answer_len);
		reply = ctlsocket_ask(path, request, out, &err);
		fclose(out);
		code = print_answer(q, reply, answer, &err);
		free(answer);
	}
	free(request);
	return code;
}

static int
find_and_ask(const struct question *q)
{
	struct err err;
	char *path =
	    settings_socket(q->socket, q->config, &q->dbfiles, &err);
	int code;

	if (path == NULL) {
		verb_error(q->verb, "%s", err.text);
		return EX_CONFIG;
	}
	code = ask(q, path);
	free(path);
	return verb_finish(q->verb, code);
}

static int
run(int argc, char **argv)
{
	static const struct verb *const verbs[] = {&verb_status, &verb_metrics,
						   &verb_list,	 &verb_show,
						   &verb_add,	 &verb_remove};
	struct question q = {0};
	size_t i = 0;
	int code;

	while (strcmp(verbs[i]->name, argv[0]) != 0)
		i++;
	q.verb = verbs[i];
	code = parse(&q, argc, argv);
	if (code == 0 && q.help)
		fputs(help, stdout);
	else if (code == 0)
		code = find_and_ask(&q);
	strings_clear(&q.dbfiles);
	return code;
}

const struct verb verb_status = {"status", "[--json]",
				 "show the state of the running daemon", run};
const struct verb verb_metrics = {
    "metrics", "", "show the counters of the running daemon as metrics", run};
const struct verb verb_list = {"list", "[--json]",
			       "list who may relay, since and until when", run};
const struct verb verb_show = {"show", "ADDRESS [--json]",
			       "show whether an address may relay", run};
const struct verb verb_add = {"add", "ADDRESS [--for TIME] [--user USER]",
			      "authorize an address for a time", run};
const struct verb verb_remove = {"remove", "ADDRESS",
				 "remove the authorization of an address", run};
