#include "daemon/sys/safe_path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"

static bool
is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static int
check(const char *path, const struct stat *st, struct err *err)
{
	if (!is_ours(st) || (st->st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	/* The owner's own group may write; many systems create files so. */
	if ((st->st_mode & S_IWOTH) == 0 && st->st_uid == st->st_gid &&
	    st->st_uid != 0)
		return 0;
	return err_set(err,
		       "%s: others than its owner may write it (mode %03o); "
		       "chmod go-w it",
		       path, (unsigned int)st->st_mode & 0777);
}

static int
check_files(DIR *dir, const char *name, struct err *err)
{
	const struct dirent *entry;
	int result = 0;

	while (result == 0 && (errno = 0, entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);
		struct stat st;
		char *path;

		if (len < 5 || strcmp(entry->d_name + len - 5, ".yaml") != 0 ||
		    fstatat(dirfd(dir), entry->d_name, &st, 0) != 0)
			continue;
		path = alloc_format("%s/%s", name, entry->d_name);
		result = check(path, &st, err);
		free(path);
	}
	if (entry == NULL && errno != 0)
		return err_set(err, "%s: %s", name, strerror(errno));
	return result;
}

/* What cannot be read is reported when it is read for use. */
static int
check_directory(const char *name, struct err *err)
{
	DIR *dir = opendir(name);
	struct stat st;
	int result = 0;

	if (dir == NULL)
		return 0;
	if (fstat(dirfd(dir), &st) == 0)
		result = check(name, &st, err);
	if (result == 0)
		result = check_files(dir, name, err);
	closedir(dir);
	return result;
}

int
safe_path_patterns(const struct strings *dirs, struct err *err)
{
	for (size_t i = 0; i < dirs->count; i++)
		if (check_directory(dirs->list[i], err) != 0)
			return -1;
	return 0;
}

/* As root, --user names the one whose directory it is. */
static int
refuse_owner(const char *dir, const struct stat *st, struct err *err)
{
	const struct passwd *owner = getpwuid(st->st_uid);

	if (owner == NULL)
		return err_set(err,
			       "the directory %s belongs to the user id %lu, "
			       "which has no name",
			       dir, (unsigned long)st->st_uid);
	if (geteuid() != 0)
		return err_set(err, "the directory %s belongs to the user %s",
			       dir, owner->pw_name);
	return err_set(err,
		       "the directory %s belongs to the user %s; root does not "
		       "write there: use --user=%s",
		       dir, owner->pw_name, owner->pw_name);
}

/* A sticky directory is for everybody, as /tmp is. */
static int
refuse_mode(const char *dir, const struct stat *st, struct err *err)
{
	if ((st->st_mode & S_ISVTX) != 0)
		return err_set(err,
			       "everybody can write the directory %s; use one "
			       "that nobody else can write",
			       dir);
	return err_set(err,
		       "others can write the directory %s (mode %03o); chmod "
		       "go-w it",
		       dir, (unsigned int)st->st_mode & 0777);
}

int
safe_path_check(const char *file, struct err *err)
{
	char *copy = alloc_string(file);
	const char *dir = dirname(copy);
	struct stat st;
	int result = 0;

	if (stat(dir, &st) != 0)
		result = err_set(err, "%s: %s", dir, strerror(errno));
	else if (!is_ours(&st))
		result = refuse_owner(dir, &st, err);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		result = refuse_mode(dir, &st, err);
	free(copy);
	return result == 0 ? 0 : err_prefix(err, "%s", file);
}
