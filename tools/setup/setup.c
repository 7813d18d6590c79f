/*
 * pbsctl setup: sees what this machine has, prints what it would set for a
 * client that has logged in to relay, and with --write does it.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/remedies.h"
#include "tools/settings.h"
#include "tools/setup/plan.h"
#include "tools/shellword.h"
#include "tools/verb.h"

enum { FOUND = 1 };

struct options {
	bool write, help;
	const char *config;
	const char *postfix; /* the directory of main.cf */
};

static const char help[] =
    "usage: pbsctl setup [--write] [OPTION...]\n"
    "\n"
    "Looks for POP and IMAP servers, their log and the types of map that this\n"
    "Postfix reads, and prints the settings that are missing, and why these.\n"
    "Changes nothing unless you give --write.\n"
    "\n"
    "  --write        write the settings, create the user, start the daemon,\n"
    "                 edit main.cf, and run pbsctl doctor\n"
    "  --config FILE  the daemon's configuration\n"
    "  --postfix DIR  the directory of main.cf, if not the usual one\n"
    "\n"
    "What is changed is copied first, beside the original. If a step fails, "
    "it\n"
    "prints what was done, what was not, and how to undo it.\n"
    "\n"
    "Exit: 0 done, or nothing to do; 1 the doctor finds something, other than\n"
    "that Postfix or a server was not started yet; 64 wrong usage; 70 a step\n"
    "failed; 77 not root; 78 the settings cannot be edited safely, and nothing\n"
    "was changed.\n";

/* Before Postfix and the servers are first started, there is neither a Postfix
 * that runs nor a log. */
static int
examine(const struct plan *plan, const struct options *options)
{
	enum fault expected[3];
	size_t n = 0;

	if (!plan->postfix_runs)
		expected[n++] = FAULT_POSTFIX_STOPPED;
	if (plan->waits_for_log)
		expected[n++] = FAULT_LOG_MISSING;
	expected[n] = FAULT_COUNT;
	puts("pbsctl doctor:");
	switch (doctor_run(options->config, expected)) {
	case DOCTOR_FOUND:
		return FOUND;
	case DOCTOR_EXPECTED:
		puts("This is no fault before Postfix and the servers are "
		     "started.");
		break;
	case DOCTOR_HEALTHY:
		break;
	}
	return EX_OK;
}

/* " --config FILE --postfix DIR", as they were given. */
static void
print_options(const struct options *options)
{
	const char *const given[][2] = {{"config", options->config},
					{"postfix", options->postfix}};

	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		char *word = given[i][1] != NULL ? shellword(given[i][1])
						 : NULL;

		if (word != NULL)
			printf(" --%s %s", given[i][0], word);
		free(word);
	}
}

static int
refuse(const struct plan *plan, const struct err *err)
{
	if (*err->text != '\0')
		verb_error(&verb_setup, "%s", err->text);
	for (size_t i = 0; i < plan->reasons.count; i++)
		verb_error(&verb_setup, "cannot edit main.cf safely: %s",
			   plan->reasons.list[i]);
	verb_error(&verb_setup, "nothing was changed");
	return EX_CONFIG;
}

static int
write_all(const struct plan *plan, const struct options *options)
{
	puts(plan->steps.count > 0 ? "doing:" : "nothing to change");
	if (steps_run(&plan->steps, &verb_setup) != 0)
		return EX_SOFTWARE;
	if (plan->settings.count > 0)
		printf("the old main.cf is %s\n", plan->main_cf_backup);
	return examine(plan, options);
}

static int
show_all(const struct plan *plan, const struct options *options)
{
	if (plan->steps.count == 0) {
		puts("nothing to change");
		return EX_OK;
	}
	puts("steps:");
	steps_print(&plan->steps);
	fputs("  pbsctl doctor", stdout);
	print_options(options);
	fputs("\nNothing was changed. To do this, as root: pbsctl setup --write",
	      stdout);
	print_options(options);
	putchar('\n');
	return EX_OK;
}

static int
setup(const struct options *options)
{
	char *directory;
	struct plan plan;
	struct err err;
	int status;

	if (options->write && geteuid() != 0) {
		verb_error(&verb_setup, "--write needs root");
		return EX_NOPERM;
	}
	/* A copy: the trial of the changes sets another one for a while. */
	directory = getenv("MAIL_CONFIG");
	directory = directory != NULL ? alloc_string(directory) : NULL;
	status = plan_make(&plan, options->config, directory, time(NULL), &err);
	plan_print(&plan);
	if (status != 0)
		status = refuse(&plan, &err);
	else
		status = options->write ? write_all(&plan, options)
					: show_all(&plan, options);
	plan_clear(&plan);
	free(directory);
	return verb_finish(&verb_setup, status);
}

static int
take_option(struct options *options, int c)
{
	switch (c) {
	case 'w':
		options->write = true;
		return 0;
	case 'c':
		options->config = optarg;
		return 0;
	case 'p':
		options->postfix = optarg;
		return settings_use_postfix(optarg) == 0 ? 0 : EX_OSERR;
	case 'h':
		options->help = true;
		return 0;
	default:
		return EX_USAGE;
	}
}

static int
run(int argc, char **argv)
{
	static const struct option known[] = {
	    {"write", no_argument, NULL, 'w'},
	    {"config", required_argument, NULL, 'c'},
	    {"postfix", required_argument, NULL, 'p'},
	    {"help", no_argument, NULL, 'h'},
	    {0}};
	struct options options = {0};
	int c;

	while ((c = verb_option(&verb_setup, argc, argv, known)) != -1)
		if (take_option(&options, c) != 0)
			return EX_USAGE;
	if (optind < argc) {
		verb_error(&verb_setup, "one word too many: '%s'",
			   argv[optind]);
		return EX_USAGE;
	}
	if (!options.help)
		return setup(&options);
	fputs(help, stdout);
	return verb_finish(&verb_setup, EX_OK);
}

const struct verb verb_setup = {
    "setup", "[--write] [--config FILE] [--postfix DIR]",
    "show the settings that are missing on this machine, or write them", run};
