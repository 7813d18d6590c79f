/*
 * pbsctl doctor: looks at the machine as it is and reports what would keep a
 * client that has logged in from relaying, or let others relay.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "daemon/conf/conf_socket.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/running.h"
#include "tools/doctor/survey.h"
#include "tools/settings.h"
#include "tools/verb.h"

enum { HEALTHY = 0, FOUND = 1 };

/* Whom the unit and the init script run the daemon as. */
static const char usual_user[] = "pop-before-smtp";

struct options {
	bool json, quiet, help;
	const char *config;
	struct strings dbfiles;
};

static const char help[] =
    "usage: pbsctl doctor [--json] [--quiet] [OPTION...]\n"
    "\n"
    "Looks at Postfix's settings, the log or the journal, the daemon and the\n"
    "machine, and prints for each thing that is wrong how it shows and what\n"
    "puts it right. Changes nothing. Without root it prints what it could not\n"
    "see.\n"
    "\n"
    "  --json         objects for programs, one per line: id, what, how,\n"
    "                 remedy; or unseen\n"
    "  --quiet        print nothing\n"
    "  --config FILE  the daemon's configuration\n"
    "  --dbfile MAP   as the daemon's flag; may be repeated\n"
    "  --postfix DIR  the directory of main.cf, if not the usual one\n"
    "\n"
    "Exit: 0 nothing is wrong, 1 something is, 64 wrong usage.\n";

static void
find_user(struct examination *x)
{
	if ((x->conf.user == NULL || !identity_of(&x->daemon, x->conf.user)) &&
	    !identity_of(&x->daemon, usual_user))
		identity_of_caller(&x->daemon);
}

static void
examine_all(struct examination *x)
{
	struct err err;

	x->socket = conf_socket(&x->conf);
	find_user(x);
	find_running(x);
	x->report.remedies.hung = x->silence != NULL;
	remedies_find(&x->report.remedies, &x->conf, x->pid,
		      x->conf.user == NULL && x->daemon.uid != geteuid()
			  ? x->daemon.name
			  : NULL,
		      x->report.settings);
	x->surveyor = surveyor_new(&x->conf, &err);
	if (x->surveyor == NULL)
		REPORT(&x->report, FAULT_SETTINGS, err.text);
	examine_running(x);
	examine_postfix(x);
	examine_logs(x);
	examine_places(x);
	examine_daemon(x);
	examine_machine(x);
	surveyor_free(&x->surveyor);
	strings_clear(&x->foreign);
	free(x->foreign_log);
	free(x->socket);
	free(x->silence);
}

static void
print_all(struct report *report, const struct options *options)
{
	if (geteuid() != 0)
		report_unseen(report, "all that only root may see; run this "
				      "with sudo");
	if (options->json && !options->quiet)
		report_print_json(report);
	else if (!options->quiet)
		report_print(report);
}

static enum doctor_result
judge(const struct report *report, const enum fault *expected)
{
	for (size_t i = 0; i < report->count; i++) {
		const enum fault *at = expected;

		while (*at != FAULT_COUNT && *at != report->list[i].fault)
			at++;
		if (*at == FAULT_COUNT)
			return DOCTOR_FOUND;
	}
	return report->count > 0 ? DOCTOR_EXPECTED : DOCTOR_HEALTHY;
}

static enum doctor_result
doctor(const struct options *options, const enum fault *expected)
{
	struct examination x = {.now = time(NULL)};
	enum doctor_result result;
	struct err err;

	x.report.settings =
	    options->config != NULL ? options->config : SETTINGS_FILE;
	remedies_instance(&x.report.remedies, getenv("MAIL_CONFIG"));
	remedies_begin(&x.report.remedies, x.report.settings,
		       options->config == NULL, &options->dbfiles);
	if (settings_load_maps(&x.conf, options->config, &options->dbfiles,
			       &err) != 0) {
		REPORT(&x.report, FAULT_SETTINGS, err.text);
	} else {
		examine_all(&x);
		conf_clear(&x.conf);
	}
	print_all(&x.report, options);
	result = judge(&x.report, expected);
	report_clear(&x.report);
	return result;
}

enum doctor_result
doctor_run(const char *config, const enum fault *expected)
{
	const struct options options = {.config = config};

	return doctor(&options, expected);
}

static int
take_option(struct options *options, int c)
{
	switch (c) {
	case 'j':
		options->json = true;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case 'c':
		options->config = optarg;
		return 0;
	case 'd':
		strings_add(&options->dbfiles, optarg);
		return 0;
	case 'p':
		return settings_use_postfix(optarg) == 0 ? 0 : EX_OSERR;
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
	    {"json", no_argument, NULL, 'j'},
	    {"quiet", no_argument, NULL, 'q'},
	    {"config", required_argument, NULL, 'c'},
	    {"dbfile", required_argument, NULL, 'd'},
	    {"postfix", required_argument, NULL, 'p'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	int c;

	while ((c = verb_option(&verb_doctor, argc, argv, known)) != -1)
		if (take_option(options, c) != 0)
			return EX_USAGE;
	if (optind == argc)
		return 0;
	verb_error(&verb_doctor, "one word too many: '%s'", argv[optind]);
	return EX_USAGE;
}

static int
run(int argc, char **argv)
{
	const enum fault none = FAULT_COUNT;
	struct options options = {0};
	int status = parse(&options, argc, argv);

	if (status == 0 && options.help)
		fputs(help, stdout);
	else if (status == 0)
		status = verb_finish(&verb_doctor,
				     doctor(&options, &none) == DOCTOR_HEALTHY
					 ? HEALTHY
					 : FOUND);
	strings_clear(&options.dbfiles);
	return status;
}

const struct verb verb_doctor = {
    "doctor", "[--json] [--quiet] [--postfix DIR]",
    "report what is wrong on this machine, and what puts it right", run};
