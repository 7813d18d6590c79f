#include "tools/setup/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/readfile.h"
#include "daemon/sys/subprocess.h"

enum { POSTCONF_MS = 30 * 1000, FILE_MAX = 16 * 1024 * 1024 };

static const char *const files[] = {"main.cf", "master.cf"};

int
edit_apply(const struct strings *settings, struct err *err)
{
	const char **argv =
	    alloc_zero(settings->count + 3, sizeof(*argv));
	char *output = NULL;
	int code;

	argv[0] = "postconf";
	argv[1] = "-e";
	for (size_t i = 0; i < settings->count; i++)
		argv[2 + i] = settings->list[i];
	code = subprocess_run(argv, POSTCONF_MS, &output, err);
	if (code > 0)
		err_set(err, "postconf -e: %s", output);
	free(output);
	free(argv);
	return code == 0 ? 0 : -1;
}

/* Writes the whole text, and syncs it to the disk. */
static int
write_copy(int fd, const char *text, size_t len, const struct stat *st)
{
	FILE *out = fdopen(fd, "w");
	bool whole;

	if (out == NULL) {
		close(fd);
		return -1;
	}
	whole = fwrite(text, 1, len, out) == len && fflush(out) == 0 &&
		fchmod(fd, st->st_mode & 07777) == 0 && fsync(fd) == 0;
	/* Only root can change the owner; a trial's copy does not need it. */
	if (whole && geteuid() == 0)
		whole = fchown(fd, st->st_uid, st->st_gid) == 0;
	return fclose(out) == 0 && whole ? 0 : -1;
}

int
edit_copy(const char *from, const char *to, struct err *err)
{
	struct stat st;
	size_t len;
	char *text = readfile(from, FILE_MAX, &len, err);
	int fd, result;

	if (text == NULL)
		return -1;
	fd = stat(from, &st) == 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL |
						 O_CLOEXEC | O_NOFOLLOW,
					 0600)
				  : -1;
	result = fd >= 0 ? write_copy(fd, text, len, &st) : -1;
	free(text);
	return result == 0 ? 0 : err_set(err, "%s: %s", to, strerror(errno));
}

static int
copy_settings(const struct edit_trial *trial, const char *directory,
	      struct err *err)
{
	int result = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *from = alloc_format("%s/%s", directory, files[i]);
		char *to = alloc_format("%s/%s", trial->directory, files[i]);

		if (result == 0)
			result = edit_copy(from, to, err);
		free(from);
		free(to);
	}
	return result;
}

/* Postfix's commands wait until a configuration file is two seconds old. */
static void
make_old(const struct edit_trial *trial)
{
	static const struct timespec old[2] = {{0}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *file = alloc_format("%s/%s", trial->directory, files[i]);

		utimensat(AT_FDCWD, file, old, 0);
		free(file);
	}
}

int
edit_try(struct edit_trial *trial, const char *directory,
	 const struct strings *settings, struct err *err)
{
	const char *before = getenv("MAIL_CONFIG");

	*trial = (struct edit_trial){
	    .directory = "/tmp/pbsctl-setup.XXXXXX",
	    .before = before != NULL ? alloc_string(before) : NULL};
	if (mkdtemp(trial->directory) == NULL) {
		err_set(err, "%s: %s", trial->directory, strerror(errno));
		*trial->directory = '\0';
		return -1;
	}
	if (copy_settings(trial, directory, err) != 0)
		return -1;
	setenv("MAIL_CONFIG", trial->directory, 1);
	if (edit_apply(settings, err) != 0)
		return -1;
	make_old(trial);
	return 0;
}

void
edit_end(struct edit_trial *trial)
{
	if (trial->before != NULL)
		setenv("MAIL_CONFIG", trial->before, 1);
	else
		unsetenv("MAIL_CONFIG");
	free(trial->before);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *file = alloc_format("%s/%s", trial->directory, files[i]);

		if (*trial->directory != '\0')
			unlink(file);
		free(file);
	}
	if (*trial->directory != '\0')
		rmdir(trial->directory);
	*trial = (struct edit_trial){0};
}
