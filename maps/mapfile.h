/*
 * mapfile: what the map types that write a file have in common.
 *
 * Readers only ever see a whole file. A new one is built in the same directory
 * under a temporary name and renamed over the old one; a reader that has the
 * old file open goes on reading that. The file is never changed in place
 * (except by lmdb, see mapfile_changed()) and never unlinked: a Postfix process
 * that has once found the file missing does not look for it again.
 *
 * An empty map is kept ready beside the file, so that the map can be emptied
 * even when the disk is full.
 *
 * Several processes may write one map at the same time (the daemon and a
 * --clear): each uses its own temporary name, and the last rename wins.
 */
#ifndef MAPS_MAPFILE_H
#define MAPS_MAPFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "maps/map.h"

struct mapfile;

/*
 * Makes the empty file at path, which nobody else uses yet, a complete map.
 * data: what mapfile_publish() or mapfile_build() was given. 0, or -1: the file
 * is then removed.
 */
typedef int mapfile_build_fn(struct mapfile *, const void *data,
			     const char *path, struct err *);

/* Identifies a file and its contents, as far as stat(2) can. */
struct mapfile_mark {
	dev_t device;
	ino_t inode; /* 0: no file */
	off_t size;
	struct timespec mtime;
};

/* First member of the back end's own struct, or all of it. */
struct mapfile {
	struct map map; /* first */
	mapfile_build_fn *build;
	bool lock; /* rename under the lock of Postfix's own tools */
	char *directory;
	char *path; /* "/var/lib/x/map.db" */
	char *stem; /* "/var/lib/x/.map.db", begins the temporary names */
	struct mapfile_mark ours;  /* the file that we renamed to path */
	struct mapfile_mark ready; /* the empty map beside it */
	struct mapfile_mark built; /* by mapfile_build() */
};

/*
 * Checks the name (absolute, without the suffix), the directory (it must belong
 * to us or to root and be writable by nobody else) and the file (a regular one,
 * or missing), then builds the empty map. build is called with data NULL for
 * an empty map, and with a struct contents by mapfile_replace(). The caller
 * zeroes the struct before. 0, or -1: everything is released except the
 * struct.
 */
int mapfile_open(struct mapfile *, const char *name, const char *suffix,
		 mapfile_build_fn *build, const struct map_settings *,
		 struct err *);

/* Whether the name may be one: absolute, not of a directory, and without the
 * suffix. The file system is not asked. 0, or -1. */
int mapfile_check_name(const char *name, const char *suffix, struct err *);

/* The same as mapfile_open() without the empty map: writes nothing. After it
 * only the functions below may be used, and mapfile_release() instead of
 * mapfile_close(). */
int mapfile_init(struct mapfile *, const char *name, const char *suffix,
		 struct err *);
void mapfile_release(struct mapfile *); /* all but the memory of the struct */

/* Six of the map_ops. mapfile_clear() renames the empty map over the file, or
 * builds one if it is gone. mapfile_close() removes the empty map, leaves the
 * file, and frees the struct. */
int mapfile_replace(struct map *, const struct map_rows *, struct err *);
int mapfile_clear(struct map *, struct err *);
int mapfile_intact(struct map *);
bool mapfile_exists(const struct map *);
long long mapfile_bytes_a_change(const struct map *);
void mapfile_close(struct map *);

/* Builds a file, syncs it, renames it over the map and syncs the directory.
 * 0, or -1: the old map is as it was. */
int mapfile_publish(struct mapfile *, mapfile_build_fn *, const void *data,
		    struct err *);

/* The same in two steps, for those who have several files to replace: builds
 * and syncs the file; renames it and syncs the directory. Between them, *built
 * is its temporary name. mapfile_commit() frees it, and removes the file on
 * failure, as does mapfile_discard(). 0, or -1. */
int mapfile_build(struct mapfile *, mapfile_build_fn *, const void *data,
		  char **built, struct err *);
int mapfile_commit(struct mapfile *, char **built, struct err *);
void mapfile_discard(char **built);

/* Whether the disk has room for this many more bytes. 0, or -1. */
int mapfile_check_space(const struct mapfile *, uint64_t bytes, struct err *);

/* Takes the current file for the one that we wrote, whoever has written it. */
void mapfile_adopt(struct mapfile *);

/* For a build function that starts from the current map: copies it to path.
 * 0, or -1: it failed, or the current map is not the file that we wrote. */
int mapfile_copy(const struct mapfile *, const char *path, struct err *);

/* Records that we have changed the file in place, with the readers locked
 * out. */
void mapfile_changed(struct mapfile *);

#endif
