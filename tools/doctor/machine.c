/*
 * Findings on the machine: directories, disks, limits, the clock, the syslog
 * daemon.
 */
#include <errno.h>
#include <libgen.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/places.h"
#include "tools/doctor/postfix_state.h"
#include "tools/doctor/process.h"
#include "tools/doctor/survey.h"
#include "tools/network_disk.h"
#include "tools/shellword.h"

enum {
	DISK_FREE_MIN = 4 * 1024 * 1024, /* bytes: a map of some 40,000 */
	SETTINGS_MAX = 1024 * 1024,
};

/* ---- disks ---- */

static void
examine_disk(struct examination *x, const char *dir)
{
	struct statvfs fs;
	uint64_t bytes;
	char left[64];

	if (statvfs(dir, &fs) != 0)
		return;
	bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (bytes >= DISK_FREE_MIN && (fs.f_files == 0 || fs.f_favail > 8))
		return;
	snprintf(left, sizeof(left), "%llu kB and %llu files",
		 (unsigned long long)bytes / 1024,
		 (unsigned long long)fs.f_favail);
	REPORT(&x->report, FAULT_DISK, dir, left, dir);
}

static void
examine_file_system(struct examination *x, const char *path)
{
	const char *name = network_disk(path);

	if (name != NULL)
		REPORT(&x->report, FAULT_NETWORK_DISK, path, name);
}

/* ---- paths of the settings ---- */

static void
report_relative(struct examination *x, const struct bad_place *place)
{
	char *directory = x->pid != 0 ? process_directory(x->pid) : NULL;
	char *how = directory != NULL
			? alloc_format("for process %ld, that is %s",
				       (long)x->pid, directory)
			: alloc_string("a unit or a script may start it "
				       "anywhere");

	REPORT(&x->report, FAULT_PATH_RELATIVE, place->key, place->value, how);
	free(how);
	free(directory);
}

/* What a running daemon may not write is another finding. */
static void
report_place(void *arg, const struct bad_place *place)
{
	struct examination *x = arg;
	const struct remedies *r = &x->report.remedies;
	const char *remedy = x->pid == 0 ? r->start : r->restart;
	char *how;

	if (place->condition == PLACE_RELATIVE) {
		report_relative(x, place);
	} else if (place->condition != PLACE_CLOSED) {
		how = alloc_format("%s: %s", place->dir,
				   strerror(place->condition == PLACE_MISSING
						? ENOENT
						: ENOTDIR));
		REPORT(&x->report, FAULT_DIRECTORY_MISSING, place->key,
		       place->value, how, remedy);
		free(how);
	} else if (x->pid == 0) {
		how = alloc_format("access(2) as the user %s: %s: Permission "
				   "denied",
				   r->user, place->dir);
		REPORT(&x->report, FAULT_DIRECTORY_CLOSED, place->key,
		       place->value, how, remedy);
		free(how);
	}
}

/* The file is there, but its user may not write it. */
static void
report_own_log(struct examination *x, const struct identity *user)
{
	const char *log = x->conf.logto;
	char *obstacle = identity_obstacle(user, log);
	char *word = shellword(log), *how, *remedy;

	how = alloc_format("open(2) as the user %s: Permission denied",
			   user->name);
	remedy = obstacle != NULL
		     ? identity_let_pass(user->name, obstacle)
		     : alloc_format("chown %s %s", user->name, word);
	REPORT(&x->report, FAULT_OWN_LOG, log, how, remedy);
	free(remedy);
	free(how);
	free(word);
	free(obstacle);
}

/* The file has been moved away, and its user can create none. */
static void
report_lost_log(struct examination *x, const struct identity *user,
		const char *dir)
{
	const struct remedies *r = &x->report.remedies;
	char *word = shellword(x->conf.logto), *how, *remedy;

	how = alloc_format("there is no such file, and the user %s may create "
			   "none in %s",
			   user->name, dir);
	remedy = alloc_format("install -m 640 -o %s /dev/null %s && %s",
			      user->name, word, r->reload);
	REPORT(&x->report, FAULT_OWN_LOG, x->conf.logto, how, remedy);
	free(remedy);
	free(how);
	free(word);
}

/* root opens it at the start, and the daemon's user at SIGHUP. */
static void
examine_own_log(struct examination *x)
{
	const char *log = x->conf.logto, *user = x->report.remedies.user;
	char *copy = alloc_string(log), *dir = dirname(copy);
	struct identity who;
	struct stat st;

	if (*log != '/' || user == NULL || !identity_of(&who, user)) {
		free(copy);
		return;
	}
	if (identity_may(&who, "/", X_OK) < 0)
		report_unseen(&x->report,
			      "whether the daemon can open its own log again");
	else if (stat(log, &st) == 0 && identity_may(&who, log, W_OK) == 0)
		report_own_log(x, &who);
	else if (stat(log, &st) != 0 && errno == ENOENT && x->pid != 0 &&
		 identity_may(&who, dir, W_OK | X_OK) == 0)
		report_lost_log(x, &who, dir);
	free(copy);
}

void
examine_places(struct examination *x)
{
	const struct remedies *r = &x->report.remedies;

	places_each_bad(&x->conf, &r->service, r->user, report_place, x);
	if (x->conf.logto != NULL)
		examine_own_log(x);
}

/* ---- who may write a map ---- */

/* own: this is the map, or its directory. Further up, the sticky bit keeps what
 * is there from being renamed. */
static bool
report_writable(struct examination *x, const char *map, const char *path,
		bool own)
{
	struct stat st;
	char mode[8], *remedy;

	if (stat(path, &st) != 0 ||
	    !(st.st_mode & (own ? S_IWGRP | S_IWOTH : S_IWOTH)) ||
	    (!own && st.st_mode & S_ISVTX))
		return false;
	snprintf(mode, sizeof(mode), "%04o", (unsigned int)st.st_mode & 07777);
	remedy = st.st_mode & S_ISVTX /* it is for everybody, as /tmp is */
		     ? alloc_string("set dbfile: to a name in a directory that "
				    "nobody else can write")
		     : alloc_format("chmod go-w '%s'", path);
	REPORT(&x->report, FAULT_MAP_WRITABLE, map, path, mode, remedy);
	free(remedy);
	return true;
}

/* Who may write a directory on the way to the map may put another one there. */
static void
examine_writers(struct examination *x, const char *map)
{
	char *path = postfix_file_of(map), *slash;

	if (path == NULL || *path != '/') {
		free(path);
		return;
	}
	for (int level = 0; !report_writable(x, map, path, level < 2);
	     level++) {
		slash = strrchr(path, '/');
		if (slash == path)
			break;
		*slash = '\0';
	}
	free(path);
}

static void
examine_map_disk(struct examination *x, const char *map)
{
	char *copy = alloc_string(strchr(map, ':') + 1);
	const char *dir = dirname(copy);

	if (*dir == '/') {
		examine_disk(x, dir);
		examine_file_system(x, dir);
	}
	free(copy);
}

/* ---- limits ---- */

static void
examine_limit(struct examination *x, const char *name, unsigned long least)
{
	char path[96], value[24], wanted[24], key[64];
	struct err err;
	size_t len;
	char *text;

	snprintf(path, sizeof(path), "/proc/sys/fs/inotify/%s", name);
	text = readfile(path, 64, &len, &err);
	if (text != NULL && strtoul(text, NULL, 10) < least) {
		snprintf(value, sizeof(value), "%lu", strtoul(text, NULL, 10));
		snprintf(wanted, sizeof(wanted), "%lu", least);
		snprintf(key, sizeof(key), "fs.inotify.%s", name);
		REPORT(&x->report, FAULT_INOTIFY, path, value, key, wanted);
	}
	free(text);
}

/* ---- the clock ---- */

/* Where all lines are of this host, their stamps are of this clock, too. */
static void
examine_clock(struct examination *x)
{
	struct timex question = {.modes = 0};

	if (x->foreign.count > 0 && adjtimex(&question) == TIME_ERROR)
		REPORT(&x->report, FAULT_CLOCK, x->foreign_log,
		       x->foreign.list[0]);
}

/* ---- what logs have in common with the journal ---- */

void
report_optional(struct examination *x, const char *log,
		const struct survey *survey)
{
	char *count = alloc_format("%u", survey->optional);
	char *remedy = remedies_setting(&x->report.remedies, "enable",
					survey->rule, x->conf.enable.count,
					NULL);

	REPORT(&x->report, FAULT_LOG_OPTIONAL, log, count, survey->rule,
	       remedy);
	free(remedy);
	free(count);
}

/* ---- the syslog daemon ---- */

static void
look_for_syslog_ng(void *arg, pid_t pid)
{
	char name[PROCESS_NAME_MAX];

	process_name(pid, name);
	*(bool *)arg |= strcmp(name, "syslog-ng") == 0;
}

void
examine_newlines(struct examination *x, const char *program)
{
	static const char file[] = "/etc/syslog-ng/syslog-ng.conf";
	bool running = false;
	struct err err;
	size_t len;
	char *text;

	process_each(look_for_syslog_ng, &running);
	text = running ? readfile(file, SETTINGS_MAX, &len, &err) : NULL;
	if (text != NULL && strstr(text, "no-multi-line") == NULL)
		REPORT(&x->report, FAULT_LOG_NEWLINES, program, file);
	free(text);
}

void
examine_machine(struct examination *x)
{
	for (size_t i = 0; x->conf.write && i < x->conf.maps.count; i++) {
		examine_map_disk(x, x->conf.maps.list[i]);
		examine_writers(x, x->conf.maps.list[i]);
	}
	for (size_t i = 0; i < x->conf.logfiles.count; i++)
		if (*x->conf.logfiles.list[i] == '/')
			examine_file_system(x, x->conf.logfiles.list[i]);
	examine_limit(x, "max_user_instances", 16);
	examine_limit(x, "max_user_watches", 1024);
	examine_clock(x);
}
