#include "maps/mapfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "maps/contents.h"

int
mapfile_check_name(const char *name, const char *suffix, struct err *err)
{
	size_t len = strlen(name), slen = strlen(suffix);
	const char *base = strrchr(name, '/');

	if (name[0] != '/')
		return err_set(err, "the name must be an absolute path");
	if (base[1] == '\0' || strcmp(base, "/.") == 0 ||
	    strcmp(base, "/..") == 0)
		return err_set(err, "names a directory, not a file");
	if (slen > 0 && len > slen && strcmp(name + len - slen, suffix) == 0)
		return err_set(err,
			       "Postfix adds '%s' to the name itself: "
			       "write '%.*s'",
			       suffix, (int)(len - slen), name);
	return 0;
}

/* Root's smtpd parses the files in this directory, so whoever may write to it
 * must be trusted as much as Postfix itself. */
static int
check_directory(const char *directory, struct err *err)
{
	struct stat st;

	if (stat(directory, &st) < 0)
		return err_set(err, "directory %s: %s", directory,
			       strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err_set(err, "%s is not a directory", directory);
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err,
			       "directory %s is writable by others, not only "
			       "by its owner (mode %04o): Postfix would trust "
			       "what they put there",
			       directory, (unsigned int)st.st_mode & 07777);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return err_set(err,
			       "directory %s belongs to the user id %lu, not to "
			       "root or to the user id %lu, which runs this",
			       directory, (unsigned long)st.st_uid,
			       (unsigned long)geteuid());
	return 0;
}

static int
check_file(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			   ? 0
			   : err_set(err, "%s: %s", path, strerror(errno));
	if (S_ISLNK(st.st_mode))
		return err_set(err, "%s is a symbolic link", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s is not a regular file", path);
	return 0;
}

/* Whether it is the half-built file ("PREFIX.1234.tmp") of a process that no
 * longer runs. */
static bool
is_leftover(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);
	char *end;
	long pid;

	if (strncmp(name, prefix, len) != 0 || name[len] != '.')
		return false;
	pid = strtol(name + len + 1, &end, 10);
	return pid > 0 && strcmp(end, ".tmp") == 0 && kill((pid_t)pid, 0) < 0 &&
	       errno == ESRCH;
}

static void
remove_leftovers(const struct mapfile *file)
{
	DIR *dir = opendir(file->directory);
	const char *prefix = strrchr(file->stem, '/') + 1;
	const struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (is_leftover(entry->d_name, prefix))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static char *
temporary_name(const struct mapfile *file)
{
	return alloc_format("%s.%ld.tmp", file->stem, (long)getpid());
}

static void
set_names(struct mapfile *file, const char *name, const char *suffix)
{
	const char *base = strrchr(name, '/') + 1;

	/* The directory of "/map" is "/". */
	file->directory = base == name + 1
			      ? alloc_string("/")
			      : alloc_bytes(name, (size_t)(base - name) - 1);
	file->path = alloc_format("%s%s", name, suffix);
	file->stem =
	    alloc_format("%.*s.%s%s", (int)(base - name), name, base, suffix);
}

static struct mapfile_mark
mark_of(const struct stat *st)
{
	return (struct mapfile_mark){
	    .device = st->st_dev,
	    .inode = st->st_ino,
	    .size = st->st_size,
	    .mtime = st->st_mtim,
	};
}

static bool
mark_is_at(const struct mapfile_mark *mark, const char *path)
{
	struct stat st;

	return mark->inode != 0 && lstat(path, &st) == 0 &&
	       st.st_dev == mark->device && st.st_ino == mark->inode &&
	       st.st_size == mark->size &&
	       st.st_mtim.tv_sec == mark->mtime.tv_sec &&
	       st.st_mtim.tv_nsec == mark->mtime.tv_nsec;
}

static char *
ready_name(const struct mapfile *file)
{
	return alloc_format("%s.empty", file->stem);
}

/* Makes a new file readable for Postfix, and writes it to disk. */
static int
sync_file(const char *path, struct mapfile_mark *mark, struct err *err)
{
	struct stat st;
	int fd, saved;

	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0644) < 0 || fsync(fd) < 0 ||
	    fstat(fd, &st) < 0) {
		saved = errno;
		if (fd >= 0)
			close(fd);
		return err_set(err, "%s: %s", path, strerror(saved));
	}
	close(fd);
	*mark = mark_of(&st);
	return 0;
}

static int
sync_directory(const struct mapfile *file, struct err *err)
{
	int fd = open(file->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = fd < 0 ? -1 : fsync(fd);

	/* EINVAL: this file system cannot sync directories. */
	if (result < 0 && errno != EINVAL)
		err_set(err, "fsync of %s: %s", file->directory,
			strerror(errno));
	else
		result = 0;
	if (fd >= 0)
		close(fd);
	return result;
}

/*
 * Takes the lock that Postfix's own tools take on the map, so that our rename
 * does not cut into somebody's `postmap -i`. Readers do not need it, and anyone
 * who may read the file can hold it, so we wait no more than about a tenth of a
 * second. Returns the descriptor that holds the lock, or -1.
 */
static int
lock_old(const struct mapfile *file)
{
	int fd =
	    open(file->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -1;
	for (long ms = 1; flock(fd, LOCK_EX | LOCK_NB) < 0; ms *= 2) {
		if (ms > 32) {
			close(fd);
			return -1;
		}
		nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
	}
	return fd;
}

static int
rename_in(struct mapfile *file, const char *from,
	  const struct mapfile_mark *mark, struct err *err)
{
	int fd = file->lock ? lock_old(file) : -1;
	int result = rename(from, file->path), saved = errno;

	if (fd >= 0)
		close(fd); /* releases the lock */
	if (result < 0)
		return err_set(err, "rename to %s: %s", file->path,
			       strerror(saved));
	file->ours = *mark;
	return 0;
}

static int
create(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	/* The umask may have left us too little. */
	if (fd < 0 || fchmod(fd, 0600) < 0) {
		err_set(err, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	return 0;
}

/* Builds a file under this process's temporary name, which the caller frees.
 * NULL: it failed, and no file is left. */
static char *
build_temporary(struct mapfile *file, mapfile_build_fn *build, const void *data,
		struct mapfile_mark *mark, struct err *err)
{
	char *path = temporary_name(file);

	unlink(path); /* left by a process that had our id */
	if (create(path, err) == 0) {
		if (build(file, data, path, err) == 0 &&
		    sync_file(path, mark, err) == 0)
			return path;
		unlink(path);
	}
	free(path);
	return NULL;
}

int
mapfile_build(struct mapfile *file, mapfile_build_fn *build, const void *data,
	      char **built, struct err *err)
{
	*built = build_temporary(file, build, data, &file->built, err);
	return *built != NULL ? 0 : -1;
}

int
mapfile_commit(struct mapfile *file, char **built, struct err *err)
{
	if (rename_in(file, *built, &file->built, err) < 0) {
		mapfile_discard(built);
		return -1;
	}
	free(*built);
	*built = NULL;
	return sync_directory(file, err);
}

void
mapfile_discard(char **built)
{
	if (*built != NULL)
		unlink(*built);
	free(*built);
	*built = NULL;
}

int
mapfile_publish(struct mapfile *file, mapfile_build_fn *build, const void *data,
		struct err *err)
{
	char *built;

	return mapfile_build(file, build, data, &built, err) == 0
		   ? mapfile_commit(file, &built, err)
		   : -1;
}

int
mapfile_check_space(const struct mapfile *file, uint64_t bytes, struct err *err)
{
	struct statvfs fs;
	uint64_t blocks;

	/* f_blocks is 0: this file system does not report its size. */
	if (statvfs(file->directory, &fs) < 0 || fs.f_blocks == 0)
		return 0;
	blocks = geteuid() == 0 ? fs.f_bfree : fs.f_bavail;
	if (bytes / fs.f_frsize < blocks)
		return 0;
	return err_set(err, "%s: %s (%llu KiB needed)", file->directory,
		       strerror(ENOSPC), (unsigned long long)bytes / 1024);
}

static int
copy_bytes(int from, int to, uint64_t size)
{
	ssize_t copied;

	for (; size > 0; size -= (uint64_t)copied) {
		copied = copy_file_range(from, NULL, to, NULL, size, 0);
		if (copied == 0)
			errno = EIO; /* the file has become shorter */
		if (copied <= 0)
			return -1;
	}
	return 0;
}

int
mapfile_copy(const struct mapfile *file, const char *path, struct err *err)
{
	int result = -1, from, to = -1;

	from = open(file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (from >= 0)
		to = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (to >= 0)
		result = copy_bytes(from, to, (uint64_t)file->ours.size);
	if (result < 0)
		err_set(err, "copy to %s: %s", path, strerror(errno));
	/* Checked last: it must have been our file until the copy was done. */
	else if (!mark_is_at(&file->ours, file->path))
		result = err_set(err, "%s is not the file that we wrote",
				 file->path);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	return result;
}

/* Takes over the empty map of a process that died without closing. Only a
 * complete one ever gets this name. */
static int
adopt_ready(struct mapfile *file, const char *ready)
{
	struct stat st;

	if (lstat(ready, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	file->ready = mark_of(&st);
	return 0;
}

/* Builds the empty map that is kept ready. 0, or -1: there is no such map. */
static int
prepare(struct mapfile *file, struct err *err)
{
	struct mapfile_mark mark;
	char *ready = ready_name(file);
	char *path = build_temporary(file, file->build, NULL, &mark, err);
	int result = -1;

	if (path != NULL && rename(path, ready) == 0) {
		file->ready = mark;
		result = sync_directory(file, err);
	} else {
		if (path != NULL) {
			err_set(err, "rename to %s: %s", ready,
				strerror(errno));
			unlink(path);
		}
		result = adopt_ready(file, ready);
	}
	free(path);
	free(ready);
	return result;
}

void
mapfile_release(struct mapfile *file)
{
	char *ready = ready_name(file);

	if (mark_is_at(&file->ready, ready))
		unlink(ready);
	free(ready);
	free(file->directory);
	free(file->path);
	free(file->stem);
}

/* ---- the operations ---- */

int
mapfile_init(struct mapfile *file, const char *name, const char *suffix,
	     struct err *err)
{
	if (mapfile_check_name(name, suffix, err) < 0)
		return -1;
	set_names(file, name, suffix);
	if (check_directory(file->directory, err) == 0 &&
	    check_file(file->path, err) == 0) {
		remove_leftovers(file);
		return 0;
	}
	mapfile_release(file);
	return -1;
}

int
mapfile_open(struct mapfile *file, const char *name, const char *suffix,
	     mapfile_build_fn *build, const struct map_settings *settings,
	     struct err *err)
{
	file->map.settings = settings;
	file->build = build;
	if (mapfile_init(file, name, suffix, err) < 0)
		return -1;
	if (prepare(file, err) == 0)
		return 0;
	mapfile_release(file);
	return -1;
}

void
mapfile_close(struct map *map)
{
	mapfile_release((struct mapfile *)map);
	free(map);
}

int
mapfile_replace(struct map *map, const struct map_rows *rows, struct err *err)
{
	struct mapfile *file = (struct mapfile *)map;
	struct contents contents = {.rows = rows};

	return mapfile_publish(file, file->build, &contents, err);
}

int
mapfile_clear(struct map *map, struct err *err)
{
	struct mapfile *file = (struct mapfile *)map;
	char *ready = ready_name(file);
	struct err ignored;
	int result = -1;

	if (mark_is_at(&file->ready, ready))
		result = rename_in(file, ready, &file->ready, err);
	free(ready);
	if (result < 0)
		return mapfile_publish(file, file->build, NULL, err);
	file->ready = (struct mapfile_mark){0};
	result = sync_directory(file, err);
	/* For the next time, if there is room. */
	prepare(file, &ignored);
	return result;
}

int
mapfile_intact(struct map *map)
{
	const struct mapfile *file = (struct mapfile *)map;

	return file->ours.inode == 0 || mark_is_at(&file->ours, file->path);
}

bool
mapfile_exists(const struct map *map)
{
	const struct mapfile *file = (const struct mapfile *)map;

	return access(file->path, F_OK) == 0;
}

long long
mapfile_bytes_a_change(const struct map *map)
{
	const struct mapfile *file = (const struct mapfile *)map;
	struct statfs fs;

	if (statfs(file->directory, &fs) != 0 || fs.f_type == TMPFS_MAGIC ||
	    (uint32_t)fs.f_type == RAMFS_MAGIC) /* int on 32-bit systems */
		return 0;
	return file->ours.size;
}

void
mapfile_adopt(struct mapfile *file)
{
	struct stat st;

	if (lstat(file->path, &st) == 0)
		file->ours = mark_of(&st);
}

void
mapfile_changed(struct mapfile *file)
{
	struct stat st;

	if (lstat(file->path, &st) == 0 && st.st_dev == file->ours.device &&
	    st.st_ino == file->ours.inode)
		file->ours = mark_of(&st);
}
