#include "daemon/sys/lockfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"

struct lockfile {
	char *path;
	int fd;
};

/* Whether the locked file still has that name. Somebody may have removed or
 * replaced it between open and flock. */
static bool
has_name(int fd, const char *path)
{
	struct stat held, there;

	return fstat(fd, &held) == 0 && lstat(path, &there) == 0 &&
	       held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

static int
set_holder_error(int fd, const char *path, struct err *err)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid;

	text[n > 0 ? n : 0] = '\0';
	pid = strtol(text, NULL, 10);
	if (pid <= 0)
		return err_set(err, "%s: held by another process", path);
	return err_set(err, "%s: held by process %ld; is it already running?",
		       path, pid);
}

/* For a file that does not exist, the problem is its directory: "PATH: No such
 * file" would be no help for a file that we want to create. */
static int
set_open_error(const char *path, struct err *err)
{
	int error = errno;
	char *copy = alloc_string(path);
	const char *dir = dirname(copy);

	if (error == ELOOP)
		err_set(err, "%s: a symbolic link, which is not followed",
			path);
	else if (access(path, F_OK) == 0)
		err_set(err, "%s: open: %s", path, strerror(error));
	else
		err_set(err, "directory %s: %s (cannot create %s in it)", dir,
			strerror(error), path + strlen(dir) + 1);
	free(copy);
	return -1;
}

/* An older version may have created it with access for all. */
static void
restrict_mode(int fd, const struct stat *st, mode_t mode)
{
	if ((st->st_mode & 0777 & ~mode) != 0 && fchmod(fd, mode) != 0)
		log_debug("cannot restrict access to a lock file: %s",
			  strerror(errno));
}

/* Follows no symbolic link, and accepts only a regular file without other hard
 * links. */
static int
open_plain(const char *path, mode_t mode, struct err *err)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return set_open_error(path, err);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink <= 1) {
		restrict_mode(fd, &st, mode);
		return fd;
	}
	close(fd);
	return err_set(err, "%s: not a plain file", path);
}

/* The descriptor of the locked file, or -1. */
static int
open_locked(const char *path, mode_t mode, bool *held, struct err *err)
{
	for (int tries = 0; tries < 100; tries++) {
		int fd = open_plain(path, mode, err);

		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			*held = errno == EWOULDBLOCK;
			if (*held)
				set_holder_error(fd, path, err);
			else
				err_set(err, "%s: flock: %s", path,
					strerror(errno));
			close(fd);
			return -1;
		}
		if (has_name(fd, path))
			return fd;
		close(fd);
	}
	return err_set(err, "%s: somebody keeps replacing it", path);
}

/* On a full disk, the lock works without the pid. */
static int
write_pid(int fd, const char *path, struct err *err)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) != 0 ||
	    (pwrite(fd, text, (size_t)len, 0) != len && errno != ENOSPC))
		return err_set(err, "%s: write: %s", path, strerror(errno));
	return 0;
}

static struct lockfile *
take(const char *path, mode_t mode, bool *held, struct err *err)
{
	struct lockfile *lock;
	bool ignored;
	int fd;

	if (held == NULL)
		held = &ignored;
	*held = false;
	fd = open_locked(path, mode, held, err);

	if (fd < 0)
		return NULL;
	if (write_pid(fd, path, err) != 0) {
		close(fd);
		return NULL;
	}
	lock = alloc_zero(1, sizeof(*lock));
	lock->path = alloc_string(path);
	lock->fd = fd;
	return lock;
}

struct lockfile *
lockfile_take(const char *path, bool *held, struct err *err)
{
	return take(path, 0600, held, err);
}

struct lockfile *
lockfile_take_pidfile(const char *path, bool *held, struct err *err)
{
	return take(path, 0644, held, err);
}

void
lockfile_release(struct lockfile **lock)
{
	if (*lock != NULL && has_name((*lock)->fd, (*lock)->path) &&
	    unlink((*lock)->path) != 0 && ftruncate((*lock)->fd, 0) != 0)
		log_debug("%s is left, with our pid", (*lock)->path);
	lockfile_close(lock);
}

void
lockfile_adopt(struct lockfile *lock)
{
	struct err ignored;

	write_pid(lock->fd, lock->path, &ignored);
}

void
lockfile_close(struct lockfile **lock)
{
	if (*lock == NULL)
		return;
	close((*lock)->fd);
	free((*lock)->path);
	free(*lock);
	*lock = NULL;
}
