#include "daemon/sys/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/readfile.h"

static const char *
owner_of(const struct stat *st)
{
	const struct passwd *owner = getpwuid(st->st_uid);

	return owner != NULL ? owner->pw_name : "without a name";
}

/* Its group may read it: that is how root gives a secret to a service. */
static int
check(int fd, const char *file, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_set(err, "%s: %s", file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, "%s: not a regular file", file);
	if ((st.st_mode & (S_IROTH | S_IWOTH | S_IWGRP)) != 0)
		return err_set(err,
			       "%s: others may %s it (mode %03o, owner %s); "
			       "chmod 640 it",
			       file, st.st_mode & S_IROTH ? "read" : "write",
			       (unsigned int)st.st_mode & 0777, owner_of(&st));
	return 0;
}

/* For the one who may not read it. */
static int
say_whose(const char *file, struct err *err)
{
	int code = errno;
	struct stat st;

	if (code != EACCES || stat(file, &st) != 0)
		return err_set(err, "%s: %s", file, strerror(code));
	return err_set(err, "%s: %s (mode %03o, owner %s)", file,
		       strerror(code), (unsigned int)st.st_mode & 0777,
		       owner_of(&st));
}

char *
secret_file_read(const char *file, size_t max, struct err *err)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	size_t len;

	if (fd < 0) {
		say_whose(file, err);
		return NULL;
	}
	if (check(fd, file, err) == 0)
		text = readfile_fd(fd, file, max, &len, err);
	close(fd);
	if (text != NULL && len == 0) {
		err_set(err, "%s: is empty", file);
		free(text);
		text = NULL;
	}
	return text;
}
