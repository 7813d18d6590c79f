/*
 * pbsctl recipients: a list of addresses as the tables of relay_recipient_maps.
 */
#include <stdio.h>

#include "tools/recipients/run.h"
#include "tools/recipients/settings.h"
#include "tools/recipients/summary.h"
#include "tools/recipients/watch.h"
#include "tools/verb.h"

static const char help[] =
    "usage: pbsctl recipients [OPTION...] FILE|-\n"
    "\n"
    "Makes the tables of Postfix's relay_recipient_maps from a list of\n"
    "addresses, one on a line. Without --map it prints them.\n"
    "\n"
    "  --map TYPE:NAME      write this map, such as hash:/etc/postfix/recipients,\n"
    "                       and the rules for plus addressing to NAME.plus\n"
    "  --plus TYPE:NAME     write the rules to this file; none: make no rules\n"
    "  --only plain|plus    make only the map, or only the rules\n"
    "  --diff               write nothing, print what would change\n"
    "  --json               one object for programs\n"
    "  --max-invalid N      accept so many invalid lines, instead of none\n"
    "  --max-shrink PERCENT accept that so many of the addresses go (30)\n"
    "  --unterminated       accept a last line without newline\n"
    "  --force              accept any list that can be read\n"
    "  --reload             reload Postfix if the rules have changed\n"
    "  --watch              go on running, and read the list again whenever it\n"
    "                       was written\n"
    "  --settle TIME        with --watch: how long the list must not have\n"
    "                       changed before it is read (2s)\n"
    "\n"
    "Exit: 0 all is well, 1 the list was refused, has invalid lines, or with\n"
    "--diff differs; 64 wrong usage; above that an error.\n";

static int
run_once(const struct recipients_settings *settings)
{
	struct run run;
	int status;

	run_make(&run, settings);
	fputs(run.report, stderr);
	summary_print(&run);
	status = run.status;
	run_clear(&run);
	return status;
}

static int
run_recipients(int argc, char **argv)
{
	struct recipients_settings settings;
	int status =
	    recipients_settings_read(&settings, &verb_recipients, argc, argv);

	if (status != 0)
		return status;
	if (settings.help)
		fputs(help, stdout);
	else
		status = settings.watch ? watch_list(&settings)
					: run_once(&settings);
	recipients_settings_clear(&settings);
	return verb_finish(&verb_recipients, status);
}

const struct verb verb_recipients = {
    .name = "recipients",
    .arguments = "[--map TYPE:NAME] [OPTION...] FILE|-",
    .summary = "a list of addresses, as tables of relay_recipient_maps",
    .run = run_recipients,
};
