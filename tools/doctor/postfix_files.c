/*
 * Findings on what Postfix has open: the running processes, the files of our
 * maps, and sockets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/doctor/examine.h"
#include "tools/doctor/logtail.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/process.h"
#include "tools/doctor/restrictions.h"

/* ---- the running Postfix ---- */

/* When Postfix last read its settings: a reload ends the queue manager, and
 * master(8) starts another one. */
struct reading {
	pid_t master;
	char name[PROCESS_NAME_MAX + 32];
	time_t when;
};

static void
look_at_child(void *arg, pid_t pid)
{
	struct reading *reading = arg;
	char name[PROCESS_NAME_MAX];
	time_t started;

	if (process_parent(pid) != reading->master)
		return;
	process_name(pid, name);
	started = process_started(pid);
	if (strcmp(name, "qmgr") != 0 || started < reading->when)
		return;
	reading->when = started;
	snprintf(reading->name, sizeof(reading->name), "%s (%ld)", name,
		 (long)pid);
}

static void
examine_reading(struct postfix_state *s, const struct reading *reading,
		const char *file)
{
	char *path = alloc_format(
	    "%s/%s", postconf_value(&s->settings, "config_directory"), file);
	struct stat st;
	char changed[32], read[32], *process;

	/* A process that started within the same second may have read it. */
	if (stat(path, &st) == 0 && st.st_mtime > reading->when + 1) {
		report_time(st.st_mtime, changed);
		report_time(reading->when, read);
		process = alloc_format("%s is of %s", reading->name, read);
		REPORT(&s->examination->report, FAULT_RELOAD_MISSING, path,
		       changed, process);
		free(process);
	}
	free(path);
}

static void
examine_boot(struct postfix_state *s)
{
	struct report *report = &s->examination->report;
	const struct service *postfix = &report->remedies.mail;
	char *enable = service_enable(postfix);

	if (enable != NULL)
		REPORT(report, FAULT_POSTFIX_NOT_AT_BOOT, postfix->how,
		       postfix->off, enable);
	free(enable);
}

static void
examine_processes(struct postfix_state *s)
{
	char *pidfile =
	    alloc_format("%s/pid/master.pid",
			 postconf_value(&s->settings, "queue_directory"));
	struct reading reading = {.master = process_of_file(pidfile)};

	if (reading.master < 0) {
		report_unseen(&s->examination->report,
			      "whether Postfix runs with the settings of now "
			      "(only root may read its pid file)");
	} else if (reading.master == 0) {
		REPORT(&s->examination->report, FAULT_POSTFIX_STOPPED, pidfile);
	} else {
		reading.when = process_started(reading.master);
		snprintf(reading.name, sizeof(reading.name), "master (%ld)",
			 (long)reading.master);
		process_each(look_at_child, &reading);
		examine_reading(s, &reading, "main.cf");
		examine_reading(s, &reading, "master.cf");
		examine_boot(s);
	}
	free(pidfile);
}

/* ---- files of maps ---- */

char *
postfix_file_of(const char *map)
{
	static const char *const suffixes[][2] = {
	    {"hash:", ".db"}, {"lmdb:", ".lmdb"}, {"cdb:", ".cdb"}};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t len = strlen(suffixes[i][0]);

		if (strncmp(map, suffixes[i][0], len) == 0)
			return alloc_format("%s%s", map + len, suffixes[i][1]);
	}
	return NULL;
}

static bool
is_named(struct postfix_state *s, const char *map)
{
	struct strings one = {(char **)&map, 1};

	for (size_t i = 0; i < s->settings.expanded.count; i++) {
		struct strings words = {0};
		const char *line = s->settings.expanded.list[i];
		bool named;

		if (strchr(line, ':') == NULL)
			continue;
		restrictions_read(&words, &s->settings, line);
		named = restrictions_judge(&words, &one).map != NULL;
		strings_clear(&words);
		if (named)
			return true;
	}
	return false;
}

/* "... postfix/smtpd[4711]: error: open database FILE: No such file ...": the
 * process that logged it, if it still runs. */
static pid_t
who_logged(const char *line)
{
	const char *tag = strstr(line, "smtpd[");
	char name[PROCESS_NAME_MAX];
	pid_t pid = tag != NULL ? (pid_t)atol(tag + 6) : 0;

	if (pid <= 0)
		return 0;
	process_name(pid, name);
	return strcmp(name, "smtpd") == 0 ? pid : 0;
}

/* The log where Postfix reports: its own, or the one that we follow. */
static char *
postfix_log(struct postfix_state *s, size_t *len)
{
	const char *own = postconf_value(&s->settings, "maillog_file");
	const struct strings *logs = &s->examination->conf.logfiles;

	if (*own == '\0')
		own = logs->count > 0 ? logs->list[0] : "";
	return logtail_read(own, LOGTAIL_MAX, len);
}

static void
examine_late(struct postfix_state *s, const char *map, const char *file)
{
	size_t len;
	char *text = postfix_log(s, &len), *at, *line, number[24];
	pid_t pid = 0;

	line = text != NULL ? strtok_r(text, "\n", &at) : NULL;
	for (; line != NULL && pid == 0; line = strtok_r(NULL, "\n", &at)) {
		if (strstr(line, "open database ") == NULL ||
		    strstr(line, file) == NULL)
			continue;
		pid = who_logged(line);
		snprintf(number, sizeof(number), "%ld", (long)pid);
		if (pid != 0)
			REPORT(&s->examination->report, FAULT_MAP_LATE, map,
			       number, line);
	}
	free(text);
}

static void
examine_file(struct postfix_state *s, const char *map)
{
	char *file = postfix_file_of(map);
	struct stat st;

	if (file == NULL || !is_named(s, map)) {
		free(file);
		return;
	}
	if (stat(file, &st) == 0)
		examine_late(s, map, file);
	else if (errno == EACCES)
		report_unseen(&s->examination->report,
			      "the file of the map (its directory is closed)");
	else
		REPORT(&s->examination->report, FAULT_MAP_MISSING, file,
		       strerror(errno));
	free(file);
}

/* ---- sockets, and what user postfix opens ---- */

/* The path in "socketmap:unix:PATH:NAME", "unix:PATH" or "proxy:hash:PATH", to
 * be freed; NULL: none. */
static char *
path_in(const char *word)
{
	const char *path = strstr(word, "unix:");

	if (strncmp(word, "socketmap:unix:", 15) == 0)
		return alloc_bytes(word + 15, strcspn(word + 15, ":"));
	if (path == word)
		return alloc_string(word + 5);
	return strncmp(word, "proxy:", 6) == 0 ? postfix_file_of(word + 6) : NULL;
}

/* In the queue directory, or below it: smtpd's current directory. */
static char *
outside(const struct postfix_state *s, const char *path, bool chroot)
{
	const char *queue = postconf_value(&s->settings, "queue_directory");

	if (*path == '/' && !chroot)
		return alloc_string(path);
	return alloc_format("%s%s%s", queue, *path == '/' ? "" : "/", path);
}

static void
examine_reach(struct postfix_state *s, const char *word, const char *path)
{
	const char *owner = postconf_value(&s->settings, "mail_owner");
	struct report *report = &s->examination->report;
	struct identity postfix;
	char *obstacle, *remedy;

	if (!identity_of(&postfix, owner))
		return;
	if (identity_may(&postfix, "/", X_OK) < 0) {
		report_unseen(report, "what the user of Postfix may reach");
		return;
	}
	obstacle = identity_obstacle(&postfix, path);
	if (obstacle == NULL)
		return;
	remedy = identity_let_pass(owner, obstacle);
	REPORT(report, FAULT_SHUT_DIRECTORY, owner, word, obstacle, remedy);
	free(remedy);
	free(obstacle);
}

static void
examine_socket(struct postfix_state *s, const struct postfix_service *service,
	       const char *word)
{
	char *path = path_in(word), *real, *remedy;
	struct stat st;

	if (path == NULL || (service->chroot && strchr(word, '/') == NULL)) {
		free(path);
		return;
	}
	real = outside(s, path, service->chroot &&
				    strncmp(word, "proxy:", 6) != 0);
	if (service->chroot && *path == '/' && stat(real, &st) != 0 &&
	    strncmp(word, "proxy:", 6) != 0) {
		remedy = alloc_format(
		    "let the daemon listen below %s, and name it in main.cf "
		    "without a leading slash: INSTALL, part 6",
		    postconf_value(&s->settings, "queue_directory"));
		REPORT(&s->examination->report, FAULT_CHROOT, service->name,
		       word, real, remedy);
		free(remedy);
	} else {
		examine_reach(s, word, real);
	}
	free(real);
	free(path);
}

/* Our maps, as the lists of this service name them. */
static void
examine_names(struct postfix_state *s, const struct postfix_service *service)
{
	struct strings words = {0};
	const char *value;

	for (const char *const *list = postfix_lists(); *list != NULL; list++) {
		value = postconf_override(&s->settings, service->name, *list);
		if (value == NULL)
			value = postconf_value(&s->settings, *list);
		restrictions_read(&words, &s->settings, value);
	}
	for (size_t i = 0; i < words.count; i++)
		if (restrictions_names(words.list[i], &s->maps))
			examine_socket(s, service, words.list[i]);
	strings_clear(&words);
}

void
postfix_examine_files(struct postfix_state *s)
{
	struct postfix_service service;

	for (size_t i = 0; i < s->maps.count; i++)
		examine_file(s, s->maps.list[i]);
	for (size_t i = 0; i < s->settings.services.count; i++)
		if (postconf_smtpd(&s->settings, s->settings.services.list[i],
				   &service))
			examine_names(s, &service);
	examine_processes(s);
}
