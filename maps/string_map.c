#include "maps/string_map.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "base/writeall.h"
#include "maps/contents.h"
#include "maps/string_format.h"

struct string_map {
	struct mapfile file;		    /* first */
	const struct string_format *format; /* NULL: text */
	struct map_settings settings;
	struct mapfile previous; /* the file before */
	char *name;		 /* "type:name", for messages */
	char *built; /* the temporary name of the next file; or NULL */
	int lock;    /* -1: none */
};

struct text {
	const char *bytes;
	size_t len;
};

static const size_t TEXT_MAX = (size_t)1 << 30;

static const struct string_format *const FORMATS[] = {
    &string_hash,
#ifndef WITHOUT_LMDB
    &string_lmdb,
#endif
#ifndef WITHOUT_CDB
    &string_cdb,
#endif
};

enum { NFORMATS = sizeof(FORMATS) / sizeof(FORMATS[0]) };

static const struct string_format *
find_format(const char *type)
{
	for (size_t i = 0; i < NFORMATS; i++)
		if (strcmp(FORMATS[i]->type, type) == 0)
			return FORMATS[i];
	return NULL;
}

int
string_map_check_type(const char *type, struct err *err)
{
	const char *names[NFORMATS + 1] = {NULL};
	char *known;

	if (find_format(type) != NULL)
		return 0;
	for (size_t i = 0; i < NFORMATS; i++)
		names[i] = FORMATS[i]->type;
	known = alloc_join(names, ", ");
	err_set(err, "unknown map type '%s' (known: %s)", type, known);
	free(known);
	return -1;
}

static const char *
suffix_of(const struct string_format *format)
{
	return format != NULL ? format->suffix : "";
}

int
string_map_check_name(const char *type, const char *name, struct err *err)
{
	struct stat st;

	if (mapfile_check_name(name, suffix_of(find_format(type)), err) < 0)
		return -1;
	if (stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, "names a directory, not a file");
	for (; *name != '\0'; name++)
		if ((unsigned char)*name <= ' ' || *name == '\177' ||
		    strchr(",{}$", *name) != NULL)
			return err_set(err,
				       "main.cf cannot name it: blanks, "
				       "commas, braces, `$' and control "
				       "characters mean something else there");
	return 0;
}

char *
string_map_path(const char *type, const char *name)
{
	return alloc_format("%s%s", name, suffix_of(find_format(type)));
}

/* Makes every message name its map. */
static int
result(const struct string_map *map, int code, struct err *err)
{
	return code < 0 ? err_prefix(err, "%s", map->name) : code;
}

/* 0, or -1: nothing is open. */
static int
open_files(struct string_map *map, const char *name, struct err *err)
{
	const char *suffix = suffix_of(map->format);
	char *previous = alloc_format("%s.previous", name);
	int code = mapfile_init(&map->file, name, suffix, err);

	if (code == 0) {
		code = mapfile_init(&map->previous, previous, suffix, err);
		if (code < 0)
			mapfile_release(&map->file);
	}
	free(previous);
	return code;
}

struct string_map *
string_map_open(const char *type, const char *name, const char *value,
		struct err *err)
{
	struct string_map *map = alloc_zero(1, sizeof(*map));

	map->format = find_format(type);
	assert(map->format != NULL || *type == '\0');
	map->name = alloc_format("%s%s%s", type, *type ? ":" : "", name);
	map->settings = (struct map_settings){.value = value, .flock = true};
	map->file.map.settings = &map->settings;
	map->file.lock = true;
	map->lock = -1;
	if (result(map, open_files(map, name, err), err) == 0)
		return map;
	free(map->name);
	free(map);
	return NULL;
}

void
string_map_close(struct string_map **mapp)
{
	struct string_map *map = *mapp;

	if (map == NULL)
		return;
	mapfile_discard(&map->built);
	mapfile_release(&map->file);
	mapfile_release(&map->previous);
	if (map->lock >= 0)
		close(map->lock);
	free(map->name);
	free(map);
	*mapp = NULL;
}

static int
lock_file(struct string_map *map, const char *path, struct err *err)
{
	int code;

	map->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (map->lock < 0)
		return err_set(err, "%s: %s", path, strerror(errno));
	while ((code = flock(map->lock, LOCK_EX)) < 0 && errno == EINTR)
		;
	return code == 0 ? 0
			 : err_set(err, "lock %s: %s", path, strerror(errno));
}

int
string_map_lock(struct string_map *map, struct err *err)
{
	char *path = alloc_format("%s.lock", map->file.stem);
	int code = lock_file(map, path, err);

	free(path);
	return result(map, code, err);
}

/* ---- reading ---- */

bool
string_map_exists(const struct string_map *map)
{
	struct stat st;

	return lstat(map->file.path, &st) == 0;
}

int
string_map_read(const struct string_map *map, map_strings_fn *fn, void *arg,
		struct err *err)
{
	if (!string_map_exists(map))
		return 0;
	return map->format->read(map->file.path, fn, arg, err) == 0
		   ? 1
		   : result(map, -1, err);
}

int
string_map_read_text(const struct string_map *map, char **text, size_t *len,
		     struct err *err)
{
	*text = NULL;
	*len = 0;
	if (!string_map_exists(map))
		return 0;
	*text = readfile(map->file.path, TEXT_MAX, len, err);
	return *text != NULL ? 1 : -1;
}

bool
string_map_is_newer(const struct string_map *map,
		    const struct string_map *other)
{
	struct stat a, b;

	if (lstat(map->file.path, &a) < 0 || lstat(other->file.path, &b) < 0)
		return false;
	return a.st_mtim.tv_sec != b.st_mtim.tv_sec
		   ? a.st_mtim.tv_sec > b.st_mtim.tv_sec
		   : a.st_mtim.tv_nsec > b.st_mtim.tv_nsec;
}

/* ---- writing ---- */

int
string_map_build(struct string_map *map, const struct map_strings *strings,
		 struct err *err)
{
	struct contents contents = {.strings = strings};

	return result(map,
		      mapfile_build(&map->file, map->format->build, &contents,
				    &map->built, err),
		      err);
}

/* A mapfile_build_fn. */
static int
build_text(struct mapfile *file, const void *data, const char *path,
	   struct err *err)
{
	const struct text *text = data;
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC), code = 0;

	(void)file;
	if (fd < 0 || writeall(fd, text->bytes, text->len) < 0)
		code = errno;
	if (fd >= 0 && close(fd) < 0 && code == 0)
		code = errno;
	return code == 0 ? 0
			 : err_set(err, "write %s: %s", path, strerror(code));
}

int
string_map_build_text(struct string_map *map, const char *bytes, size_t len,
		      struct err *err)
{
	struct text text = {.bytes = bytes, .len = len};

	return result(
	    map, mapfile_build(&map->file, build_text, &text, &map->built, err),
	    err);
}

/* A mapfile_build_fn: what the map has now. */
static int
build_copy(struct mapfile *previous, const void *current, const char *path,
	   struct err *err)
{
	(void)previous;
	return mapfile_copy(current, path, err);
}

/*
 * A copy. With a second link the old file would not lose its last name when it
 * is replaced, and that is how an smtpd(8) that has it open notices (Postfix's
 * dict_changed_name(); it compares the time, too, but not of lmdb).
 */
int
string_map_keep(struct string_map *map, struct err *err)
{
	if (!string_map_exists(map))
		return 0;
	mapfile_adopt(&map->file);
	return result(
	    map, mapfile_publish(&map->previous, build_copy, &map->file, err),
	    err);
}

int
string_map_commit(struct string_map *map, struct err *err)
{
	return result(map, mapfile_commit(&map->file, &map->built, err), err);
}
