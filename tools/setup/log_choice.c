#include "tools/setup/log_choice.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "daemon/conf/conf.h"
#include "daemon/sys/subprocess.h"
#include "tools/doctor/journal.h"
#include "tools/doctor/survey.h"
#include "tools/setup/servers.h"

enum {
	DOVECONF_MS = 10 * 1000,
	LEAD = 3600, /* seconds: a log whose last line is so much older is unused */
};

#ifdef WITHOUT_JOURNAL
static const bool reads_journal = false;
#else
static const bool reads_journal = true;
#endif

/* The file that Dovecot logs logins to, to be freed; NULL: syslog, or there is
 * no Dovecot. */
static char *
dovecot_log(void)
{
	static const char *const argv[] = {"doveconf", "-h", "info_log_path",
					   "log_path", NULL};
	struct err err;
	char *output = NULL, *at, *line, *file = NULL;

	if (subprocess_run(argv, DOVECONF_MS, &output, &err) == 0)
		for (line = strtok_r(output, "\n", &at);
		     line != NULL && file == NULL;
		     line = strtok_r(NULL, "\n", &at))
			if (*line == '/' && strncmp(line, "/dev/", 5) != 0)
				file = alloc_string(line);
	free(output);
	return file;
}

/* "journal:_SYSTEMD_UNIT=dovecot.service", to be freed. */
static char *
units_of(const struct servers *servers)
{
	char *spec = alloc_string("journal:");

	for (size_t i = 0; i < servers->units.count; i++) {
		char *more = alloc_format("%s%s_SYSTEMD_UNIT=%s", spec,
					  i > 0 ? " " : "",
					  servers->units.list[i]);

		free(spec);
		spec = more;
	}
	return spec;
}

/* The journal, if possible only what the servers' own units have written. */
static void
choose_journal(struct log_choice *choice, const struct survey *whole,
	       const struct servers *servers, struct surveyor *surveyor,
	       time_t now)
{
	struct survey survey = {0};
	char *spec = units_of(servers);

	if (servers->known &&
	    journal_survey(&survey, surveyor, spec, now) && survey.lines > 0 &&
	    survey.logins >= whole->logins) {
		choice->logfile = spec;
		choice->why = alloc_string(
		    "the servers log to the journal; only what their own "
		    "units have written counts, so that no other program can "
		    "forge a login");
	} else {
		choice->logfile = alloc_string("journal:");
		choice->why = alloc_string(
		    "the mail log is in the journal, and in no file");
		free(spec);
	}
	survey_clear(&survey);
}

/* Whether the journal rather than this file has the logins. */
static bool
is_behind(const struct survey *file, const struct survey *journal)
{
	if ((file->logins > 0) != (journal->logins > 0))
		return journal->logins > 0;
	return journal->lines > 0 && journal->dated &&
	       (!file->dated || file->last + LEAD < journal->last);
}

static void
choose_file(struct log_choice *choice, const char *file,
	    const struct survey *survey)
{
	choice->logfile = alloc_string(file);
	if (survey->logins > 0)
		choice->why = alloc_format("%u of its last %u lines are logins",
					   survey->logins, survey->lines);
	else
		choice->why = alloc_string("it is the mail log of this machine");
}

/* The log that the daemon would follow by itself, or the journal. */
static void
choose_usual(struct log_choice *choice, const char *usual,
	     const struct servers *servers, struct surveyor *surveyor,
	     time_t now)
{
	struct survey file = {0}, journal = {0};
	bool has_file = *usual == '/' && access(usual, F_OK) == 0;
	bool has_journal =
	    journal_survey(&journal, surveyor, "journal:SYSLOG_FACILITY=2",
			   now);

	if (has_file)
		survey_file(&file, surveyor, usual, now);
	if (!has_file && journal.lines > 0 && !reads_journal)
		choice->why = alloc_string(
		    "the mail log is in the journal, which this build cannot "
		    "read: install libsystemd-dev, and build it again");
	else if (*usual == 'j' || (reads_journal && has_journal && has_file &&
				   is_behind(&file, &journal)))
		choose_journal(choice, &journal, servers, surveyor, now);
	else if (has_file)
		choose_file(choice, usual, &file);
	else
		choice->why = alloc_string(
		    "there is no mail log yet, neither a file nor the "
		    "journal; the daemon waits for the usual files");
	survey_clear(&file);
	survey_clear(&journal);
}

void
log_choose(struct log_choice *choice, const struct conf *conf,
	   const struct servers *servers, struct surveyor *surveyor,
	   time_t now)
{
	*choice = (struct log_choice){.logfile = dovecot_log()};
	if (choice->logfile != NULL)
		choice->why = alloc_string("doveconf: Dovecot logs there");
	else
		choose_usual(choice, conf->logfiles.list[0], servers, surveyor,
			     now);
}

bool
log_is_dovecots(const struct conf *conf)
{
	char *file = dovecot_log();
	bool is = file != NULL && conf->logfiles.count == 1 &&
		  strcmp(conf->logfiles.list[0], file) == 0;

	free(file);
	return is;
}

void
log_choice_clear(struct log_choice *choice)
{
	free(choice->logfile);
	free(choice->why);
}
