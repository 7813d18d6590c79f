#include "tools/doctor/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"

enum { PROC_FILE_MAX = 1024 * 1024 };

void
process_each(process_fn *fn, void *arg)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (isdigit((unsigned char)*entry->d_name))
			fn(arg, (pid_t)atol(entry->d_name));
	closedir(dir);
}

/* The text of /proc/PID/FILE, to be freed; NULL: it may not be read. */
static char *
read_proc(pid_t pid, const char *file, size_t *len)
{
	char path[64];
	struct err err;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	return readfile(path, PROC_FILE_MAX, len, &err);
}

void
process_name(pid_t pid, char name[PROCESS_NAME_MAX])
{
	size_t len;
	char *text = read_proc(pid, "comm", &len);

	*name = '\0';
	if (text == NULL)
		return;
	text[strcspn(text, "\n")] = '\0';
	snprintf(name, PROCESS_NAME_MAX, "%s", text);
	free(text);
}

/* A field of /proc/PID/stat, counted from 3, the first after the name. */
static unsigned long long
stat_field(pid_t pid, int field)
{
	size_t len;
	char *text = read_proc(pid, "stat", &len), *at, *word;
	unsigned long long value = 0;

	if (text == NULL)
		return 0;
	word = strrchr(text, ')');
	word = word != NULL ? strtok_r(word + 1, " ", &at) : NULL;
	for (int i = 3; word != NULL && i < field; i++)
		word = strtok_r(NULL, " ", &at);
	if (word != NULL)
		value = strtoull(word, NULL, 10);
	free(text);
	return value;
}

pid_t
process_parent(pid_t pid)
{
	return (pid_t)stat_field(pid, 4);
}

char *
process_directory(pid_t pid)
{
	char path[64], directory[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), "/proc/%ld/cwd", (long)pid);
	len = readlink(path, directory, sizeof(directory));
	return len > 0 ? alloc_bytes(directory, (size_t)len) : NULL;
}

static time_t
boot_time(void)
{
	struct err err;
	size_t len;
	char *text = readfile("/proc/stat", PROC_FILE_MAX, &len, &err), *line;
	time_t booted = 0;

	line = text != NULL ? strstr(text, "\nbtime ") : NULL;
	if (line != NULL)
		booted = (time_t)strtoull(line + 7, NULL, 10);
	free(text);
	return booted;
}

time_t
process_started(pid_t pid)
{
	time_t booted = boot_time();
	unsigned long long ticks = stat_field(pid, 22);

	if (booted == 0 || ticks == 0)
		return 0;
	return booted + (time_t)(ticks / (unsigned long)sysconf(_SC_CLK_TCK));
}

int
process_has_open(pid_t pid, const char *path)
{
	char name[300];
	struct stat wanted, st;
	const struct dirent *entry;
	int count = 0;
	DIR *dir;

	snprintf(name, sizeof(name), "/proc/%ld/fd", (long)pid);
	dir = opendir(name);
	if (dir == NULL || stat(path, &wanted) != 0) {
		if (dir != NULL)
			closedir(dir);
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		snprintf(name, sizeof(name), "/proc/%ld/fd/%.20s", (long)pid,
			 entry->d_name);
		count += stat(name, &st) == 0 && st.st_dev == wanted.st_dev &&
			 st.st_ino == wanted.st_ino;
	}
	closedir(dir);
	return count;
}

bool
process_has_socket(pid_t pid, unsigned long inode)
{
	char name[300], wanted[40], target[40];
	const struct dirent *entry;
	bool found = false;
	ssize_t len;
	DIR *dir;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	snprintf(name, sizeof(name), "/proc/%ld/fd", (long)pid);
	dir = opendir(name);
	while (dir != NULL && !found && (entry = readdir(dir)) != NULL) {
		snprintf(name, sizeof(name), "/proc/%ld/fd/%.20s", (long)pid,
			 entry->d_name);
		len = readlink(name, target, sizeof(target) - 1);
		target[len > 0 ? len : 0] = '\0';
		found = strcmp(target, wanted) == 0;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

/* A line of its control groups: "0::/system.slice/dovecot.service". */
char *
process_unit(pid_t pid)
{
	static const char suffix[] = ".service";
	size_t len;
	char *text = read_proc(pid, "cgroup", &len), *at, *line, *unit = NULL;

	if (text == NULL)
		return NULL;
	for (line = strtok_r(text, "\n", &at); line != NULL && unit == NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		const char *name = strrchr(line, '/');

		len = name != NULL ? strlen(name) : 0;
		if (len > sizeof(suffix) &&
		    strcmp(name + len - strlen(suffix), suffix) == 0)
			unit = alloc_string(name + 1);
	}
	free(text);
	return unit;
}

int
process_has_word(pid_t pid, const char *file, const char *prefix)
{
	size_t len, prefix_len = strlen(prefix);
	char *text = read_proc(pid, file, &len);
	int found = 0;

	if (text == NULL)
		return -1;
	for (const char *p = text; p < text + len; p += strlen(p) + 1)
		found |= strncmp(p, prefix, prefix_len) == 0;
	free(text);
	return found;
}

void
process_words(pid_t pid, struct strings *words)
{
	size_t len;
	char *text = read_proc(pid, "cmdline", &len);

	for (const char *p = text; p != NULL && p < text + len;
	     p += strlen(p) + 1)
		strings_add(words, p);
	free(text);
}

char *
process_flag(pid_t pid, const char *flag)
{
	size_t len, flag_len = strlen(flag);
	char *text = read_proc(pid, "cmdline", &len), *value = NULL;

	for (const char *p = text; p != NULL && p < text + len && value == NULL;
	     p += strlen(p) + 1) {
		const char *next = p + strlen(p) + 1;

		if (strncmp(p, flag, flag_len) != 0)
			continue;
		if (p[flag_len] == '=')
			value = alloc_string(p + flag_len + 1);
		else if (p[flag_len] == '\0' && next < text + len)
			value = alloc_string(next);
	}
	free(text);
	return value;
}

long
process_status(pid_t pid, const char *key)
{
	size_t len;
	char *text = read_proc(pid, "status", &len), *line;
	long value = -1;

	line = text != NULL ? strstr(text, key) : NULL;
	if (line != NULL)
		value = strtol(line + strlen(key), NULL, 10);
	free(text);
	return value;
}

/* In a container, perhaps nobody waits for it. */
static bool
has_ended(pid_t pid)
{
	size_t len;
	char *text = read_proc(pid, "stat", &len);
	const char *state = text != NULL ? strrchr(text, ')') : NULL;
	bool ended = state != NULL && strncmp(state, ") Z", 3) == 0;

	free(text);
	return ended;
}

pid_t
process_of_file(const char *pidfile)
{
	struct err err;
	size_t len;
	char *text = readfile(pidfile, 64, &len, &err);
	pid_t pid;

	if (text == NULL)
		return errno == ENOENT ? 0 : -1;
	pid = (pid_t)atol(text);
	free(text);
	if (pid <= 0 || (kill(pid, 0) != 0 && errno == ESRCH) ||
	    has_ended(pid))
		return 0;
	return pid;
}
