/*
 * cdb: a constant database, NAME.cdb. The format allows no changes, so each
 * update writes a new file, and the rename makes each smtpd restart, as with
 * hash.
 */
#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/backends.h"
#include "maps/contents.h"
#include "maps/map.h"
#include "maps/mapfile.h"
#include "maps/string_format.h"

/* Without the NULs, as postmap(1) writes this type; readers try both. */
static int
put(struct cdb_make *cdb, const struct entry *entry)
{
	return cdb_make_add(cdb, entry->key, (unsigned)entry->key_size - 1,
			    entry->value, (unsigned)entry->value_size - 1);
}

static int
put_contents(struct cdb_make *cdb, struct contents_cursor *cursor)
{
	struct entry entry;

	while (contents_next(cursor, &entry))
		if (put(cdb, &entry) < 0)
			return -1;
	return 0;
}

/* 0, or an errno. */
static int
write_whole(int fd, struct contents_cursor *cursor)
{
	struct cdb_make cdb;
	int code = 0;

	if (cdb_make_start(&cdb, fd) < 0)
		return errno;
	if (put_contents(&cdb, cursor) < 0)
		code = errno;
	/* Even after a failure, because it frees the memory. */
	if (cdb_make_finish(&cdb) < 0 && code == 0)
		code = errno;
	return code;
}

static int
build(struct mapfile *file, const void *contents, const char *path,
      struct err *err)
{
	struct contents_cursor cursor = {
	    .contents = contents,
	    .settings = file->map.settings,
	};
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC), code;

	if (fd < 0)
		return err_set(err, "open %s: %s", path, strerror(errno));
	code = write_whole(fd, &cursor);
	if (close(fd) < 0 && code == 0)
		code = errno;
	return code == 0 ? 0
			 : err_set(err, "write %s: %s", path, strerror(code));
}

static struct map *
cdb_open(const char *name, const struct map_settings *settings, struct err *err)
{
	struct mapfile *file = alloc_zero(1, sizeof(*file));

	file->lock = settings->flock;
	if (mapfile_open(file, name, ".cdb", build, settings, err) == 0)
		return &file->map;
	free(file);
	return NULL;
}

const struct map_ops map_cdb = {
    .type = "cdb",
    .shortened = true,
    .open = cdb_open,
    .replace = mapfile_replace,
    .clear = mapfile_clear,
    .intact = mapfile_intact,
    .exists = mapfile_exists,
    .bytes_a_change = mapfile_bytes_a_change,
    .close = mapfile_close,
};

/* ---- maps of strings ---- */

static int
walk(struct cdb *cdb, map_strings_fn *fn, void *arg)
{
	const char *key;
	unsigned at;
	int code;

	cdb_seqinit(&at, cdb);
	while ((code = cdb_seqnext(&at, cdb)) > 0) {
		key = cdb_getkey(cdb);
		if (key == NULL)
			return -1;
		fn(arg, key, strnlen(key, cdb_keylen(cdb)));
	}
	return code;
}

static int
read_keys(const char *path, map_strings_fn *fn, void *arg, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), code = 0;
	struct cdb cdb;

	if (fd < 0 || cdb_init(&cdb, fd) < 0) {
		code = err_set(err, "open %s: %s", path, strerror(errno));
	} else {
		if (walk(&cdb, fn, arg) < 0)
			code =
			    err_set(err, "read %s: %s", path, strerror(errno));
		cdb_free(&cdb);
	}
	if (fd >= 0)
		close(fd);
	return code;
}

const struct string_format string_cdb = {
    .type = "cdb",
    .suffix = ".cdb",
    .build = build,
    .read = read_keys,
};
