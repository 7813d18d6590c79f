/*
 * pbsctl status, list, show, add, remove: ask the running daemon over its
 * control socket.
 */
#include <errno.h>
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
#include "tools/output/json.h"
#include "tools/verb.h"
#include "tools/where.h"

enum { YES = 0, NO = 1 };

/* What was asked for on the command line. */
struct question {
	const struct verb *verb;
	bool json, help;
	const char *config, *socket, *lasts, *user;
	const char *address; /* as written; request uses the canonical one */
};

/* An option that takes a value, and where it goes. */
struct option_name {
	const char *name;
	size_t offset;
	bool only_add;
};

static const struct option_name options[] = {
    {"--config", offsetof(struct question, config), false},
    {"--socket", offsetof(struct question, socket), false},
    {"--for", offsetof(struct question, lasts), true},
    {"--user", offsetof(struct question, user), true},
};

static const char help[] =
    "usage: pbsctl status|list [OPTION...]\n"
    "       pbsctl show|remove ADDRESS [OPTION...]\n"
    "       pbsctl add ADDRESS [--for TIME] [--user USER] [OPTION...]\n"
    "\n"
    "Asks the running daemon who may relay, or changes it. An address that\n"
    "is added is authorized for TIME (30m, 2h), at most the daemon's grace,\n"
    "which is also what goes without --for.\n"
    "\n"
    "  --json         objects for programs, one in a line: ip, users, time\n"
    "                 (of the login) and expires, in seconds since 1970\n"
    "  --config FILE  the daemon's configuration, which says where it listens\n"
    "  --socket PATH  where it listens\n"
    "\n"
    "Exit: 0 yes, 1 no, 64 wrong usage, 69 no daemon is running, 78 FILE\n"
    "cannot be read.\n";

/* ---- the command line ---- */

static int
unknown_option(const struct question *q, const char *word)
{
	static const char *const known[] = {"--json",	"--help", "--config",
					    "--socket", "--for",  "--user",
					    NULL};

	return verb_unknown(q->verb, "option", word, known);
}

/* 1: word is this option; *value behind '=', or NULL. */
static bool
is_option(const struct option_name *o, const char *word, const char **value)
{
	size_t len = strlen(o->name);

	if (strncmp(word, o->name, len) != 0 ||
	    (word[len] != '\0' && word[len] != '='))
		return false;
	*value = word[len] == '=' ? word + len + 1 : NULL;
	return true;
}

static int
take_option(struct question *q, char ***argv)
{
	const char *word = *(*argv)++, *value;

	if (strcmp(word, "--json") == 0) {
		q->json = true;
		return 0;
	}
	if (strcmp(word, "--help") == 0) {
		q->help = true;
		return 0;
	}
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!is_option(&options[i], word, &value))
			continue;
		if (options[i].only_add && strcmp(q->verb->name, "add") != 0) {
			verb_complain(q->verb, "%s is for add alone",
				      options[i].name);
			return EX_USAGE;
		}
		if (value == NULL)
			value = **argv != NULL ? *(*argv)++ : NULL;
		if (value == NULL || *value == '\0') {
			verb_complain(q->verb, "%s needs a value", word);
			return EX_USAGE;
		}
		*(const char **)((char *)q + options[i].offset) = value;
		return 0;
	}
	return unknown_option(q, word);
}

static bool
takes_address(const struct verb *verb)
{
	return strncmp(verb->arguments, "ADDRESS", 7) == 0;
}

static int
parse(struct question *q, char **argv)
{
	int code = 0;

	while (*argv != NULL && code == 0) {
		if (strncmp(*argv, "--", 2) == 0) {
			code = take_option(q, &argv);
		} else if (takes_address(q->verb) && q->address == NULL) {
			q->address = *argv++;
		} else {
			verb_complain(q->verb, "one word too many: '%s'",
				      *argv);
			code = EX_USAGE;
		}
	}
	if (code == 0 && !q->help && takes_address(q->verb) &&
	    q->address == NULL) {
		verb_complain(q->verb, "which address?");
		code = EX_USAGE;
	}
	return code;
}

/* ---- the request ---- */

static int
write_add(const struct question *q, FILE *out)
{
	uint32_t seconds = 0; /* as long as may be */

	if (q->lasts != NULL && duration_parse(q->lasts, &seconds) != 0) {
		verb_complain(q->verb,
			      "--for: '%s' is no time (seconds, or with s, m, "
			      "h, d)",
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
		verb_complain(q->verb, "'%s' is not an address", q->address);
		return EX_USAGE;
	}
	addr_format(&addr, text);
	fprintf(out, " %s", text);
	return strcmp(q->verb->name, "add") == 0 ? write_add(q, out) : 0;
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
	printf("], \"time\": %jd, \"expires\": %jd}\n", (intmax_t)row->when,
	       (intmax_t)row->expires);
}

/* The daemon lets nobody outlast its grace. */
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
			verb_complain(q->verb, "strange answer");
			return EX_PROTOCOL;
		}
		if (q->json)
			print_json_row(&row);
		else
			listing_print(stdout, &row, width);
		if (is_shorter(q, &row))
			verb_complain(q->verb,
				      "not for %s: no longer than the grace",
				      q->lasts);
		listing_clear(&row);
	}
	return YES;
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
		return strcmp(q->verb->name, "status") == 0
			   ? print_status(q, answer)
			   : print_rows(q, answer);
	case CTLSOCKET_NO:
		verb_complain(q->verb, "%s", err->text);
		return NO;
	case CTLSOCKET_NOBODY:
		verb_complain(q->verb, "no daemon is running: %s", err->text);
		return EX_UNAVAILABLE;
	case CTLSOCKET_FAILED:
		break;
	}
	verb_complain(q->verb, "%s", err->text);
	return EX_UNAVAILABLE;
}

/* ---- all together ---- */

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
	char *path = q->socket != NULL ? alloc_string(q->socket)
				       : where_socket(q->config, &err);
	int code;

	if (path == NULL) {
		verb_complain(q->verb, "%s", err.text);
		return EX_CONFIG;
	}
	code = ask(q, path);
	free(path);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		verb_complain(q->verb, "standard output: %s", strerror(errno));
		return EX_IOERR;
	}
	return code;
}

static int
run(const struct verb *verb, char **argv)
{
	struct question q = {.verb = verb};
	int code = parse(&q, argv + 1);

	if (code != 0)
		return code;
	if (!q.help)
		return find_and_ask(&q);
	fputs(help, stdout);
	return YES;
}

static int
run_status(int argc, char **argv)
{
	(void)argc;
	return run(&verb_status, argv);
}

static int
run_list(int argc, char **argv)
{
	(void)argc;
	return run(&verb_list, argv);
}

static int
run_show(int argc, char **argv)
{
	(void)argc;
	return run(&verb_show, argv);
}

static int
run_add(int argc, char **argv)
{
	(void)argc;
	return run(&verb_add, argv);
}

static int
run_remove(int argc, char **argv)
{
	(void)argc;
	return run(&verb_remove, argv);
}

const struct verb verb_status = {
    "status", "[--json]", "tell how the running daemon is doing", run_status};
const struct verb verb_list = {
    "list", "[--json]", "list who may relay, since and until when", run_list};
const struct verb verb_show = {"show", "ADDRESS [--json]",
			       "tell whether an address may relay", run_show};
const struct verb verb_add = {"add", "ADDRESS [--for TIME] [--user USER]",
			      "let an address relay for a time", run_add};
const struct verb verb_remove = {"remove", "ADDRESS",
				 "let an address relay no longer", run_remove};
