/*
 * Findings on the logs: the files, and what their last lines are.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <grp.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/suggest.h"
#include "daemon/sys/helper.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/journal.h"
#include "tools/doctor/survey.h"

enum {
	SKEW_MAX = 120, /* seconds between a stamp and the write of its line */
	FEW_LINES = 5,	/* too few to judge their form */
	SIBLINGS_MAX = 40,
	DOVECONF_MS = 1000,
};

/* ---- a log that is not there ---- */

/* Whether a file may be the log of a mail server, judged by its name. */
static bool
may_be_log(const char *name)
{
	static const char *const words[] = {"mail",	"dovecot", "imap",
					    "pop",	"syslog",  "messages",
					    "courier", "cyrus",   "info"};
	size_t len = strlen(name);

	/* Not one that was rotated away. */
	if (len > 0 && strchr("0123456789", name[len - 1]) != NULL)
		return false;
	if (strstr(name, ".gz") != NULL || strstr(name, ".xz") != NULL ||
	    strstr(name, ".bz2") != NULL || strstr(name, ".zst") != NULL)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(name, words[i]) != NULL)
			return true;
	return false;
}

/* Names of logs in a directory, ended with NULL. */
static void
list_directory(struct strings *names, const char *dir)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;

	while (stream != NULL && (entry = readdir(stream)) != NULL)
		if (may_be_log(entry->d_name))
			strings_add(names, entry->d_name);
	if (stream != NULL)
		closedir(stream);
	names->list =
	    alloc_resize(names->list, names->count + 1, sizeof(char *));
	names->list[names->count] = NULL;
}

/* log: the one that is there now. */
static char *
set_logfile(struct examination *x, const char *path, const char *log)
{
	return remedies_setting(&x->report.remedies, "logfile", path,
				x->conf.logfiles.count, log);
}

/* Whether these are the logs that the daemon waits for if it has been told of none,
 * and none of the usual ones is there. */
static bool
are_usual(const struct examination *x)
{
	return x->conf.logfiles.count > 1 &&
	       !remedies_has_key(&x->report.remedies, "logfile");
}

static void
report_missing(struct examination *x, const char *log, const char *dir)
{
	struct strings names = {0};
	const char *near;
	char *path = NULL, *beside = NULL, *remedy;

	if (are_usual(x)) {
		/* The first of them speaks for all. */
		if (log != x->conf.logfiles.list[0])
			return;
		beside = alloc_string("; nor is another of the usual logs "
				      "there, and logfile: is not set");
	}
	list_directory(&names, dir);
	near = suggest(strrchr(log, '/') + 1, (const char *const *)names.list);
	if (near != NULL && beside == NULL) {
		path = alloc_format("%s/%s", dir, near);
		beside = alloc_format("; there is %s", path);
	}
	remedy = path != NULL ? set_logfile(x, path, log)
			      : alloc_format("name the log of your server as "
					     "logfile: in %s",
					     x->report.settings);
	REPORT(&x->report, FAULT_LOG_MISSING, log,
	       beside != NULL ? beside : "", remedy);
	free(remedy);
	free(beside);
	free(path);
	strings_clear(&names);
}

static void
examine_absent(struct examination *x, const char *log)
{
	char target[PATH_MAX], *copy = alloc_string(log);
	const char *dir = dirname(copy);
	ssize_t len = readlink(log, target, sizeof(target) - 1);

	if (len >= 0) {
		target[len] = '\0';
		REPORT(&x->report, FAULT_LOG_DANGLING, log, target);
	} else if (access(dir, F_OK) != 0 && errno == ENOENT) {
		REPORT(&x->report, FAULT_LOG_DIRECTORY_MISSING, log, dir);
	} else {
		report_missing(x, log, dir);
	}
	free(copy);
}

/* ---- who may read and write it ---- */

/* The group that may read the file, if that would help; NULL: no group. */
static const char *
readers(const char *log)
{
	struct stat st;
	const struct group *group;

	if (stat(log, &st) != 0 || !(st.st_mode & S_IRGRP) || st.st_gid == 0)
		return NULL;
	group = getgrgid(st.st_gid);
	return group != NULL ? group->gr_name : NULL;
}

static void
report_unreadable(struct examination *x, const char *log)
{
	const char *user = x->daemon.name, *group = readers(log);
	char *obstacle = identity_obstacle(&x->daemon, log);
	char *remedy, *how = alloc_string("");

	if (obstacle != NULL) {
		remedy = identity_let_pass(user, obstacle);
	} else if (group != NULL) {
		free(how);
		how = alloc_format("; the group %s may", group);
		remedy = alloc_format("usermod -a -G %s %s && %s", group, user,
				      x->report.remedies.restart);
	} else {
		remedy = identity_let_read(user, log);
	}
	REPORT(&x->report, FAULT_LOG_UNREADABLE, log, user, how, remedy);
	free(remedy);
	free(how);
	free(obstacle);
}

static void
examine_rights(struct examination *x, const char *log, const struct stat *st)
{
	int may = identity_may(&x->daemon, log, R_OK);
	char mode[8];

	if (may == 0)
		report_unreadable(x, log);
	else if (may < 0)
		report_unseen(&x->report,
			      "whether the daemon's user may read the log");
	if (!(st->st_mode & S_IWOTH))
		return;
	snprintf(mode, sizeof(mode), "%04o", st->st_mode & 07777);
	REPORT(&x->report, FAULT_LOG_WRITABLE, log, mode);
}

/* ---- where else logins are ---- */

struct elsewhere {
	char *path;
	unsigned int logins;
};

static void
try_file(struct examination *x, struct elsewhere *best, const char *log,
	 const char *path)
{
	struct survey survey = {0};
	struct stat one, other;

	if (stat(path, &other) != 0 || !S_ISREG(other.st_mode) ||
	    (stat(log, &one) == 0 && one.st_ino == other.st_ino &&
	     one.st_dev == other.st_dev))
		return;
	if (survey_file(&survey, x->surveyor, path, x->now) &&
	    survey.logins > best->logins) {
		free(best->path);
		best->path = alloc_string(path);
		best->logins = survey.logins;
	}
	survey_clear(&survey);
}

static void
try_directory(struct examination *x, struct elsewhere *best, const char *log,
	      const char *dir)
{
	struct strings names = {0};

	list_directory(&names, dir);
	for (size_t i = 0; i < names.count && i < SIBLINGS_MAX; i++) {
		char *path = alloc_format("%s/%s", dir, names.list[i]);

		try_file(x, best, log, path);
		free(path);
	}
	strings_clear(&names);
}

static void
try_journal(struct examination *x, struct elsewhere *best)
{
	struct survey survey = {0};

	if (journal_survey(&survey, x->surveyor, "journal:SYSLOG_FACILITY=2",
			   x->now) &&
	    survey.logins > best->logins) {
		free(best->path);
		best->path = alloc_string("\"journal:\"");
		best->logins = survey.logins;
	}
	survey_clear(&survey);
}

/* Whether a log of the settings is this file. */
static bool
is_followed(const struct examination *x, const char *path)
{
	for (size_t i = 0; i < x->conf.logfiles.count; i++) {
		const char *log = x->conf.logfiles.list[i];
		struct stat one, other;

		if (fnmatch(log, path, FNM_PATHNAME) == 0 ||
		    (stat(log, &one) == 0 && stat(path, &other) == 0 &&
		     one.st_ino == other.st_ino && one.st_dev == other.st_dev))
			return true;
	}
	return false;
}

/* The log, or the journal, that has most logins. */
static void
look_elsewhere(struct examination *x, const char *log,
	       const struct survey *survey)
{
	static const char *const dirs[] = {"/var/log", "/var/log/mail"};
	struct elsewhere best = {0};
	char *copy = alloc_string(log);
	char *lines, *remedy;

	try_directory(x, &best, log, dirname(copy));
	for (size_t i = 0; i < 2 && best.path == NULL; i++)
		try_directory(x, &best, log, dirs[i]);
	if (best.path == NULL)
		try_journal(x, &best);
	if (best.path != NULL && !is_followed(x, best.path)) {
		lines = alloc_format("%u line%s of the one ha%s no login, those "
				     "of the other %u",
				     survey->lines,
				     survey->lines == 1 ? "" : "s",
				     survey->lines == 1 ? "s" : "ve",
				     best.logins);
		remedy = set_logfile(x, best.path, log);
		REPORT(&x->report, FAULT_LOG_OTHER, log, best.path, lines,
		       remedy);
		free(remedy);
		free(lines);
	}
	free(best.path);
	free(copy);
}

/* ---- its lines ---- */

/* "1 h 30 min" */
static void
format_span(int64_t seconds, char text[48])
{
	if (seconds >= 3600)
		snprintf(text, 48, "%" PRId64 " h %" PRId64 " min",
			 seconds / 3600, seconds % 3600 / 60);
	else
		snprintf(text, 48, "%" PRId64 " s", seconds);
}

/* Time zones are whole quarters of an hour apart. */
static bool
is_zone(int64_t seconds)
{
	int64_t rest = (seconds + SKEW_MAX) % 900;

	return seconds >= 900 - SKEW_MAX && rest <= 2 * SKEW_MAX;
}

static void
examine_stamps(struct examination *x, const char *log,
	       const struct survey *survey, const struct stat *st)
{
	int64_t skew = (int64_t)survey->last - (int64_t)st->st_mtime;
	int64_t size = skew < 0 ? -skew : skew;
	char span[48];

	if (!survey->dated || size <= SKEW_MAX)
		return;
	format_span(size, span);
	REPORT(&x->report, skew > 0 ? FAULT_LOG_AHEAD : FAULT_LOG_BEHIND, log,
	       span, is_zone(size) ? ", which is the distance of a time zone"
				   : "");
}

static void
examine_form(struct examination *x, const char *log,
	     const struct survey *survey)
{
	char *share;

	if (survey->lines < FEW_LINES ||
	    survey->headerless * 2 <= survey->lines)
		return;
	share = alloc_format("%u of the last %u lines", survey->headerless,
			     survey->lines);
	REPORT(&x->report, FAULT_LOG_FORM, log, share, survey->strange);
	free(share);
}

/* Why has it no login? */
static void
examine_silence(struct examination *x, const char *log,
		const struct survey *survey)
{
	if (survey->optional > 0)
		report_optional(x, log, survey);
	else if (survey->unfit != NULL)
		REPORT(&x->report, FAULT_LOG_NO_RULE, log, survey->program,
		       survey->unfit, survey->unfit);
	else
		look_elsewhere(x, log, survey);
}

static void
examine_lines(struct examination *x, const char *log, const struct stat *st)
{
	struct survey survey = {0};

	if (x->surveyor == NULL ||
	    !survey_file(&survey, x->surveyor, log, x->now)) {
		if (x->surveyor != NULL)
			report_unseen(&x->report, "the lines of the log");
		return;
	}
	examine_stamps(x, log, &survey, st);
	examine_form(x, log, &survey);
	if (survey.logins > 0)
		x->logins = true;
	else
		examine_silence(x, log, &survey);
	if (survey.foreign != NULL && x->foreign_log == NULL) {
		strings_add(&x->foreign, survey.foreign);
		x->foreign_log = alloc_string(log);
	}
	if (survey.newlines != NULL)
		examine_newlines(x, survey.newlines);
	survey_clear(&survey);
}

/* ---- one log ---- */

/* "/var/log/mail.log.1.gz" -> "/var/log/mail.log" */
static bool
take_packed(struct examination *x, const char *log)
{
	static const char *const suffixes[] = {".gz", ".bz2", ".xz", ".zst"};
	size_t len = strlen(log), cut;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		char *plain, *remedy;

		cut = strlen(suffixes[i]);
		if (len <= cut || strcmp(log + len - cut, suffixes[i]) != 0)
			continue;
		plain = alloc_bytes(log, len - cut);
		cut = strlen(plain);
		while (cut > 0 && strchr(".-0123456789", plain[cut - 1]))
			plain[--cut] = '\0';
		remedy = set_logfile(x, plain, log);
		REPORT(&x->report, FAULT_LOG_PACKED, log, suffixes[i], remedy);
		free(remedy);
		free(plain);
		return true;
	}
	return false;
}

static void
examine_file(struct examination *x, const char *log)
{
	struct stat st;

	if (stat(log, &st) != 0) {
		if (errno == ENOENT)
			examine_absent(x, log);
		else
			report_unreadable(x, log);
		return;
	}
	if (take_packed(x, log))
		return;
	if (S_ISDIR(st.st_mode)) {
		REPORT(&x->report, FAULT_LOG_KIND, log, "a directory");
		return;
	}
	examine_rights(x, log, &st);
	if (S_ISREG(st.st_mode))
		examine_lines(x, log, &st);
}

/* Of the files that match, the newest by name. */
static void
examine_glob(struct examination *x, const char *pattern)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0)
		examine_file(x, found.gl_pathv[found.gl_pathc - 1]);
	else
		examine_absent(x, pattern);
	globfree(&found);
}

/* ---- Dovecot's own log ---- */

/* Whether a finding before this one has named that log. */
static bool
is_reported(const struct examination *x, const char *path)
{
	for (size_t i = 0; i < x->report.count; i++)
		if (x->report.list[i].fault == FAULT_LOG_OTHER &&
		    strstr(x->report.list[i].what, path) != NULL)
			return true;
	return false;
}

/* Of several logs, another may have other logins. */
static void
report_dovecot(struct examination *x, const char *path, const char *name)
{
	const struct strings *logs = &x->conf.logfiles;
	char *remedy = set_logfile(x, path, logs->count > 1 ? NULL
							    : logs->list[0]);

	REPORT(&x->report, FAULT_LOG_DOVECOT, path, name, remedy);
	free(remedy);
}

/* "" or a file: the first of these settings that has a value decides. */
static void
examine_dovecot(struct examination *x)
{
	static const char *const names[] = {"info_log_path", "log_path"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *const argv[] = {"doveconf", "-h", names[i], NULL};
		struct err err;
		char *path = NULL;
		bool known = helper_run(NULL, argv, DOVECONF_MS, &path,
					&err) == 0;

		if (known)
			path[strcspn(path, "\n")] = '\0';
		if (!known || *path == '\0') {
			free(path);
			continue;
		}
		if (*path == '/' && strncmp(path, "/dev/", 5) != 0 &&
		    !is_followed(x, path) && !is_reported(x, path))
			report_dovecot(x, path, names[i]);
		free(path);
		return;
	}
}

void
examine_logs(struct examination *x)
{
	for (size_t i = 0; i < x->conf.logfiles.count; i++) {
		const char *log = x->conf.logfiles.list[i];

		if (strncmp(log, "journal:", 8) == 0)
			examine_journal(x, log);
		else if (*log != '/')
			continue;
		else if (strchr(log, '*') != NULL)
			examine_glob(x, log);
		else
			examine_file(x, log);
	}
	if (x->conf.logfiles.count > 0 && !x->logins)
		examine_dovecot(x);
}
