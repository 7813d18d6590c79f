/*
 * Findings on the journal.
 */
#include "tools/doctor/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/suggest.h"
#include "daemon/sys/helper.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/survey.h"

enum { JOURNALCTL_MS = 1000, WORDS_MAX = 24 };

static const char *const places[] = {"/var/log/journal", "/run/log/journal"};

/* The words of "journal:/directory FIELD=VALUE ...". */
struct selection {
	char *text;
	const char *directory; /* NULL: the system's */
	const char *matches[WORDS_MAX];
	size_t nmatches;
};

static void
read_selection(struct selection *s, const char *spec)
{
	char *at, *word;

	*s = (struct selection){.text = alloc_string(spec + 8)};
	for (word = strtok_r(s->text, " ", &at); word != NULL;
	     word = strtok_r(NULL, " ", &at))
		if (*word == '/')
			s->directory = word;
		else if (s->nmatches < WORDS_MAX)
			s->matches[s->nmatches++] = word;
}

/* Runs journalctl with options and then the selection; its output, to be freed,
 * or NULL. */
static char *
ask(const struct selection *s, const char *const *options)
{
	const char *argv[2 * WORDS_MAX + 8] = {"journalctl", "-q",
					       "--no-pager"};
	size_t n = 3;
	struct err err;
	char *output = NULL;

	for (; *options != NULL; options++)
		argv[n++] = *options;
	if (s->directory != NULL) {
		argv[n++] = "-D";
		argv[n++] = s->directory;
	}
	for (size_t i = 0; i < s->nmatches; i++)
		argv[n++] = s->matches[i];
	if (helper_run(NULL, argv, JOURNALCTL_MS, &output, &err) == 0)
		return output;
	free(output);
	return NULL;
}

static bool
take_survey(struct survey *survey, struct surveyor *surveyor,
	    const struct selection *s, time_t now)
{
	static const char *const options[] = {"-n", "2000", "-o", "short-iso",
					      NULL};
	char *text = ask(s, options);

	if (text == NULL)
		return false;
	survey_take(survey, surveyor, text, strlen(text), now);
	free(text);
	return true;
}

bool
journal_survey(struct survey *survey, struct surveyor *surveyor,
	       const char *spec, time_t now)
{
	struct selection s;
	bool done;

	read_selection(&s, spec);
	done = take_survey(survey, surveyor, &s, now);
	free(s.text);
	return done;
}

/* ---- findings ---- */

/* The values that entries have of the field in "FIELD=VALUE". */
static char *
values_of(const struct selection *s, const char *match)
{
	struct selection whole = {.directory = s->directory};
	char *field = alloc_bytes(match, strcspn(match, "="));
	const char *options[] = {"-F", field, NULL};
	char *values = ask(&whole, options);

	free(field);
	return values;
}

/* Values that may be meant: the nearest, or those of mail servers. */
static char *
nearest(char *values, const char *wanted)
{
	struct strings list = {0};
	const char *near;
	char *at, *line, *found = NULL;

	for (line = strtok_r(values, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at))
		strings_add(&list, line);
	list.list = alloc_resize(list.list, list.count + 1, sizeof(char *));
	list.list[list.count] = NULL;
	near = suggest(wanted, (const char *const *)list.list);
	for (size_t i = 0; i < list.count && near == NULL; i++)
		if (strstr(list.list[i], "dovecot") != NULL ||
		    strstr(list.list[i], "imap") != NULL ||
		    strstr(list.list[i], "pop3") != NULL)
			near = list.list[i];
	if (near != NULL)
		found = alloc_string(near);
	strings_clear(&list);
	return found;
}

/* Each match alone must have an entry. */
static bool
take_match(struct examination *x, const struct selection *s,
	   const char *match, const char *spec)
{
	static const char *const options[] = {"-n", "1", "-o", "cat", NULL};
	struct selection one = {.directory = s->directory,
				.matches = {match},
				.nmatches = 1};
	char *text, *values, *near = NULL, *right, *exists, *item, *remedy;

	if (strchr(match, '=') == NULL)
		return false;
	text = ask(&one, options);
	if (text == NULL || *text != '\0') {
		free(text);
		return false;
	}
	free(text);
	values = values_of(s, match);
	if (values != NULL)
		near = nearest(values, strchr(match, '=') + 1);
	right = near == NULL
		    ? alloc_string("")
		    : alloc_format("%.*s=%s", (int)strcspn(match, "="), match,
				   near);
	exists = near == NULL ? alloc_string("")
			      : alloc_format("; there is %s", right);
	item = alloc_format("\"journal:%s\"", right);
	remedy = remedies_setting(&x->report.remedies, "logfile", item,
				  x->conf.logfiles.count, spec);
	REPORT(&x->report, FAULT_JOURNAL_MATCH, match, exists, remedy);
	free(remedy);
	free(item);
	free(exists);
	free(right);
	free(near);
	free(values);
	return true;
}

static bool
take_missing(struct examination *x, const struct selection *s)
{
	if (s->directory != NULL && access(s->directory, F_OK) != 0) {
		REPORT(&x->report, FAULT_JOURNAL_MISSING, s->directory);
		return true;
	}
	if (s->directory != NULL || access(places[0], F_OK) == 0 ||
	    access(places[1], F_OK) == 0)
		return false;
	REPORT(&x->report, FAULT_JOURNAL_MISSING, places[1]);
	return true;
}

static void
examine_entries(struct examination *x, const struct selection *s,
		const char *spec)
{
	struct survey survey = {0};
	if (x->surveyor == NULL)
		return;
	if (!take_survey(&survey, x->surveyor, s, x->now)) {
		report_unseen(&x->report, "the entries of the journal");
		return;
	}
	if (survey.logins > 0)
		x->logins = true;
	else if (survey.optional > 0)
		report_optional(x, spec, &survey);
	else if (survey.unfit != NULL)
		REPORT(&x->report, FAULT_LOG_NO_RULE, spec, survey.program,
		       survey.unfit, survey.unfit);
	survey_clear(&survey);
}

void
examine_journal(struct examination *x, const char *spec)
{
	struct selection s;
	bool found;

	read_selection(&s, spec);
	found = take_missing(x, &s);
	for (size_t i = 0; i < s.nmatches && !found; i++)
		found = take_match(x, &s, s.matches[i], spec);
	if (!found)
		examine_entries(x, &s, spec);
	free(s.text);
}
