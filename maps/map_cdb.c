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
#include "maps/entry.h"
#include "maps/map.h"
#include "maps/mapfile.h"

/* Without the NULs, as postmap(1) writes this type; readers try both. */
static int
put(struct cdb_make *cdb, const struct entry *entry)
{
	return cdb_make_add(cdb, entry->key, (unsigned)entry->key_size - 1,
			    entry->value, (unsigned)entry->value_size - 1);
}

static int
put_rows(struct cdb_make *cdb, const struct map_rows *rows,
	 const struct map_settings *settings)
{
	struct map_row row = {.present = true};
	struct entry entry;

	while (rows->next(rows->arg, &row))
		for (unsigned int i = 0;
		     entry_from_row(&entry, &row, settings, i); i++)
			if (put(cdb, &entry) < 0)
				return -1;
	return 0;
}

/* 0, or an errno. */
static int
write_whole(int fd, const struct map_rows *rows,
	    const struct map_settings *settings)
{
	struct cdb_make cdb;
	int code = 0;

	if (cdb_make_start(&cdb, fd) < 0)
		return errno;
	if (rows != NULL && put_rows(&cdb, rows, settings) < 0)
		code = errno;
	/* Even after a failure, because it frees the memory. */
	if (cdb_make_finish(&cdb) < 0 && code == 0)
		code = errno;
	return code;
}

static int
build(struct mapfile *file, const void *rows, const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC), code;

	if (fd < 0)
		return err_set(err, "open %s: %s", path, strerror(errno));
	code = write_whole(fd, rows, file->map.settings);
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
    .open = cdb_open,
    .replace = mapfile_replace,
    .clear = mapfile_clear,
    .intact = mapfile_intact,
    .close = mapfile_close,
};
