#include "daemon/publish/former_maps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "daemon/conf/conf.h"
#include "daemon/publish/map_lock.h"
#include "daemon/sys/atomic_file.h"
#include "daemon/sys/lockfile.h"
#include "daemon/sys/safe_path.h"
#include "daemon/sys/secret_file.h"
#include "maps/map.h"

enum { BYTES_MAX = 1 << 20 };

static char *
list_name(const struct conf *conf)
{
	return alloc_format("%s.maps", conf->checkpoint);
}

/* The name with the real path of its directory, so that another way to write
 * the same path is not another map. */
static char *
real_name(const char *map)
{
	const char *path = strchr(map, ':') + 1, *base = strrchr(path, '/') + 1;
	char *directory = alloc_bytes(path, (size_t)(base - path));
	char *real = realpath(directory, NULL), *name;

	if (real != NULL)
		name = alloc_format("%.*s%s%s%s", (int)(path - map), map, real,
				    real[1] != '\0' ? "/" : "", base);
	else
		name = alloc_string(map);
	free(directory);
	free(real);
	return name;
}

static void
add_ours(struct strings *maps, const struct conf *conf)
{
	for (size_t i = 0; i < conf->maps.count; i++) {
		char *name;

		if (map_spec_is_live(conf->maps.list[i]))
			continue;
		name = real_name(conf->maps.list[i]);
		strings_add(maps, name);
		free(name);
	}
}

/* ---- the file ---- */

static bool
is_map_file(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon != NULL && colon > name && colon[1] == '/';
}

static int
split(char *text, const char *file, struct strings *maps, struct err *err)
{
	char *at, *line;

	for (line = strtok_r(text, "\n", &at); line != NULL;
	     line = strtok_r(NULL, "\n", &at)) {
		if (!is_map_file(line))
			return err_set(err, "%s: '%s' is not a map", file,
				       line);
		strings_add(maps, line);
	}
	return 0;
}

/* 0, or -1. */
static int
read_list(const struct conf *conf, struct strings *maps, struct err *err)
{
	char *file = list_name(conf), *text = NULL;
	int result = 0;

	if (access(file, F_OK) == 0 || errno != ENOENT) {
		result = safe_path_check(file, err);
		if (result == 0)
			text = secret_file_read(file, BYTES_MAX, err);
		result = text != NULL ? split(text, file, maps, err) : -1;
	}
	free(text);
	free(file);
	return result;
}

static int
write_list(const char *file, const struct strings *maps, struct err *err)
{
	struct atomic_file *out = atomic_file_create(file, err);

	if (out == NULL)
		return -1;
	for (size_t i = 0; i < maps->count; i++)
		fprintf(atomic_file_stream(out), "%s\n", maps->list[i]);
	return atomic_file_commit(&out, err);
}

/* ---- emptying ---- */

/* A directory that is gone took the map with it. */
static bool
has_directory(const char *name)
{
	const char *path = strchr(name, ':') + 1;
	char *directory =
	    alloc_bytes(path, (size_t)(strrchr(path, '/') + 1 - path));
	bool there = access(directory, F_OK) == 0 || errno != ENOENT;

	free(directory);
	return there;
}

static int
clear_locked(const char *name, const struct map_settings *settings,
	     struct err *err)
{
	struct map *map = map_open(name, "hash", settings, err);
	int result = map != NULL ? 0 : -1;

	if (map != NULL && map_exists(map)) {
		result = map_clear(map, err);
		if (result == 0)
			log_warning("cleared %s: it is no longer in dbfile:",
				    name);
	}
	map_close(&map);
	return result;
}

/* Takes the lock and empties the map. False: *err says why not, and whether
 * another process holds the lock. */
static bool
clear_map(const char *name, const struct strings *ours,
	  const struct map_settings *settings, bool *held, struct err *err)
{
	char *path = map_lock_path(name, ours, ours->count);
	struct lockfile *lock = map_lock_take(path, held, err);
	bool cleared = lock != NULL && clear_locked(name, settings, err) == 0;

	lockfile_release(&lock);
	free(path);
	return cleared;
}

/* 0, or -1, as former_maps_clear(). */
static int
clear_former(struct former_maps *former, const char *name,
	     const struct strings *ours, const struct map_settings *settings)
{
	struct err err;
	bool held;

	if (!has_directory(name) ||
	    clear_map(name, ours, settings, &held, &err))
		return 0;
	strings_add(&former->left, name);
	if (held) {
		log_info("%s is no longer in dbfile:, but was not cleared: %s",
			 name, err.text);
		return 0;
	}
	log_warning("%s is no longer in dbfile:, but cannot be cleared: %s; "
		    "whom it holds may stay authorized: take it out of "
		    "main.cf, then delete it",
		    name, err.text);
	return -1;
}

int
former_maps_clear(struct former_maps *former, const struct conf *conf)
{
	const struct map_settings settings = conf_map_settings(conf);
	struct strings listed = {0}, ours = {0};
	struct err err;
	int result = read_list(conf, &listed, &err);

	former->known = result == 0;
	if (!former->known)
		log_warning("%s; whom maps hold that were taken out of "
			    "dbfile: may stay authorized",
			    err.text);
	add_ours(&ours, conf);
	for (size_t i = 0; i < listed.count; i++)
		if (strings_has(&ours, listed.list[i]))
			strings_add(&former->listed, listed.list[i]);
		else if (clear_former(former, listed.list[i], &ours,
				      &settings) != 0)
			result = -1;
	strings_clear(&ours);
	strings_clear(&listed);
	return result;
}

/* ---- saving ---- */

static void
add_all(struct strings *to, const struct strings *from)
{
	for (size_t i = 0; i < from->count; i++)
		strings_add(to, from->list[i]);
}

static bool
is_saved(const struct conf *conf, const struct strings *maps)
{
	struct strings saved = {0};
	struct err ignored;
	bool same = read_list(conf, &saved, &ignored) == 0 &&
		    saved.count == maps->count;

	for (size_t i = 0; same && i < maps->count; i++)
		same = strings_has(&saved, maps->list[i]);
	strings_clear(&saved);
	return same;
}

void
former_maps_save(const struct former_maps *former, const struct conf *conf,
		 enum former_maps_ours ours)
{
	struct strings maps = {0};
	struct err err;
	char *file;

	if (!former->known)
		return;
	file = list_name(conf);
	if (ours == FORMER_MAPS_ALL)
		add_ours(&maps, conf);
	else if (ours == FORMER_MAPS_LISTED)
		add_all(&maps, &former->listed);
	add_all(&maps, &former->left);
	if (maps.count == 0)
		unlink(file);
	else if (!is_saved(conf, &maps) && write_list(file, &maps, &err) != 0)
		log_warning("%s; if the daemon is killed and a map then taken "
			    "out of dbfile:, that map will not be cleared",
			    err.text);
	strings_clear(&maps);
	free(file);
}

void
former_maps_forget(struct former_maps *former)
{
	strings_clear(&former->left);
	strings_clear(&former->listed);
	former->known = false;
}
