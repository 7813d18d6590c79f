/*
 * pbsctl explain: what becomes of a log line, and why.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/suggest.h"
#include "daemon/conf/conf.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/table/authtab.h"
#include "patterns/line/envelope.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"
#include "tools/explain/explain_print.h"
#include "tools/settings.h"
#include "tools/verb.h"

enum { GRANTS = 0, NOTHING = 1 };
enum { LINES_MAX = 1000 }; /* of standard input; all are kept */

struct options {
	bool json, help;
	const char *config, *line;
	struct strings dirs;
};

struct job {
	const struct options *options;
	struct conf conf;
	struct ruleset *set;
	struct recognizer *usual; /* with the rules that count */
	struct recognizer *all;	  /* with the optional ones, too */
	struct authtab *table;
	struct pipeline *pipeline; /* NULL until the first login */
	struct envelope *envelope;
	struct strings seen;	   /* lines, for a login in two */
	size_t fed;		   /* how many of them the pipeline had */
	unsigned long explained;   /* lines and envelopes without one */
	time_t now;
	bool granted;
};

static const char help[] =
    "usage: pbsctl explain [--json] [--config FILE] [--patterns DIR] [LINE]\n"
    "\n"
    "Shows step by step what becomes of a line of the log: its header, the\n"
    "rules that were tried and how far each matched, the address, and whether\n"
    "it would be authorized. Without LINE it explains the lines of standard\n"
    "input, in their order. Changes nothing, and needs no running daemon.\n"
    "\n"
    "  --json          objects for programs, one for each line\n"
    "  --config FILE   this configuration\n"
    "  --patterns DIR  the *.yaml of this directory, or this file; may be\n"
    "                  repeated\n"
    "\n"
    "Exit: 0 it would authorize, 1 it would not, above that an error.\n";

/* ---- rules ---- */

static void
collect(void *arg, const struct attempt *attempt)
{
	struct explanation *e = arg;

	e->attempts =
	    alloc_resize(e->attempts, e->nattempts + 1, sizeof(*e->attempts));
	e->attempts[e->nattempts++] = *attempt;
}

/* A program without rules may be a known one under another name. */
static void
look_elsewhere(const struct job *job, struct explanation *e)
{
	struct strings names = {0};
	struct logline line = e->line;
	struct match match;
	struct err err;
	char *program = alloc_bytes(line.program, line.program_len), **p;
	const char *near;
	size_t i;

	for (i = 0; i < job->set->count; i++)
		for (p = job->set->list[i].programs; *p != NULL; p++) {
			strings_add(&names, *p);
			line.program = *p;
			line.program_len = strlen(*p);
			if (e->elsewhere == NULL &&
			    matcher_match(recognizer_matcher(job->all), &line,
					  &match, &err) == 1)
				e->elsewhere = match.rule;
		}
	names.list = alloc_resize(names.list, names.count + 1, sizeof(char *));
	names.list[names.count] = NULL;
	near = suggest(program, (const char *const *)names.list);
	/* The rule's copy of the name outlives the list. */
	for (i = 0; near != NULL && i < job->set->count; i++)
		for (p = job->set->list[i].programs; *p != NULL; p++)
			if (e->near == NULL && strcmp(*p, near) == 0)
				e->near = *p;
	strings_clear(&names);
	free(program);
}

/* No rule that counts found a login; would an optional one? */
static void
try_optional(const struct job *job, struct explanation *e)
{
	struct found found;
	struct err err;

	e->verdict = VERDICT_NOTHING;
	if (e->nattempts == 0) {
		e->verdict = VERDICT_UNKNOWN;
		look_elsewhere(job, e);
	}
	recognizer_forget(job->all);
	for (size_t i = 0; i < job->seen.count; i++)
		if (recognize(job->all, job->seen.list[i],
			      strlen(job->seen.list[i]), job->now, &found,
			      &err) == FOUND_LOGIN &&
		    i == job->seen.count - 1) {
			e->verdict = VERDICT_OFF;
			e->match = found.match;
		}
}

static void
refuse(struct explanation *e, const char *why)
{
	e->verdict = VERDICT_REFUSED;
	snprintf(e->why, sizeof(e->why), "%s", why);
}

/* Opens the pipeline when the first login is found, as that asks Postfix for
 * mynetworks, and hands it the lines that it has not seen. */
static int
feed_pipeline(struct job *job, struct err *err)
{
	if (job->pipeline == NULL)
		job->pipeline = pipeline_new(&job->conf, NULL, job->table, err);
	if (job->pipeline == NULL)
		return -1;
	for (; job->fed < job->seen.count; job->fed++)
		pipeline_backlog(job->pipeline, job->seen.list[job->fed],
				 strlen(job->seen.list[job->fed]), job->now);
	pipeline_backlog_moment(job->pipeline, job->now);
	return 0;
}

/* Would the daemon authorize this login, at the time of its line? */
static void
authorize(struct job *job, struct explanation *e)
{
	struct authtab_row row;
	struct err err;
	const char *why;

	e->until = (e->when < e->now ? e->when : e->now) + e->grace;
	e->verdict = VERDICT_GRANTED;
	if (feed_pipeline(job, &err) != 0) {
		if (addr_is_special(&e->match.addr))
			refuse(e, "not a client's address");
		else
			snprintf(e->why, sizeof(e->why),
				 "cannot check whether its network is "
				 "excluded: %s",
				 err.text);
		return;
	}
	why = pipeline_refuse(job->pipeline, &e->match.addr);
	if (why != NULL) {
		refuse(e, why);
	} else if (!authtab_get(job->table, &e->match.addr, &row)) {
		e->verdict = VERDICT_DOUBTFUL;
		snprintf(e->why, sizeof(e->why), "older than the grace");
	}
}

static void
decide(struct job *job, struct explanation *e)
{
	struct found found;
	struct err err;
	enum finding finding =
	    recognize(job->usual, e->text, e->len, job->now, &found, &err);

	e->match = found.match;
	switch (finding) {
	case FOUND_LOGIN:
		e->verdict = VERDICT_UNDATED;
		if (found.dated)
			authorize(job, e);
		return;
	case FOUND_LOGOUT:
		e->verdict = VERDICT_LOGOUT;
		return;
	case FOUND_PART:
		e->verdict = VERDICT_PART;
		return;
	case FOUND_DOUBTFUL:
	case FOUND_MULTILINE:
		e->verdict = VERDICT_DOUBTFUL;
		snprintf(e->why, sizeof(e->why), "%s", err.text);
		return;
	default:
		try_optional(job, e);
	}
}

static void
print_line(struct job *job, const struct explanation *e)
{
	(job->options->json ? explain_print_json : explain_print)(e);
	fflush(stdout);
	job->explained++;
}

static void
explain_content(struct job *job, const char *text, size_t len)
{
	struct explanation e = {.text = text,
				.len = len,
				.number = job->explained + 1,
				.now = job->now,
				.rules = job->set,
				.grace = job->conf.grace};
	char *copy;

	/* Cuts the line at a NUL; no rule matches one that has a NUL. */
	copy = alloc_bytes(text, len);
	strings_add(&job->seen, copy);
	free(copy);
	if (recognizer_read(job->all, text, len, &e.line) == 0) {
		e.dated = recognizer_time(job->usual, &e.line, job->now,
					  &e.when) == 0;
		matcher_explain(recognizer_matcher(job->all), &e.line, collect,
				&e);
		decide(job, &e);
	}
	job->granted |= e.verdict == VERDICT_GRANTED;
	print_line(job, &e);
	free(e.attempts);
}

static void
explain_empty(struct job *job, const char *text, size_t len, enum verdict why)
{
	struct explanation e = {.text = text,
				.len = len,
				.number = job->explained + 1,
				.verdict = why};

	print_line(job, &e);
}

static void
explain_line(void *arg, const char *text, size_t len)
{
	struct job *job = arg;

	enum envelope_content content;

	if (job->explained == LINES_MAX)
		return;
	content = envelope_open(job->envelope, &text, &len);
	if (envelope_has_line(content))
		explain_content(job, text, len);
	else
		explain_empty(job, text, len,
			      content == ENVELOPE_PART ? VERDICT_PARTIAL
						       : VERDICT_EMPTY);
}

static void
lose_line(void *arg, uint64_t size)
{
	struct job *job = arg;

	(void)size;
	envelope_lost(job->envelope);
}

/* ---- the run ---- */

static int
explain_input(struct job *job)
{
	struct envelope_export *export = envelope_export_new();
	struct linebuf *lines = linebuf_new();
	char buffer[4096];
	size_t n;
	int status = 0;

	linebuf_on_drop(lines, lose_line, job);
	while ((n = fread(buffer, 1, sizeof(buffer), stdin)) > 0)
		if (!envelope_export_feed(export, buffer, n, explain_line, job))
			linebuf_feed(lines, buffer, n, explain_line, job);
	if (linebuf_pending(lines) > 0)
		linebuf_feed(lines, "\n", 1, explain_line, job);
	linebuf_free(&lines);
	envelope_export_free(&export);
	if (ferror(stdin)) {
		verb_error(&verb_explain, "standard input: %s",
			   strerror(errno));
		return EX_NOINPUT;
	}
	if (job->explained == 0) {
		verb_error(&verb_explain, "no line to explain");
		status = EX_USAGE;
	}
	if (job->explained == LINES_MAX)
		verb_error(&verb_explain, "stopped after %d lines", LINES_MAX);
	return status;
}

static int
explain_all(struct job *job)
{
	const char *line = job->options->line;
	int status = 0;

	job->envelope = envelope_new();
	if (line != NULL)
		explain_line(job, line, strcspn(line, "\n"));
	else
		status = explain_input(job);
	envelope_free(&job->envelope);
	if (status == 0)
		status = job->granted ? GRANTS : NOTHING;
	return verb_finish(&verb_explain, status);
}

/* With --patterns only some of the enabled rules may exist. */
static void
keep_known(struct strings *enable, const struct ruleset *set)
{
	struct strings known = {0};

	for (size_t i = 0; i < enable->count; i++)
		for (size_t k = 0; k < set->count; k++)
			if (strcmp(enable->list[i], set->list[k].name) == 0)
				strings_add(&known, enable->list[i]);
	strings_clear(enable);
	*enable = known;
}

static int
load_patterns(struct job *job, struct err *err)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	struct conf *conf = &job->conf;
	struct rule_choice usual = {.logouts = true};

	job->set = ruleset_load((const char *const *)conf->patterns.list,
				conf->patterns.count, err);
	if (job->set == NULL)
		return -1;
	if (job->options->dirs.count > 0)
		keep_known(&conf->enable, job->set);
	usual.enabled = (const char *const *)conf->enable.list;
	usual.nenabled = conf->enable.count;
	job->usual = recognizer_new(job->set, &usual, err);
	if (job->usual != NULL)
		job->all = recognizer_new(job->set, &all, err);
	return job->all != NULL ? 0 : -1;
}

/* A session would only lengthen what the login itself is granted. */
static int
load(struct job *job, struct err *err)
{
	const struct strings *dirs = &job->options->dirs;
	struct conf *conf = &job->conf;

	if (settings_load(conf, job->options->config, err) != 0)
		return -1;
	conf->sessions = false;
	if (dirs->count > 0)
		strings_clear(&conf->patterns);
	for (size_t i = 0; i < dirs->count; i++)
		strings_add(&conf->patterns, dirs->list[i]);
	job->table = authtab_new(conf->grace, LINES_MAX, NULL, NULL);
	authtab_set_ipv6_prefix(job->table, conf->ipv6_prefix);
	return load_patterns(job, err);
}

static int
explain(const struct options *options)
{
	struct job job = {.options = options, .now = time(NULL)};
	struct err err;
	int status = EX_CONFIG;

	if (load(&job, &err) == 0)
		status = explain_all(&job);
	else
		verb_error(&verb_explain, "%s", err.text);
	strings_clear(&job.seen);
	pipeline_free(&job.pipeline);
	authtab_free(&job.table);
	recognizer_free(&job.all);
	recognizer_free(&job.usual);
	ruleset_free(&job.set);
	conf_clear(&job.conf);
	return status;
}

/* ---- the command line ---- */

static int
take_line(struct options *options, int argc, char **argv)
{
	if (optind < argc && strcmp(argv[optind], "-") != 0)
		options->line = argv[optind];
	if (optind + 1 >= argc) {
		if (options->line == NULL || access(options->line, F_OK) != 0)
			return 0;
		verb_error(&verb_explain,
			   "%s is a file, and not a line; its lines are "
			   "explained by: pbsctl explain <%s",
			   options->line, options->line);
		return EX_USAGE;
	}
	verb_error(&verb_explain,
		   "more than one line: quote it, or give the lines on "
		   "standard input");
	return EX_USAGE;
}

static int
parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
	    {"config", required_argument, NULL, 'c'},
	    {"patterns", required_argument, NULL, 'p'},
	    {"json", no_argument, NULL, 'j'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int c;

	while ((c = verb_option(&verb_explain, argc, argv, known)) != -1)
		if (c == '?')
			return EX_USAGE;
		else if (c == 'c')
			options->config = optarg;
		else if (c == 'p')
			strings_add(&options->dirs, optarg);
		else if (c == 'j')
			options->json = true;
		else
			options->help = true;
	return take_line(options, argc, argv);
}

static int
run_explain(int argc, char **argv)
{
	struct options options = {0};
	int status = parse(&options, argc, argv);

	if (status == 0 && options.help)
		fputs(help, stdout);
	else if (status == 0)
		status = explain(&options);
	strings_clear(&options.dirs);
	return status;
}

const struct verb verb_explain = {
    .name = "explain",
    .arguments = "[--json] [--config FILE] [--patterns DIR] [LINE]",
    .summary = "show step by step what becomes of a line",
    .run = run_explain,
};
