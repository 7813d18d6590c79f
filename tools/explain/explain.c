/*
 * pbsctl explain: what becomes of this line, and why?
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/linebuf.h"
#include "base/suggest.h"
#include "patterns/match/recognizer.h"
#include "patterns/match/rules.h"
#include "tools/ask.h"
#include "tools/explain/explain_print.h"
#include "tools/settings.h"
#include "tools/verb.h"

enum { GRANTS = 0, NOTHING = 1, GRACE_DEFAULT = 1800 };
enum { LINES_MAX = 1000 }; /* of standard input: each asks the daemon */

struct options {
	bool json, help;
	const char *config, *line;
	struct strings dirs;
};

struct job {
	const struct options *options;
	struct settings settings;
	bool alone; /* there is no daemon to ask */
	struct ruleset *set;
	struct recognizer *usual; /* with the rules that count */
	struct recognizer *all;	  /* with the optional ones, too */
	struct strings seen;	  /* lines, for a login in two */
	time_t now;
	bool granted;
};

static const char help[] =
    "usage: pbsctl explain [--json] [--config FILE] [--patterns DIR] [LINE]\n"
    "\n"
    "Tells step by step what becomes of a line of the log: its header, the\n"
    "rules that were tried and how far each fitted, the address, and whether\n"
    "it would be authorized. Without LINE the lines of standard input, in\n"
    "their order. Changes nothing, and needs no running daemon.\n"
    "\n"
    "  --json          objects for programs, one for each line\n"
    "  --config FILE   this configuration\n"
    "  --patterns DIR  the *.yaml of this directory, or this file; may be\n"
    "                  repeated\n"
    "\n"
    "Exit: 0 it would authorize, 1 it would not, above that an error.\n";

/* ---- what do the rules say? ---- */

static void
collect(void *arg, const struct attempt *attempt)
{
	struct explanation *e = arg;

	e->attempts =
	    alloc_resize(e->attempts, e->nattempts + 1, sizeof(*e->attempts));
	e->attempts[e->nattempts++] = *attempt;
}

/* A program without rules: is it one that is spelled otherwise? */
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
	/* The name must outlive the list: take the rule's own. */
	for (i = 0; near != NULL && i < job->set->count; i++)
		for (p = job->set->list[i].programs; *p != NULL; p++)
			if (e->near == NULL && strcmp(*p, near) == 0)
				e->near = *p;
	strings_clear(&names);
	free(program);
}

/* What the daemon does not take; would an optional rule, if it counted? */
static void
judge_rest(const struct job *job, struct explanation *e)
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
judge(const struct job *job, struct explanation *e)
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
			ask_login(job->alone ? NULL : &job->settings,
				  &job->seen, e);
		return;
	case FOUND_LOGOUT:
		e->verdict = VERDICT_LOGOUT;
		return;
	case FOUND_PART:
		e->verdict = VERDICT_PART;
		return;
	case FOUND_DOUBTFUL:
		e->verdict = VERDICT_DOUBTFUL;
		snprintf(e->why, sizeof(e->why), "%s", err.text);
		return;
	default:
		judge_rest(job, e);
	}
}

static void
explain_line(void *arg, const char *text, size_t len)
{
	struct job *job = arg;
	struct explanation e = {.text = text,
				.len = len,
				.number = job->seen.count + 1,
				.now = job->now,
				.rules = job->set,
				.grace = job->settings.grace};
	char *copy;

	if (job->seen.count == LINES_MAX)
		return;
	/* With its NULs the daemon would get half a line, and no rule takes
	 * such a one anyway. */
	copy = alloc_bytes(text, len);
	strings_add(&job->seen, copy);
	free(copy);
	if (logline_parse(&e.line, text, len) == 0) {
		e.dated = recognizer_time(job->usual, &e.line, job->now,
					  &e.when) == 0;
		matcher_explain(recognizer_matcher(job->all), &e.line, collect,
				&e);
		judge(job, &e);
	}
	job->granted |= e.verdict == VERDICT_GRANTED;
	(job->options->json ? explain_print_json : explain_print)(&e);
	fflush(stdout);
	free(e.attempts);
}

/* ---- the run ---- */

static int
explain_input(struct job *job)
{
	struct linebuf *lines = linebuf_new();
	char buffer[4096];
	size_t n;
	int status = 0;

	while ((n = fread(buffer, 1, sizeof(buffer), stdin)) > 0)
		linebuf_feed(lines, buffer, n, explain_line, job);
	if (linebuf_pending(lines) > 0)
		linebuf_feed(lines, "\n", 1, explain_line, job);
	linebuf_free(&lines);
	if (ferror(stdin)) {
		verb_complain(&verb_explain, "standard input: %s",
			      strerror(errno));
		return EX_NOINPUT;
	}
	if (job->seen.count == 0) {
		verb_complain(&verb_explain, "no line to explain");
		status = EX_USAGE;
	}
	if (job->seen.count == LINES_MAX)
		verb_complain(&verb_explain, "stopped after %d lines",
			      LINES_MAX);
	return status;
}

static int
explain_all(struct job *job)
{
	const char *line = job->options->line;
	int status = 0;

	if (line != NULL)
		explain_line(job, line, strcspn(line, "\n"));
	else
		status = explain_input(job);
	if (fflush(stdout) == EOF || ferror(stdout)) {
		verb_complain(&verb_explain, "standard output: %s",
			      strerror(errno));
		return EX_IOERR;
	}
	if (status != 0)
		return status;
	return job->granted ? GRANTS : NOTHING;
}

/* With --patterns: of the optional rules those that are there. */
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
load_rules(struct job *job, struct err *err)
{
	static const struct rule_choice all = {.all = true, .logouts = true};
	struct settings *s = &job->settings;
	struct rule_choice usual = {.logouts = true};

	job->set = ruleset_load((const char *const *)s->patterns.list,
				s->patterns.count, err);
	if (job->set == NULL)
		return -1;
	if (job->options->dirs.count > 0)
		keep_known(&s->enable, job->set);
	usual.enabled = (const char *const *)s->enable.list;
	usual.nenabled = s->enable.count;
	job->usual = recognizer_new(job->set, &usual, err);
	if (job->usual != NULL)
		job->all = recognizer_new(job->set, &all, err);
	return job->all != NULL ? 0 : -1;
}

static int
load(struct job *job, struct err *err)
{
	const struct strings *dirs = &job->options->dirs;
	struct settings *s = &job->settings;
	int r = settings_load(job->options->config, s, err);

	if (r < 0)
		return -1;
	if (r > 0) {
		job->alone = true;
		s->grace = GRACE_DEFAULT;
		settings_defaults(&s->patterns);
	}
	if (dirs->count > 0) {
		strings_clear(&s->patterns);
		for (size_t i = 0; i < dirs->count; i++)
			strings_add(&s->patterns, dirs->list[i]);
	}
	return load_rules(job, err);
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
		verb_complain(&verb_explain, "%s", err.text);
	strings_clear(&job.seen);
	recognizer_free(&job.all);
	recognizer_free(&job.usual);
	ruleset_free(&job.set);
	settings_clear(&job.settings);
	return status;
}

/* ---- the command line ---- */

/* "--name value" or "--name=value": 0, or EX_USAGE. */
static int
take_option(struct options *options, char ***argv)
{
	static const char *const known[] = {"--config", "--patterns", "--json",
					    "--help", NULL};
	const char *word = *(*argv)++, *value;
	size_t i, len = strcspn(word, "=");

	options->json |= strcmp(word, "--json") == 0;
	options->help |= strcmp(word, "--help") == 0;
	for (i = 0; known[i] != NULL; i++)
		if (strncmp(word, known[i], len) == 0 && known[i][len] == '\0')
			break;
	if (known[i] == NULL || (i >= 2 && word[len] == '='))
		return verb_unknown(&verb_explain, "option", word, known);
	if (i >= 2)
		return 0;
	value = word[len] == '=' ? word + len + 1 : **argv ? *(*argv)++ : NULL;
	if (value == NULL || *value == '\0') {
		verb_complain(&verb_explain, "%s needs a value", known[i]);
		return EX_USAGE;
	}
	if (i == 0)
		options->config = value;
	else
		strings_add(&options->dirs, value);
	return 0;
}

static int
take_line(struct options *options, const char *line)
{
	if (options->line != NULL) {
		verb_complain(&verb_explain,
			      "more than one line: quote it, or give the lines "
			      "on standard input");
		return EX_USAGE;
	}
	if (strcmp(line, "-") != 0)
		options->line = line;
	return 0;
}

static int
parse(struct options *options, char **argv)
{
	bool ended = false;
	int status = 0;

	while (*argv != NULL && status == 0)
		if (!ended && strcmp(*argv, "--") == 0) {
			ended = true;
			argv++;
		} else if (!ended && (*argv)[0] == '-' && (*argv)[1] != '\0') {
			status = take_option(options, &argv);
		} else {
			status = take_line(options, *argv++);
		}
	return status;
}

static int
run_explain(int argc, char **argv)
{
	struct options options = {0};
	int status = parse(&options, argv + 1);

	(void)argc;
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
    .summary = "tell step by step what becomes of a line",
    .run = run_explain,
};
