#include "daemon/sys/atomic_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

enum { BUFFER = 64 * 1024 };

struct atomic_file {
	char *path, *tmp;
	FILE *file;
	char *buffer; /* the stream's */
	bool synced;
	int failure; /* of atomic_file_sync(): errno */
};

static int
set_error(const char *path, struct err *err)
{
	return err_set(err, "%s: cannot be saved: %s", path, strerror(errno));
}

static void
free_file(struct atomic_file **file)
{
	free((*file)->path);
	free((*file)->tmp);
	free((*file)->buffer);
	free(*file);
	*file = NULL;
}

struct atomic_file *
atomic_file_create(const char *path, struct err *err)
{
	struct atomic_file *s = alloc_zero(1, sizeof(*s));
	int fd;

	s->synced = true;
	s->path = alloc_string(path);
	s->tmp = alloc_format("%s.tmp", path);
	unlink(s->tmp); /* a crash may have left it */
	fd = open(s->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	s->file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (s->file == NULL) {
		set_error(path, err);
		if (fd >= 0)
			close(fd);
		free_file(&s);
		return NULL;
	}
	s->buffer = alloc_zero(1, BUFFER);
	setvbuf(s->file, s->buffer, _IOFBF, BUFFER);
	return s;
}

struct atomic_file *
atomic_file_create_public(const char *path, struct err *err)
{
	struct atomic_file *s = atomic_file_create(path, err);

	if (s == NULL)
		return NULL;
	s->synced = false;
	if (fchmod(fileno(s->file), 0644) == 0)
		return s;
	set_error(path, err);
	atomic_file_discard(&s);
	return NULL;
}

FILE *
atomic_file_stream(struct atomic_file *s)
{
	return s->file;
}

/* A rename is on disk only when the directory is. */
static int
sync_directory(const char *path)
{
	char *copy = alloc_string(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = -1;

	if (fd >= 0) {
		result = fsync(fd);
		close(fd);
	}
	free(copy);
	return result;
}

void
atomic_file_sync(struct atomic_file *s)
{
	if (fflush(s->file) != 0 || fsync(fileno(s->file)) != 0)
		s->failure = errno;
}

int
atomic_file_commit(struct atomic_file **file, struct err *err)
{
	struct atomic_file *s = *file;
	int result = 0;

	errno = s->failure;
	if (s->failure != 0 || fflush(s->file) != 0 || ferror(s->file) ||
	    (s->synced && fsync(fileno(s->file)) != 0))
		result = set_error(s->path, err);
	if (fclose(s->file) != 0 && result == 0)
		result = set_error(s->path, err);
	if (result == 0 && rename(s->tmp, s->path) != 0)
		result = set_error(s->path, err);
	if (result != 0)
		unlink(s->tmp);
	else if (s->synced && sync_directory(s->path) != 0)
		result = set_error(s->path, err);
	free_file(file);
	return result;
}

void
atomic_file_discard(struct atomic_file **file)
{
	if (*file == NULL)
		return;
	fclose((*file)->file);
	unlink((*file)->tmp);
	free_file(file);
}
