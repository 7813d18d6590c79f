#include "tools/doctor/running.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ctlsocket.h"
#include "base/err.h"
#include "base/readfile.h"
#include "base/unixsocket.h"
#include "tools/doctor/examine.h"
#include "tools/doctor/process.h"

enum { SOCKETS_MAX = 4 * 1024 * 1024, CONNECT_MS = 1000 };

/* ---- what a daemon tells ---- */

char *
running_ask(struct examination *x, const char *request)
{
	enum ctlsocket_reply reply;
	char *answer = NULL;
	struct err err;
	size_t len;
	FILE *out;

	if (x->silence != NULL)
		return NULL;
	out = open_memstream(&answer, &len);
	reply = ctlsocket_ask(x->socket, request, out, &err);
	fclose(out);
	if (reply == CTLSOCKET_YES)
		return answer;
	free(answer);
	if (reply == CTLSOCKET_FAILED)
		x->silence = alloc_string(err.text);
	return NULL;
}

/* Who listens there; 0: nobody, or that cannot be told. Unlike an answer, a
 * daemon that hangs gives that, too. */
static pid_t
listener_at(const char *socket)
{
	int fd = unixsocket_connect(socket, CONNECT_MS);
	pid_t pid;

	if (fd < 0)
		return 0;
	pid = unixsocket_listener(fd);
	close(fd);
	return pid;
}

static void
ask_pid(struct examination *x)
{
	char *status = running_ask(x, "status");

	x->pid = 0;
	if (status != NULL && strncmp(status, "pid ", 4) == 0)
		x->pid = (pid_t)atol(status + 4);
	else if (x->silence != NULL)
		x->pid = listener_at(x->socket);
	free(status);
}

/* Each map has one count of delays in the metrics:
 * login_delay_seconds_count{map="hash:/var/lib/x/map"} 0 */
static void
ask_maps(struct examination *x, struct strings *maps)
{
	static const char key[] = "login_delay_seconds_count{map=\"";
	char *metrics = running_ask(x, "metrics"), *at = metrics;

	while (at != NULL && (at = strstr(at, key)) != NULL) {
		char *name;

		at += strlen(key);
		name = alloc_bytes(at, strcspn(at, "\""));
		strings_add(maps, name);
		free(name);
	}
	free(metrics);
}

/* ---- where it listens ---- */

static bool
is_same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return stat(a, &sa) == 0 && stat(b, &sb) == 0 &&
	       sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

static bool
is_daemon(pid_t pid)
{
	char name[PROCESS_NAME_MAX];

	process_name(pid, name);
	return strcmp(name, "pop-before-smtp") == 0;
}

/* Was this daemon started with these settings, and takes its maps from them? */
static bool
has_settings(pid_t pid, const char *file)
{
	char *named, *path;
	bool has;

	if (process_has_word(pid, "cmdline", "--dbfile") != 0)
		return false;
	named = process_flag(pid, "--config");
	path = alloc_string(named != NULL ? named : SETTINGS_FILE);
	has = is_same_file(path, file);
	free(path);
	free(named);
	return has;
}

/* A line of /proc/net/unix: its last field is the path. The socket lies beside
 * the map unless the settings have a checkpoint, so it is not where a new
 * dbfile puts it. asked: the one that has not answered. To be freed; NULL: no daemon
 * with these settings. */
static char *
find_socket(const char *file, const char *asked)
{
	struct err err;
	size_t len;
	char *text = readfile("/proc/net/unix", SOCKETS_MAX, &len, &err), *at;
	char *found = NULL;

	for (char *line = text != NULL ? strtok_r(text, "\n", &at) : NULL;
	     line != NULL && found == NULL; line = strtok_r(NULL, "\n", &at)) {
		const char *path = strstr(line, " /"), *end;
		pid_t pid;

		end = path != NULL ? path + strlen(path) : NULL;
		if (path == NULL || end - path < 6 ||
		    strcmp(end - 4, ".ctl") != 0 ||
		    strcmp(path + 1, asked) == 0)
			continue;
		pid = listener_at(path + 1);
		if (pid != 0 && is_daemon(pid) && has_settings(pid, file))
			found = alloc_string(path + 1);
	}
	free(text);
	return found;
}

/* ---- compared ---- */

static char *
names(const struct strings *maps)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	for (size_t i = 0; i < maps->count; i++)
		fprintf(out, "%s%s", i > 0 ? ", " : "", maps->list[i]);
	if (maps->count == 0)
		fputs(CONF_NONE, out);
	fclose(out);
	return text;
}

static void
take_maps(struct examination *x, struct strings *maps)
{
	char *running = names(maps), *wanted = names(&x->conf.maps);
	const struct strings *settings = &x->conf.maps;

	REPORT(&x->report, FAULT_OLD_MAPS, x->conf.config_file, wanted,
	       running);
	for (size_t i = 0; i < settings->count; i++)
		if (!strings_has(maps, settings->list[i]))
			strings_add(maps, settings->list[i]);
	strings_clear(&x->conf.maps);
	x->conf.maps = *maps;
	*maps = (struct strings){0};
	free(running);
	free(wanted);
}

static bool
same_maps(const struct strings *a, const struct strings *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!strings_has(b, a->list[i]))
			return false;
	return a->count == b->count;
}

void
find_running(struct examination *x)
{
	const char *file = x->conf.config_file;
	char *socket;

	ask_pid(x);
	socket = x->pid == 0 && file != NULL ? find_socket(file, x->socket)
					       : NULL;
	if (socket == NULL)
		return;
	free(x->socket);
	x->socket = socket;
	free(x->silence);
	x->silence = NULL;
	ask_pid(x);
}

void
examine_running(struct examination *x)
{
	struct strings maps = {0};
	const char *file = x->conf.config_file;

	if (file == NULL || x->pid == 0 || !has_settings(x->pid, file))
		return;
	ask_maps(x, &maps);
	if (maps.count > 0 && !same_maps(&maps, &x->conf.maps))
		take_maps(x, &maps);
	strings_clear(&maps);
}
