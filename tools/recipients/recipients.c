/*
 * pbsctl recipients: a list of addresses as the tables of relay_recipient_maps.
 */
#include <stdio.h>

#include "tools/recipients/run.h"
#include "tools/recipients/settings.h"
#include "tools/recipients/summary.h"
#include "tools/recipients/watch.h"
#include "tools/verb.h"

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
	status = settings.watch ? watch_list(&settings) : run_once(&settings);
	recipients_settings_clear(&settings);
	return verb_finish(&verb_recipients, status);
}

const struct verb verb_recipients = {
    .name = "recipients",
    .arguments = "[--map TYPE:NAME] [OPTION...] FILE|-",
    .summary = "a list of addresses, as tables of relay_recipient_maps",
    .run = run_recipients,
};
