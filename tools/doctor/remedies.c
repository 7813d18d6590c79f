#include "tools/doctor/remedies.h"

#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "daemon/conf/conf.h"
#include "tools/doctor/places.h"
#include "tools/doctor/process.h"
#include "tools/shellword.h"

#define NAME "pop-before-smtp"

enum { SETTINGS_MAX = 1024 * 1024 };

/* The command line with which a process was started, to be freed. */
static char *
command_of(pid_t pid)
{
	struct strings words = {0};
	char *command;
	size_t len;
	FILE *out = open_memstream(&command, &len);

	process_words(pid, &words);
	for (size_t i = 0; i < words.count; i++) {
		if (i > 0)
			fputc(' ', out);
		shellword_print(out, words.list[i]);
	}
	fclose(out);
	strings_clear(&words);
	return command;
}

/* ---- Postfix's commands ---- */

static char *
in_directory(const char *command, const char *word)
{
	return word != NULL ? alloc_format("%s -c %s", command, word)
			    : alloc_string(command);
}

void
remedies_instance(struct remedies *r, const char *directory)
{
	char *word = directory != NULL ? shellword(directory) : NULL;

	r->directory = directory;
	r->postconf = in_directory("postconf", word);
	r->postfix = in_directory("postfix", word);
	r->postmap = in_directory("postmap", word);
	free(word);
}

/* A manager knows only the usual instance. */
static void
find_postfix(struct remedies *r)
{
	if (r->directory == NULL) {
		service_find(&r->mail, "postfix");
		r->start_postfix = service_start(&r->mail);
	}
	if (r->start_postfix == NULL)
		r->start_postfix = alloc_format("%s start", r->postfix);
}

/* ---- the daemon's own commands ---- */

/* Of the directory of the map; NULL: it is nowhere, or has no name. *ours: it is
 * the user that asks. */
static const struct passwd *
owner_of(const char *map, bool *ours)
{
	char *copy = alloc_string(strchr(map, ':') + 1);
	const struct passwd *pw = NULL;
	struct stat st;

	*ours = false;
	if (*copy == '/' && stat(dirname(copy), &st) == 0) {
		*ours = st.st_uid == geteuid();
		pw = getpwuid(st.st_uid);
	}
	free(copy);
	return pw;
}

/* root tests no file and writes no map in the place of another user: unless the
 * settings name that user, a flag must. user: whom the daemon seems to run as if
 * there is no map yet; NULL: whoever asks. To be freed; NULL: it needs none. */
static char *
flagged_user(const struct strings *maps, const char *user)
{
	const struct passwd *pw = NULL;
	bool ours = false;

	for (size_t i = 0; pw == NULL && i < maps->count; i++)
		pw = owner_of(maps->list[i], &ours);
	if (pw != NULL)
		user = ours ? NULL : pw->pw_name;
	return user != NULL ? alloc_string(user) : NULL;
}

/* Frees user. */
static char *
user_flag(char *user)
{
	char *flag = user != NULL ? alloc_format(" --user=%s", user)
				  : alloc_string("");

	free(user);
	return flag;
}

/* Whether the file has this key in a line, even if it cannot be understood. */
static bool
has_key(const char *config, const char *key)
{
	char *line = alloc_format("\n%s:", key);
	struct err err;
	size_t len;
	char *text = readfile(config, SETTINGS_MAX, &len, &err);
	bool has = text != NULL &&
		   (strncmp(text, line + 1, strlen(line + 1)) == 0 ||
		    strstr(text, line) != NULL);

	free(text);
	free(line);
	return has;
}

bool
remedies_has_key(const struct remedies *r, const char *key)
{
	return has_key(r->config, key);
}

char *
remedies_setting(struct remedies *r, const char *key, const char *item,
		 size_t count, const char *replaced)
{
	bool is_set = strings_has(&r->set, key) ||
		      (count > 0 && has_key(r->config, key));

	strings_add(&r->set, key);
	if (replaced == NULL)
		return is_set ? alloc_format("add %s to %s: in %s", item, key,
					     r->config)
			      : alloc_format("set `%s: [%s]' in %s", key, item,
					     r->config);
	if (is_set && count > 1)
		return alloc_format("write %s in the place of %s in %s: of %s",
				    item, replaced, key, r->config);
	return alloc_format("set `%s: %s' in %s", key, item, r->config);
}

void
remedies_begin(struct remedies *r, const char *config, bool usual,
	       const struct strings *dbfiles)
{
	struct strings maps = {0};
	char *word = shellword(config), *user;
	size_t len;
	FILE *out = open_memstream(&r->flags, &len);

	if (!usual || access(config, F_OK) == 0)
		fprintf(out, " --config=%s", word);
	fflush(out);
	r->explain = alloc_format("pbsctl explain%s", r->flags);
	for (size_t i = 0; i < dbfiles->count; i++) {
		fputs(" --dbfile=", out);
		shellword_print(out, dbfiles->list[i]);
	}
	fclose(out);
	strings_add(&maps, "hash:" STATE_DIR "/" NAME);
	r->config = config;
	user = has_key(config, "user") || getpwnam(NAME) == NULL
		   ? alloc_string("")
		   : user_flag(flagged_user(
			 dbfiles->count > 0 ? dbfiles : &maps, NAME));
	r->check = alloc_format(NAME " --check%s%s", r->flags, user);
	free(user);
	strings_clear(&maps);
	free(word);
}

/* ---- start and stop it ---- */

/* Whether the service is what started this process. */
static bool
has_started(const struct service *service, pid_t pid)
{
	char name[PROCESS_NAME_MAX];

	switch (service->manager) {
	case MANAGER_SYSTEMD:
		return service->main == pid;
	case MANAGER_OPENRC:
	case MANAGER_SCRIPT:
		return process_has_word(pid, "cmdline", "--daemon") > 0;
	case MANAGER_RUNIT:
		process_name(process_parent(pid), name);
		return strcmp(name, "runsv") == 0;
	default:
		return false;
	}
}

/* One that hangs may not heed SIGTERM. Killed, its children empty the maps and
 * end, which takes them a moment, in which whatever watches it may start it. */
static char *
kill_and_start(const struct remedies *r, pid_t pid, const char *command)
{
	return alloc_format("kill -9 %ld; sleep 5; pbsctl status%s >/dev/null "
			    "2>&1 || %s",
			    (long)pid, r->flags, command);
}

/* Nothing is known to start this process again. */
static char *
restart_by_hand(const struct remedies *r, pid_t pid)
{
	char *command = command_of(pid), *restart;

	if (pid == 1)
		restart = alloc_string("restart this container");
	else if (r->hung)
		restart = kill_and_start(r, pid, command);
	else if (process_has_word(pid, "cmdline", "--daemon") > 0)
		restart = alloc_format(
		    "kill %ld; while kill -0 %ld 2>/dev/null; do sleep 1; "
		    "done; %s",
		    (long)pid, (long)pid, command);
	else
		restart = alloc_format(
		    "kill %ld; then, if nothing starts it again: %s",
		    (long)pid, command);
	free(command);
	return restart;
}

static char *
start_by_hand(const struct remedies *r, const struct conf *conf,
	      const char *flag)
{
	return alloc_format(NAME "%s%s%s", r->flags, flag,
			    conf->pidfile != NULL
				? ""
				: " --daemon=/run/" NAME ".pid");
}

static void
find_service(struct remedies *r, pid_t daemon)
{
	char *unit = daemon != 0 ? process_unit(daemon) : NULL;

	if (unit != NULL && manager_is_systemd())
		unit[strlen(unit) - strlen(".service")] = '\0';
	service_find(&r->service, unit != NULL ? unit : NAME);
	free(unit);
}

static void
find_commands(struct remedies *r, const struct conf *conf, pid_t daemon,
	      const char *flag)
{
	if (daemon != 0 && !has_started(&r->service, daemon)) {
		r->restart = restart_by_hand(r, daemon);
		r->reload = alloc_format("kill -HUP %ld", (long)daemon);
	} else {
		r->start = service_start(&r->service);
		r->restart = service_restart(&r->service);
		r->reload = service_reload(&r->service);
	}
	if (r->start == NULL)
		r->start = start_by_hand(r, conf, flag);
	if (r->restart == NULL)
		r->restart = alloc_string(r->start);
	/* What hangs reads no signal. If none runs, none can be reloaded; but
	 * only root sees that. */
	if (r->hung) {
		free(r->reload);
		r->reload = alloc_string(r->restart);
	}
	if (r->reload == NULL || (daemon == 0 && geteuid() == 0)) {
		free(r->reload);
		r->reload = alloc_string(r->start);
	}
}

/* The unit and the script name the usual user. */
static char *
find_user(const struct remedies *r, const struct conf *conf, pid_t daemon,
	  const char *user)
{
	long uid = daemon != 0 ? process_status(daemon, "Uid:") : -1;
	const struct passwd *pw = uid > 0 ? getpwuid((uid_t)uid) : NULL;

	if (pw != NULL)
		return alloc_string(pw->pw_name);
	if (conf->user != NULL)
		return alloc_string(conf->user);
	if (r->service.manager == MANAGER_SYSTEMD ||
	    r->service.manager == MANAGER_OPENRC ||
	    r->service.manager == MANAGER_SCRIPT)
		return alloc_string(NAME);
	return flagged_user(&conf->maps, user);
}

static void
put_before(char **command, const char *text)
{
	char *both = alloc_format("%s%s", text, *command);

	free(*command);
	*command = both;
}

/* What is missing is made before the daemon starts. */
static void
prepare(struct remedies *r, const struct conf *conf, pid_t daemon,
	const char *config)
{
	char *first = places_prepare(conf, &r->service, r->user, config);

	if (daemon == 0) {
		put_before(&r->start, first);
		put_before(&r->reload, first);
	}
	put_before(&r->restart, first);
	free(first);
}

void
remedies_find(struct remedies *r, const struct conf *conf, pid_t daemon,
	      const char *user, const char *config)
{
	char *flag = user_flag(
	    conf->user == NULL ? flagged_user(&conf->maps, user) : NULL);

	free(r->check);
	r->check = alloc_format(NAME " --check%s%s", r->flags, flag);
	r->clear = alloc_format(NAME " --clear%s%s", r->flags, flag);
	find_service(r, daemon);
	r->user = find_user(r, conf, daemon, user);
	find_commands(r, conf, daemon, flag);
	prepare(r, conf, daemon, config);
	find_postfix(r);
	free(flag);
}

void
remedies_clear(struct remedies *r)
{
	strings_clear(&r->set);
	free(r->flags);
	free(r->user);
	free(r->check);
	free(r->explain);
	free(r->clear);
	free(r->start);
	free(r->restart);
	free(r->reload);
	free(r->start_postfix);
	free(r->postconf);
	free(r->postfix);
	free(r->postmap);
	service_clear(&r->service);
	service_clear(&r->mail);
	*r = (struct remedies){0};
}
