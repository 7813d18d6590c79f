#include "tools/doctor/places.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/conf/conf.h"
#include "maps/map.h"
#include "tools/doctor/identity.h"
#include "tools/doctor/manager.h"
#include "tools/shellword.h"

/* ---- one place ---- */

struct search {
	const struct service *service;
	const char *user;
	bad_place_fn *fn;
	void *arg;
	struct strings reported; /* directories */
};

/* A user that does not exist yet may write only where everybody may. */
static bool
may_write(const char *user, const char *dir)
{
	struct identity who;
	struct stat st;

	if (user == NULL)
		return true;
	if (!identity_of(&who, user))
		return stat(dir, &st) == 0 && (st.st_mode & S_IWOTH) != 0;
	return identity_may(&who, dir, W_OK | X_OK) != 0;
}

static enum place_condition
condition_of(const struct search *search, const struct bad_place *place)
{
	struct stat st;

	if (*place->path != '/')
		return PLACE_RELATIVE;
	if (service_makes(search->service, place->dir))
		return PLACE_FINE;
	if (stat(place->dir, &st) != 0)
		return errno == ENOENT	  ? PLACE_MISSING
		       : errno == ENOTDIR ? PLACE_NO_DIRECTORY
					  : PLACE_FINE;
	if (!S_ISDIR(st.st_mode))
		return PLACE_NO_DIRECTORY;
	return !place->own || may_write(search->user, place->dir)
		   ? PLACE_FINE
		   : PLACE_CLOSED;
}

static void
try_place(struct search *search, const char *key, const char *value,
	  const char *path, bool own)
{
	char *copy = alloc_string(path);
	struct bad_place place = {PLACE_FINE, key, value,
				  path, dirname(copy), own};

	place.condition = condition_of(search, &place);
	if (place.condition == PLACE_RELATIVE) {
		search->fn(search->arg, &place);
	} else if (place.condition != PLACE_FINE &&
		   !strings_has(&search->reported, place.dir)) {
		strings_add(&search->reported, place.dir);
		search->fn(search->arg, &place);
	}
	free(copy);
}

/* ---- all of them ---- */

/* "hash:/PATH", "policy:unix:/PATH"; "socketmap:inet:HOST:PORT" has none. */
static const char *
path_of(const char *map)
{
	const char *name = strchr(map, ':') + 1;

	if (!map_spec_is_live(map))
		return name;
	return strncmp(name, "unix:", 5) == 0 ? name + 5 : NULL;
}

static void
try_written(struct search *search, const struct conf *conf)
{
	for (size_t i = 0; conf->write && i < conf->maps.count; i++) {
		const char *map = conf->maps.list[i], *path = path_of(map);

		if (path != NULL)
			try_place(search, "dbfile", map, path, true);
	}
	if (conf->write)
		try_place(search, "checkpoint", conf->checkpoint,
			  conf->checkpoint, true);
	if (conf->logto != NULL && strcmp(conf->logto, "-") != 0 &&
	    strcmp(conf->logto, "syslog") != 0)
		try_place(search, "logto", conf->logto, conf->logto, false);
	if (conf->pidfile != NULL)
		try_place(search, "daemon", conf->pidfile, conf->pidfile,
			  false);
}

/* What is read may be missing: whether it is there is looked at elsewhere. */
static void
try_read(struct search *search, const char *key, const struct strings *paths)
{
	for (size_t i = 0; i < paths->count; i++) {
		const char *path = paths->list[i];

		if (*path != '/' && strcmp(path, "-") != 0 &&
		    strncmp(path, "journal:", 8) != 0)
			try_place(search, key, path, path, false);
	}
}

void
places_each_bad(const struct conf *conf, const struct service *service,
		const char *user, bad_place_fn *fn, void *arg)
{
	struct search search = {service, user, fn, arg, {0}};

	try_read(&search, "logfile", &conf->logfiles);
	try_read(&search, "patterns", &conf->patterns);
	try_written(&search, conf);
	strings_clear(&search.reported);
}

/* ---- what makes them ready ---- */

char *
places_open(const char *user, const char *path, const char *dir)
{
	char *word = shellword(dir), *closed = NULL, *command;
	struct identity who;
	struct stat st;
	bool known = identity_of(&who, user);

	if (known)
		closed = identity_obstacle(&who, path);
	if (closed != NULL && strcmp(closed, dir) != 0)
		command = identity_let_pass(user, closed);
	else if (known && stat(dir, &st) == 0 && st.st_uid == who.uid)
		command = alloc_format("chmod u+rwx %s", word);
	else
		command = alloc_format("chown %s %s", user, word);
	free(closed);
	free(word);
	return command;
}

/* Whether anything lies there that is not named after the place: then this is no
 * directory of the daemon, but one such as /etc. */
static bool
has_others(const struct bad_place *place)
{
	const char *name = strrchr(place->path, '/') + 1;
	size_t len = strlen(name);
	DIR *stream = opendir(place->dir);
	const struct dirent *entry;
	bool others = false;

	while (stream != NULL && !others && (entry = readdir(stream)) != NULL) {
		const char *at = entry->d_name;

		at += *at == '.';
		others = *at != '\0' && strcmp(at, ".") != 0 &&
			 strncmp(at, name, len) != 0;
	}
	if (stream != NULL)
		closedir(stream);
	return others;
}

struct preparation {
	const struct service *service;
	const char *user, *config;
	FILE *words, *commands;
};

/* Whoever can enter the directory of a socket may ask: INSTALL, part 6. */
static void
create_directory(const struct preparation *p, const struct bad_place *place)
{
	bool given = place->own && p->user != NULL;
	bool asked = strcmp(place->key, "dbfile") == 0 &&
		     map_spec_is_live(place->value) &&
		     getgrnam("postfix") != NULL;

	fprintf(p->commands, "install -d %s%s%s ",
		asked ? "-g postfix -m 750" : "-m 755", given ? " -o " : "",
		given ? p->user : "");
	shellword_print(p->commands, place->dir);
	fputs(" && ", p->commands);
}

static void
prepare(void *arg, const struct bad_place *place)
{
	struct preparation *p = arg;
	char *command;

	if (place->condition == PLACE_RELATIVE)
		return;
	if (service_locks(p->service, place->dir) ||
	    place->condition == PLACE_NO_DIRECTORY ||
	    (place->condition == PLACE_CLOSED && has_others(place))) {
		fprintf(p->words,
			"name a place in " STATE_DIR " as %s: in %s, then: ",
			place->key, p->config);
	} else if (place->condition == PLACE_MISSING) {
		create_directory(p, place);
	} else {
		command = places_open(p->user, place->path, place->dir);
		fprintf(p->commands, "%s && ", command);
		free(command);
	}
}

char *
places_prepare(const struct conf *conf, const struct service *service,
	       const char *user, const char *config)
{
	struct preparation p = {service, user, config, NULL, NULL};
	char *words, *commands, *both;
	size_t len;

	p.words = open_memstream(&words, &len);
	p.commands = open_memstream(&commands, &len);
	if (user != NULL && getpwnam(user) == NULL) {
		both = manager_make_user(user);
		fprintf(p.commands, "%s && ", both);
		free(both);
	}
	places_each_bad(conf, service, user, prepare, &p);
	fclose(p.words);
	fclose(p.commands);
	both = alloc_format("%s%s", words, commands);
	free(words);
	free(commands);
	return both;
}
