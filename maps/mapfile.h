/*
 * mapfile: the file of a map, which readers only ever see whole.
 *
 * A new file is built aside, in the same directory, and renamed over the old
 * one; who has the old one open goes on reading it. It is never changed in
 * place (but see mapfile_changed()) and never unlinked: a Postfix that once found
 * no file does not notice when it is back.
 *
 * An empty file is kept ready beside it, for the day when the disk is full
 * and the map must be emptied all the same.
 *
 * Several processes may do this to one file at once (the daemon and a --clear):
 * each builds under a name of its own, and the last rename counts.
 */
#ifndef MAPS_MAPFILE_H
#define MAPS_MAPFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct err;

/* Which file it was, and in what state. */
struct mapfile_mark {
	dev_t device; /* all zero: none */
	ino_t inode;
	off_t size;
	struct timespec mtime;
};

struct mapfile {
	char *directory;
	char *path; /* "/var/lib/x/map.db" */
	char *stem; /* "/var/lib/x/.map.db", for the files aside */
	struct mapfile_mark ours;  /* the file that we renamed in */
	struct mapfile_mark ready; /* the empty one aside */
};

/* Makes the empty file at path, new and nobody else's, a complete map. 0, or -1:
 * then it is removed. */
typedef int mapfile_build_fn(void *arg, const char *path, struct err *);

/*
 * Checks the name (absolute, without the suffix), the directory (there, ours or
 * root's, writable by nobody else) and the file (a regular one, or missing). To
 * be called under the user id that will write. 0; or -1, nothing to close.
 */
int mapfile_open(struct mapfile *, const char *name, const char *suffix,
		 struct err *);
void
mapfile_close(struct mapfile *); /* removes its empty file; the map stays */

/* Builds, fsyncs, renames over the map, fsyncs the directory. With lock: holds
 * the lock of Postfix's own tools on the old file during the rename, if it can
 * be had within a tenth of a second. 0, or -1: the old map is as it was. */
int mapfile_publish(struct mapfile *, mapfile_build_fn *, void *arg, bool lock,
		    struct err *);

/* Whether the disk has room for so many bytes more. 0, or -1. */
int mapfile_room(const struct mapfile *, uint64_t bytes, struct err *);

/*
 * For a build function that starts from the map as it is: copies it to path.
 * 0; or -1: not possible, or not the file that we put
 * there.
 */
int mapfile_copy(const struct mapfile *, const char *path, struct err *);

/* Builds the empty file to keep ready (arg: what makes it empty); one left by a process that died serves
 * when that fails. 0, or -1: there is none. */
int mapfile_prepare(struct mapfile *, mapfile_build_fn *, void *arg,
		    struct err *);

/* The empty file becomes the map. When it is gone, one is built. 0, or -1. */
int mapfile_clear(struct mapfile *, mapfile_build_fn *, void *arg, bool lock,
		  struct err *);

/* For a type whose readers are locked out meanwhile: we changed the file. */
void mapfile_changed(struct mapfile *);

/* 1 = the map is the file that we put there, unchanged (or we put none there
 * yet); 0 = it is not. */
int mapfile_intact(const struct mapfile *);

#endif
