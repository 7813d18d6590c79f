/*
 * pbsctl report: what was in the logs of the last days.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/conf/conf.h"
#include "daemon/sys/atomic_file.h"
#include "tools/report/page.h"
#include "tools/report/reading.h"
#include "tools/report/report_json.h"
#include "tools/report/report_text.h"
#include "tools/report/summary.h"
#include "tools/settings.h"
#include "tools/verb.h"

static const char SINCE[] = "7d";

struct options {
	bool json, help;
	const char *config, *since, *until, *html;
	struct strings logs;
};

static const char help[] =
    "usage: pbsctl report [--since WHEN] [--until WHEN] [--json]\n"
    "                     [--html PAGE] [--logfile LOG] [--config FILE]\n"
    "\n"
    "Reads the logs of the last days, with their rotated files, and reports\n"
    "the logins by server and hour, the addresses that many users share,\n"
    "what was refused and why, and what other grace periods would have meant.\n"
    "Needs no running daemon, and changes nothing.\n"
    "\n"
    "  --since WHEN    7d unless given: a time such as 12h or 7d, or a date\n"
    "                  such as 2026-11-21 or '2026-11-21 08:30'\n"
    "  --until WHEN    the same, up to which to report; now unless given\n"
    "  --json          one object for programs\n"
    "  --html PAGE     write a page for a browser to this file; - is standard\n"
    "                  output\n"
    "  --logfile LOG   this log in place of those of the configuration, as\n"
    "                  for the daemon: FILE, journal: or - ; may be repeated\n"
    "  --config FILE   this configuration\n"
    "\n"
    "Exit: 0 the report is complete, 64 wrong usage, 66 a log cannot be read,\n"
    "73 the page cannot be written, 78 the configuration or the patterns have "
    "an error.\n";

/* ---- the report ---- */

static int
parse_period(struct period *period, const struct options *options)
{
	struct err err;

	period->now = time(NULL);
	period->until = period->now;
	if (period_parse(options->since ? options->since : SINCE, period->now,
			 &period->since, &err) != 0) {
		verb_error(&verb_report, "--since: %s", err.text);
		return EX_USAGE;
	}
	if (options->until != NULL &&
	    period_parse(options->until, period->now, &period->until, &err)) {
		verb_error(&verb_report, "--until: %s", err.text);
		return EX_USAGE;
	}
	if (period->since < period->until)
		return 0;
	verb_error(&verb_report,
		   "the period ends before it begins: --since "
		   "is not earlier than %s",
		   options->until ? "--until" : "now");
	return EX_USAGE;
}

static int
load(struct conf *conf, const struct options *options)
{
	struct err err;

	if (settings_load(conf, options->config, &err) != 0) {
		verb_error(&verb_report, "%s", err.text);
		return EX_CONFIG;
	}
	/* A session only holds an address longer than its login alone. */
	conf->sessions = false;
	if (options->logs.count == 0 && conf->logfiles.count == 0) {
		verb_error(&verb_report, "logfile: none: there is no log; name "
					 "a log with --logfile");
		return EX_CONFIG;
	}
	if (options->logs.count == 0)
		return 0;
	strings_clear(&conf->logfiles);
	for (size_t i = 0; i < options->logs.count; i++)
		strings_add(&conf->logfiles, options->logs.list[i]);
	return 0;
}

static void
print_problems(const struct strings *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		verb_error(&verb_report, "%s", problems->list[i]);
}

/* A page has the names of users: it is for its owner alone, unless there is one
 * already that others may read. Returns its permissions; -1: see err. */
static int
page_mode(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return S_IRUSR | S_IWUSR;
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is not a regular file", path);
	return st.st_mode & (S_IRWXU | S_IRWXG | S_IRWXO);
}

static int
save_page(const char *path, const struct summary *s, struct err *err)
{
	int mode = page_mode(path, err);
	struct atomic_file *file;

	if (mode < 0)
		return -1;
	file = atomic_file_create(path, err);
	if (file == NULL)
		return -1;
	page_print(atomic_file_stream(file), s);
	fchmod(fileno(atomic_file_stream(file)), (mode_t)mode);
	return atomic_file_commit(&file, err);
}

static int
write_page(const char *path, const struct summary *s)
{
	struct err err;

	if (strcmp(path, "-") == 0) {
		page_print(stdout, s);
		return 0;
	}
	if (save_page(path, s, &err) == 0)
		return 0;
	verb_error(&verb_report, "%s", err.text);
	return EX_CANTCREAT;
}

static int
write_report(const struct options *options, const struct summary *s)
{
	int status = 0;

	if (options->html != NULL)
		status = write_page(options->html, s);
	if (options->json)
		report_json_print(stdout, s);
	else if (options->html == NULL)
		report_text_print(stdout, s);
	return status;
}

/* A report without one of the logs is made, but is not complete. */
static int
report_on(struct summary *s, const struct conf *conf,
	  const struct options *options)
{
	struct err err;
	int status, result;

	result = reading_run(&s->material, conf, &s->period, &err);
	print_problems(&s->material.problems);
	if (result < 0) {
		verb_error(&verb_report, "%s", err.text);
		return EX_CONFIG;
	}
	if (result > 0)
		return EX_NOINPUT;
	summary_compute(s);
	status = write_report(options, s);
	if (status == 0 && s->material.unread)
		status = EX_NOINPUT;
	return verb_finish(&verb_report, status);
}

static int
report(const struct options *options)
{
	struct summary s = {0};
	struct conf conf;
	int status = parse_period(&s.period, options);

	if (status == 0)
		status = load(&conf, options);
	if (status != 0)
		return status;
	status = report_on(&s, &conf, options);
	summary_clear(&s);
	conf_clear(&conf);
	return status;
}

/* ---- the command line ---- */

static int
take_option(struct options *options, int c)
{
	switch (c) {
	case 's':
		options->since = optarg;
		return 0;
	case 'u':
		options->until = optarg;
		return 0;
	case 'l':
		strings_add(&options->logs, optarg);
		return 0;
	case 'c':
		options->config = optarg;
		return 0;
	case 'w':
		options->html = optarg;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case 'h':
		options->help = true;
		return 0;
	default:
		return EX_USAGE;
	}
}

static int
parse(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
	    {"since", required_argument, NULL, 's'},
	    {"until", required_argument, NULL, 'u'},
	    {"json", no_argument, NULL, 'j'},
	    {"html", required_argument, NULL, 'w'},
	    {"logfile", required_argument, NULL, 'l'},
	    {"config", required_argument, NULL, 'c'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int c;

	while ((c = verb_option(&verb_report, argc, argv, known)) != -1)
		if (take_option(options, c) != 0)
			return EX_USAGE;
	if (options->json && options->html != NULL &&
	    strcmp(options->html, "-") == 0) {
		verb_error(&verb_report,
			   "--html - and --json cannot both be written to "
			   "standard output");
		return EX_USAGE;
	}
	if (optind == argc)
		return 0;
	verb_error(&verb_report,
		   "one word too many: '%s'; name a log as --logfile=%s",
		   argv[optind], argv[optind]);
	return EX_USAGE;
}

static int
run(int argc, char **argv)
{
	struct options options = {0};
	int status = parse(&options, argc, argv);

	if (status == 0 && options.help)
		fputs(help, stdout);
	else if (status == 0)
		status = report(&options);
	strings_clear(&options.logs);
	return status;
}

const struct verb verb_report = {
    "report", "[--since WHEN] [--json] [--html PAGE]",
    "report the logins of the last days from the logs", run};
