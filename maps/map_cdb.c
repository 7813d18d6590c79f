/*
 * cdb: a constant database, NAME.cdb, always a new one: the type knows no
 * change. As hash it makes each smtpd restart when it is renamed in.
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
#include "maps/entry.h"
#include "maps/mapfile.h"

struct map_cdb {
	struct map map; /* first */
	struct mapfile file;
};

struct build {
	const struct map_rows *rows;
	const struct map_settings *settings;
};

/* Without the NULs, as postmap(1) writes this type; readers try both. */
static int
put(struct cdb_make *cdb, const struct entry *entry)
{
	return cdb_make_add(cdb, entry->key, (unsigned)entry->key_size - 1,
			    entry->value, (unsigned)entry->value_size - 1);
}

static int
put_rows(struct cdb_make *cdb, const struct build *build)
{
	struct map_row row = {.present = true};
	struct entry entry;

	while (build->rows->next(build->rows->arg, &row))
		for (unsigned int i = 0;
		     entry_from_row(&entry, &row, build->settings, i); i++)
			if (put(cdb, &entry) < 0)
				return -1;
	return 0;
}

/* 0, or what errno became. */
static int
write_whole(int fd, const struct build *build)
{
	struct cdb_make cdb;
	int code = 0;

	if (cdb_make_start(&cdb, fd) < 0)
		return errno;
	if (build != NULL && put_rows(&cdb, build) < 0)
		code = errno;
	/* Also after a failure: it frees what it holds. */
	if (cdb_make_finish(&cdb) < 0 && code == 0)
		code = errno;
	return code;
}

/* mapfile_build_fn: arg is a struct build, NULL = no row. */
static int
build_cdb(void *arg, const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC), code;

	if (fd < 0)
		return err_set(err, "open %s: %s", path, strerror(errno));
	code = write_whole(fd, arg);
	if (close(fd) < 0 && code == 0)
		code = errno;
	return code == 0 ? 0
			 : err_set(err, "write %s: %s", path, strerror(code));
}

static struct map *
cdb_open(const char *name, const struct map_settings *settings, struct err *err)
{
	struct map_cdb *cdb = alloc_zero(1, sizeof(*cdb));

	(void)settings;
	if (mapfile_open(&cdb->file, name, ".cdb", err) < 0) {
		free(cdb);
		return NULL;
	}
	if (mapfile_prepare(&cdb->file, build_cdb, NULL, err) < 0) {
		mapfile_close(&cdb->file);
		free(cdb);
		return NULL;
	}
	return &cdb->map;
}

static int
cdb_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct map_cdb *cdb = (struct map_cdb *)map;
	struct build build = {.rows = rows, .settings = map->settings};

	return mapfile_publish(&cdb->file, build_cdb, &build,
			       map->settings->flock, err);
}

static int
cdb_clear(struct map *map, struct err *err)
{
	struct map_cdb *cdb = (struct map_cdb *)map;

	return mapfile_clear(&cdb->file, build_cdb, NULL, map->settings->flock,
			     err);
}

static int
cdb_intact(struct map *map)
{
	return mapfile_intact(&((struct map_cdb *)map)->file);
}

static void
cdb_close(struct map *map)
{
	struct map_cdb *cdb = (struct map_cdb *)map;

	mapfile_close(&cdb->file);
	free(cdb);
}

const struct map_ops map_cdb = {
    .type = "cdb",
    .open = cdb_open,
    .replace = cdb_replace,
    .clear = cdb_clear,
    .intact = cdb_intact,
    .close = cdb_close,
};
